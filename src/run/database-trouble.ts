/**
 * A thread's trouble with the database: full, read-only, locked by another program. The log names it once. It ends
 * with the next claim that succeeds: a transaction that writes nothing succeeds on a full disk too.
 */
import { monotonicNow } from "../clock.ts";
import type { Report } from "../log/events.ts";
import { isOperational, isTqError } from "../errors.ts";
import { type ErrorData, toErrorData } from "../outcome.ts";

/** The thread waits before each try: twice as long each time, up to a limit. */
const FIRST_WAIT_MS = 100;
const LONGEST_WAIT_MS = 5_000;

/** False for errors of the program, which no later try mends. */
export function isOfDatabase(error: unknown): boolean {
  if (isTqError(error) || isOperational(error)) return true;
  // SQLite's and the system's errors have codes.
  return error instanceof Error && "code" in error && typeof error.code === "string";
}

export class DatabaseTrouble {
  readonly #database: string;
  readonly #report: Report;
  readonly #tell: ((error: ErrorData | null) => void) | null;
  /** The main thread, where it is told, does not know yet whether the database works. */
  #isOpen = true;
  #since: number | null = null;
  #wait = FIRST_WAIT_MS;
  #reported = "";

  /** @param tell is told in place of the log */
  constructor(
    database: string,
    report: Report,
    tell: ((error: ErrorData | null) => void) | null = null,
  ) {
    this.#database = database;
    this.#report = report;
    this.#tell = tell;
  }

  /** Records a failed try. @returns the ms to wait before the next one */
  record(thrown: unknown): number {
    const error = toErrorData(thrown);
    this.#since ??= monotonicNow();
    if (error.message !== this.#reported) {
      this.#reported = error.message;
      this.#isOpen = true;
      if (this.#tell) this.#tell(error);
      else this.#report({ name: "store.failed", database: this.#database, error });
    }
    const wait = this.#wait;
    this.#wait = Math.min(wait * 2, LONGEST_WAIT_MS);
    return wait;
  }

  /** The database works again; without trouble before it this changes nothing. */
  end(): void {
    if (this.#tell && this.#isOpen) {
      this.#isOpen = false;
      this.#tell(null);
    }
    if (this.#since === null) return;
    const duration = monotonicNow() - this.#since;
    if (!this.#tell) this.#report({ name: "store.recovered", database: this.#database, duration });
    this.#since = null;
    this.#reported = "";
  }

  /** A run was settled too: the next trouble is a new one, and starts with the short wait. */
  resetWait(): void {
    this.#wait = FIRST_WAIT_MS;
  }
}
