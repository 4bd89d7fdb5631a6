/**
 * A thread's trouble with the database: full, read-only, locked by another program. The log names it once. It ends
 * with the next claim that succeeds: a transaction that writes nothing succeeds on a full disk too.
 */
import type { Report } from "../log/events.ts";
import { toErrorData } from "../outcome.ts";

/** The thread waits before each try: twice as long each time, up to a limit. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

export class DatabaseTrouble {
  readonly #database: string;
  readonly #report: Report;
  #since: number | null = null;
  #wait = FIRST_WAIT_MS;
  #reported = "";

  constructor(database: string, report: Report) {
    this.#database = database;
    this.#report = report;
  }

  /** Records a failed try. @returns the ms to wait before the next one */
  record(thrown: unknown): number {
    const error = toErrorData(thrown);
    this.#since ??= performance.now();
    if (error.message !== this.#reported) {
      this.#reported = error.message;
      this.#report({ name: "store.failed", database: this.#database, error });
    }
    const wait = this.#wait;
    this.#wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    return wait;
  }

  /** The database works again; without trouble before it this changes nothing. */
  end(): void {
    if (this.#since === null) return;
    const duration = performance.now() - this.#since;
    this.#report({ name: "store.recovered", database: this.#database, duration });
    this.#since = null;
    this.#reported = "";
  }

  /** A run was settled too: the next trouble is a new one, and starts with the short wait. */
  resetWait(): void {
    this.#wait = FIRST_WAIT_MS;
  }
}
