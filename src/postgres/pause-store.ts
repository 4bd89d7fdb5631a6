/** Pauses on PostgreSQL. */
import type { NewPause, Pause, PauseStore, PauseTarget } from "../store/pauses.ts";
import type { Access } from "./access.ts";
import * as pauses from "./sql/pauses.ts";

export class PostgresPauses implements PauseStore {
  readonly #access: Access;

  constructor(access: Access) {
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
