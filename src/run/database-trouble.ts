/**
 * A thread's trouble with the database: full, read-only, locked by another program. It is said once, and over
 * with the next claim: a transaction that writes nothing proves nothing, it succeeds on a full disk too.
 */
import type { Report } from "../log/events.ts";
import { toErrorData } from "../outcome.ts";

/** Before the first try, and before the later ones, each twice as long as the one before: ms. */
const FIRST = 100;
const LONGEST = 5_000;

export class Trouble {
  readonly #database: string;
  readonly #report: Report;
  #since: number | null = null;
  #wait = FIRST;
  #said = "";

  constructor(database: string, report: Report) {
    this.#database = database;
    this.#report = report;
  }

  /** @returns how long to wait before the next try: ms. */
  met(thrown: unknown): number {
    const error = toErrorData(thrown);
    this.#since ??= performance.now();
    if (error.message !== this.#said) {
      this.#said = error.message;
      this.#report({ name: "store.failed", database: this.#database, error });
    }
    const wait = this.#wait;
    this.#wait = Math.min(wait * 2, LONGEST);
    return wait;
  }

  /** The database can be used again, if there was trouble. */
  over(): void {
    if (this.#since === null) return;
    const duration = performance.now() - this.#since;
    this.#report({ name: "store.recovered", database: this.#database, duration });
    this.#since = null;
    this.#said = "";
  }

  /** A run was settled as well: the next trouble has nothing to do with the last one. */
  forget(): void {
    this.#wait = FIRST;
  }
}
