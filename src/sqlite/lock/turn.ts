/**
 * Transactions take turns to write: first come, first served. SQLite lets one connection write at a time, and the
 * others sleep in a busy handler that keeps no order.
 */
import { clearTimeout, monotonicNow, setTimeout } from "../../clock.ts";
import { formatDuration } from "../../values/duration.ts";
import { markOperational, TqError } from "../../errors.ts";

export interface Turn {
  /**
   * Takes the turn; returns a promise where it waits without blocking the thread.
   *
   * @param timeout the ms that another transaction of this thread may hold the database's lock meanwhile; no limit for
   * other threads, whose main thread ends what holds it for long.
   * @throws TqError "busy" when one has held it for longer, and the caller has waited for longer.
   */
  take(timeout?: number): Promise<void> | void;
  /** Takes the turn without a promise, by blocking where the thread may; false where it cannot. */
  takeSync(): boolean;
  /** Call it once the transaction, which has the turn, has the database's lock too. @param outsideTask as in `LockWatch` */
  lockTaken(outsideTask?: boolean): void;
  free(): void;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: TqError) => void;
  /** When it gives up, unless another transaction has taken the lock since: monotonic, in ms. */
  readonly until: number;
  readonly timeout: number;
}

/** When the whole process was stopped, a transaction with the lock gets this long to end before others give up. */
const GRACE_MS = 20;

/** The turn among the transactions of one JavaScript thread. */
export class LocalTurn implements Turn {
  #taken = false;
  /** When the present transaction got the database's lock: monotonic, in ms. */
  #lockedAt = Infinity;
  #waiting: Waiting[] = [];
  #timer: Timer | null = null;
  /** When the timer looks next: monotonic, in ms. */
  #looksAt = Infinity;

  takeSync(): boolean {
    if (this.#taken) return false;
    this.#taken = true;
    return true;
  }

  take(timeout = Infinity): Promise<void> | void {
    if (this.takeSync()) return;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, timeout, until: monotonicNow() + timeout });
      if (timeout !== Infinity) this.#lookIn(timeout);
    });
  }

  lockTaken(): void {
    this.#lockedAt = monotonicNow();
  }

  free(): void {
    this.#lockedAt = Infinity;
    const next = this.#waiting.shift();
    // With a next one the turn stays taken: it is handed over.
    if (next) next.resolve();
    else this.#taken = false;
    if (this.#waiting.length === 0) this.#stopLooking();
  }

  #lookIn(wait: number): void {
    const at = monotonicNow() + wait;
    if (at >= this.#looksAt) return;
    this.#stopLooking();
    this.#looksAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => this.#look(), GRACE_MS);
    }, wait);
  }

  #stopLooking(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#looksAt = Infinity;
  }

  /** Rejects callers that have waited too long for a transaction that has held the lock too long. */
  #look(): void {
    this.#stopLooking();
    const now = monotonicNow();
    const held = now - this.#lockedAt;
    const isOver = ({ until, timeout }: Waiting) => until <= now && held >= timeout;
    const over = this.#waiting.filter(isOver);
    this.#waiting = this.#waiting.filter((waiting) => !isOver(waiting));
    for (const { reject, timeout } of over) reject(heldError(timeout));
    const waits = this.#waiting.map(({ until, timeout }) =>
      Math.max(until - now, timeout - Math.max(held, 0), GRACE_MS),
    );
    const next = Math.min(...waits);
    if (next !== Infinity) this.#lookIn(next);
  }
}

function heldError(timeout: number): TqError {
  const sentence = `Cannot write: another transaction of this program has held the lock for ${formatDuration(timeout)}; let it end first and await nothing slow in it, or raise database.timeout`;
  return markOperational(new TqError("busy", sentence));
}
