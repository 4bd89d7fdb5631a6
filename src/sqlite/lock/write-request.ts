/**
 * WriteRequest among processes. SQLite's lock goes to whoever asks in the right millisecond, and a worker that
 * commits and begins again at once would keep everybody else out for seconds. Who waits leaves a file beside
 * the database; who sees it lets a moment pass before the next transaction.
 */
import { rmSync, statSync, utimesSync, writeFileSync } from "node:fs";

/** A file that nobody has touched for so long was left by a process that died: ms. */
const STALE = 1_000;

/** Between two looks whether anybody waits: ms. */
const FRESH = 1;

/** What who waits needs to notice that the lock is free: ms. */
export const MOMENT = 4;

export class WriteRequest {
  readonly #file: string;
  #asking = false;
  #lookedAt = -Infinity;

  constructor(database: string) {
    this.#file = `${database}-wanted`;
  }

  /** True when another process waits for the lock. */
  isWanted(): boolean {
    const now = performance.now();
    if (this.#asking || now - this.#lookedAt < FRESH) return false;
    this.#lookedAt = now;
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    return stat !== undefined && Math.abs(Date.now() - stat.mtimeMs) < STALE;
  }

  /** Asks the others to let us in; again and again while we wait. */
  ask(): void {
    this.#asking = true;
    const now = new Date();
    try {
      utimesSync(this.#file, now, now);
    } catch {
      try {
        writeFileSync(this.#file, "");
      } catch {
        // A full or read-only disk: then without it.
      }
    }
  }

  /** We wait no longer. Who else does asks again. */
  thank(): void {
    if (!this.#asking) return;
    this.#asking = false;
    rmSync(this.#file, { force: true });
  }
}
