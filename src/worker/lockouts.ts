/**
 * Threads that cannot write because the database stays locked. A task of such a thread may have left a connection
 * open that holds the lock; the thread is ended, and if that frees the lock, the task is to blame.
 */
import { monotonicNow } from "../clock.ts";
import { formatDuration } from "../values/duration.ts";
import type { Report } from "../log/events.ts";
import type { Store } from "../store/store.ts";
import type { Claim } from "../task.ts";
import type { PoolThread } from "./pool-thread.ts";

/** A write lock that is had within this time was free: no other program held it. */
const AT_ONCE_MS = 250;

export interface LockoutOptions {
  readonly store: Store;
  /** The ms that a thread waits for the lock before it counts as locked out. */
  readonly lockTimeout: number;
  readonly report: Report;
}

export class Lockouts {
  readonly #options: LockoutOptions;
  /** The end of the last one; null when none is under way. */
  #last: Promise<void> | null = null;

  constructor(options: LockoutOptions) {
    this.#options = options;
  }

  /**
   * Ends a thread that is locked out, one after another: otherwise it would not show whose end frees the lock.
   *
   * @param by the task that may have left the lock behind.
   */
  end(thread: PoolThread, by: Claim | null): void {
    const before = this.#last;
    const lockout = (thread.lockout = this.#end(thread, by, before));
    const over = lockout.then(() => {
      if (this.#last === over) this.#last = null;
    });
    this.#last = over;
  }

  /** @returns the task that held the lock: where the end of its thread has freed it. */
  async #end(
    thread: PoolThread,
    by: Claim | null,
    before: Promise<void> | null,
  ): Promise<Claim | null> {
    await before;
    // The end of the thread before may have freed the lock. This one is replaced all the same: its loop has ended.
    const innocent = by === null || (before !== null && (await this.#waitForLock()) !== null);
    const limit = formatDuration(this.#options.lockTimeout);
    const own = by === null ? "" : ", maybe by a connection of a task's own";
    const reason = `the database was locked for over ${limit}${own}`;
    const message = `Thread ${thread.number} is replaced: ${reason}`;
    this.#options.report({ name: "log.note", level: "warn", message });
    await thread.terminate(reason);
    if (innocent) return null;
    const waited = await this.#waitForLock();
    return waited !== null && waited <= AT_ONCE_MS ? by : null;
  }

  /** How many ms it took to get the write lock; null when another program keeps it. */
  async #waitForLock(): Promise<number | null> {
    const asked = monotonicNow();
    try {
      return await this.#options.store.write(() => Promise.resolve(monotonicNow() - asked));
    } catch {
      return null;
    }
  }
}
