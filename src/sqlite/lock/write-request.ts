/**
 * Processes ask each other for the write lock. SQLite gives it to the process that tries in the right millisecond, so
 * a worker that commits and begins again at once would keep all others out for seconds. A process that waits leaves a
 * file beside the database; the others see it, and pause before their next transaction.
 */
import { monotonicNow, wallNow } from "../../clock.ts";
import { rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { giveOwner } from "../../file-owner.ts";

/** A file that no process has touched for this long was left by one that died. */
const STALE_MS = 1_000;

/** After a look for the file no other is made for this long: a process that found it has paused already. */
const LOOK_AGAIN_MS = 1;

/** The pause: a process that waits needs this long to notice that the lock is free. */
export const PAUSE_MS = 4;

export class WriteRequest {
  readonly #database: string;
  readonly #file: string;
  #isPosted = false;
  #lookedAt = -Infinity;

  constructor(database: string) {
    this.#database = database;
    this.#file = `${database}-wanted`;
  }

  /** True when another process waits for the lock; false too where this one waits itself, or has just looked. */
  isPending(): boolean {
    const now = monotonicNow();
    if (this.#isPosted || now - this.#lookedAt < LOOK_AGAIN_MS) return false;
    this.#lookedAt = now;
    const stat = statSync(this.#file, { throwIfNoEntry: false });
    return stat !== undefined && Math.abs(wallNow() - stat.mtimeMs) < STALE_MS;
  }

  /** Asks the other processes to pause; call it again and again while waiting. */
  post(): void {
    this.#isPosted = true;
    const now = new Date();
    try {
      utimesSync(this.#file, now, now);
    } catch {
      try {
        writeFileSync(this.#file, "");
        giveOwner(this.#file, this.#database);
      } catch {
        // On a full or read-only disk this process waits without the file.
      }
    }
  }

  /** This process waits no longer. Another one that still does makes the file again. */
  withdraw(): void {
    if (!this.#isPosted) return;
    this.#isPosted = false;
    rmSync(this.#file, { force: true });
  }
}
