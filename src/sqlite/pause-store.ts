/** Pauses on SQLite. */
import type { Database } from "bun:sqlite";
import type { NewPause, Pause, PauseStore, PauseTarget } from "../store/pauses.ts";
import * as pauses from "./sql/pauses.ts";

export interface PauseAccess {
  read<T>(fn: (db: Database) => T): Promise<T>;
  write<T>(fn: (db: Database, now: number) => T): Promise<T>;
  now(): number;
}

export class SqlitePauses implements PauseStore {
  readonly #access: PauseAccess;

  constructor(access: PauseAccess) {
    this.#access = access;
  }

  list(): Promise<Pause[]> {
    return this.#access.read((db) => pauses.shownPauses(db, this.#access.now()));
  }

  pause(pause: NewPause): Promise<Pause> {
    return this.#access.write((db, now) => pauses.pause(db, pause, now));
  }

  resume(target: PauseTarget): Promise<Pause> {
    return this.#access.write((db, now) => pauses.resume(db, target, now));
  }

  resumeAll(): Promise<Pause[]> {
    return this.#access.write(pauses.resumeAll);
  }
}
