/** Queues and methods of which no task is taken. */
import type { Soon } from "../../soon.ts";
import type { NewPause, Pause, PauseStore, PauseTarget } from "../pauses.ts";
import type { Access } from "./access.ts";

export interface PauseStatements<Db> {
  shownPauses(db: Db, now: number): Soon<Pause[]>;
  pause(db: Db, pause: NewPause, now: number): Soon<Pause>;
  resume(db: Db, target: PauseTarget, now: number): Soon<Pause>;
  resumeAll(db: Db, now: number): Soon<Pause[]>;
}

export class Pauses<Db> implements PauseStore {
  readonly #access: Access<Db>;
  readonly #statements: PauseStatements<Db>;

  constructor(access: Access<Db>, statements: PauseStatements<Db>) {
    this.#access = access;
    this.#statements = statements;
  }

  list(): Promise<Pause[]> {
    return this.#access.read((db) => this.#statements.shownPauses(db, this.#access.now()));
  }

  pause(pause: NewPause): Promise<Pause> {
    return this.#access.write((db, now) => this.#statements.pause(db, pause, now));
  }

  resume(target: PauseTarget): Promise<Pause> {
    return this.#access.write((db, now) => this.#statements.resume(db, target, now));
  }

  resumeAll(): Promise<Pause[]> {
    return this.#access.write((db, now) => this.#statements.resumeAll(db, now));
  }
}
