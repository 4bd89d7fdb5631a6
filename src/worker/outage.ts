/**
 * An outage of a server, as the threads of a worker and its own connection meet it: the log has one line for its
 * beginning, and one for its end, though the threads that met it may be gone by then.
 */
import { monotonicNow, setTimeout } from "../clock.ts";
import type { Report } from "../log/events.ts";
import type { ErrorData } from "../outcome.ts";

/** On a full disk some runs still find room: it is over once none has failed for so long. */
const FULL_MS = 3_000;

/** Stands among the numbers of threads for the worker's own connection. */
const OWN = 0;

export class Outage {
  readonly #database: string;
  readonly #report: Report;
  /** The threads that wait for the database. */
  readonly #waiting = new Set<number>();
  /** Monotonic, ms; null: there is none. */
  #since: number | null = null;
  /** When a thread was last in trouble, monotonic, ms. */
  #failedAt = 0;
  #endsLater = false;
  /** The kinds of errors that the log has. */
  readonly #said = new Set<unknown>();

  constructor(database: string, report: Report) {
    this.#database = database;
    this.#report = report;
  }

  /** A thread cannot use the database. Another reason is said too, as that of a refused password after a restart. */
  failed(thread: number, error: ErrorData): void {
    this.#begin(thread);
    this.#failedAt = monotonicNow();
    const kind = error.code === "uncertain" ? "busy" : (error.code ?? error.message);
    if (this.#said.has(kind)) return;
    this.#said.add(kind);
    this.#report({ name: "store.failed", database: this.#database, error });
  }

  /** The worker has missed its signs of life. @param ended how many threads it has ended */
  missed(reason: string, { ended = 0, isStopping = false } = {}): void {
    this.#begin(OWN);
    const count = ended === 1 ? "a thread" : `${ended} threads`;
    const what = ended === 0 ? "" : `; ended what ${count} ran`;
    const goes = isStopping ? "stops" : "goes on";
    const message = `This worker ${goes}, though ${reason}${what}`;
    this.#report({ name: "log.note", level: "warn", message });
  }

  #begin(thread: number): void {
    this.#since ??= monotonicNow();
    this.#waiting.add(thread);
  }

  /** The database answers there; without a number: on the worker's own connection. */
  works(thread = OWN): void {
    this.#waiting.delete(thread);
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.#since === null || this.#waiting.size > 0) return;
    const rest = this.#said.has("full") ? this.#failedAt + FULL_MS - monotonicNow() : 0;
    if (rest > 0) return this.#endLater(rest);
    const duration = monotonicNow() - this.#since;
    this.#since = null;
    this.#said.clear();
    this.#report({ name: "store.recovered", database: this.#database, duration });
  }

  #endLater(ms: number): void {
    if (this.#endsLater) return;
    this.#endsLater = true;
    setTimeout(() => {
      this.#endsLater = false;
      this.#endIfOver();
    }, ms).unref();
  }

  /** The thread has ended: whether the database works, others will tell. */
  gone(thread: number): void {
    this.#waiting.delete(thread);
  }
}
