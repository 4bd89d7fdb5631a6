/**
 * Taking turns to write. SQLite lets one connection write at a time and lets the others sleep in a busy
 * handler that knows no order; who waits here is served first come, first served.
 */
import { formatDuration } from "../../values/duration.ts";
import { TqError } from "../../errors.ts";

export interface Turn {
  /**
   * Resolves when it is the caller's turn; returns nothing when it is so at once.
   *
   * @param timeout how long a transaction of this thread may hold the database's lock meanwhile: ms.
   * @throws TqError "busy" when one has held it for longer, and the caller has waited for so long.
   */
  take(timeout?: number): Promise<void> | void;
  /** Takes the turn without a promise: false when somebody has it and this thread must not block. */
  tryTake(): boolean;
  /** Says that the database's lock is held too; `stray`: by what belongs to no task. */
  begun(stray?: boolean): void;
  free(): void;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: TqError) => void;
  /** When it gives up, unless the lock has changed hands: monotonic, ms. */
  readonly until: number;
  readonly timeout: number;
}

/** Who held the lock while the whole process stood still gets so long to end: ms. */
const MOMENT = 20;

/** The turn among the transactions of one JavaScript thread. */
export class LocalTurn implements Turn {
  #taken = false;
  /** Since when the database's lock is held: monotonic, ms. */
  #begun = Infinity;
  #waiting: Waiting[] = [];
  #timer: Timer | null = null;
  /** When it looks: monotonic, ms. */
  #looksAt = Infinity;

  tryTake(): boolean {
    if (this.#taken) return false;
    this.#taken = true;
    return true;
  }

  take(timeout = Infinity): Promise<void> | void {
    if (this.tryTake()) return;
    return new Promise((resolve, reject) => {
      this.#waiting.push({ resolve, reject, timeout, until: performance.now() + timeout });
      if (timeout !== Infinity) this.#lookIn(timeout);
    });
  }

  begun(): void {
    this.#begun = performance.now();
  }

  free(): void {
    this.#begun = Infinity;
    const next = this.#waiting.shift();
    if (next) next.resolve();
    else this.#taken = false;
    if (this.#waiting.length === 0) this.#stopLooking();
  }

  #lookIn(wait: number): void {
    const at = performance.now() + wait;
    if (at >= this.#looksAt) return;
    this.#stopLooking();
    this.#looksAt = at;
    this.#timer = setTimeout(() => {
      this.#timer = setTimeout(() => this.#look(), MOMENT);
    }, wait);
  }

  #stopLooking(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#looksAt = Infinity;
  }

  /** Sends those away who have waited long for one that holds the lock long. */
  #look(): void {
    this.#stopLooking();
    const now = performance.now();
    const held = now - this.#begun;
    const isOver = ({ until, timeout }: Waiting) => until <= now && held >= timeout;
    const over = this.#waiting.filter(isOver);
    this.#waiting = this.#waiting.filter((waiting) => !isOver(waiting));
    for (const { reject, timeout } of over) reject(heldError(timeout));
    const waits = this.#waiting.map(({ until, timeout }) =>
      Math.max(until - now, timeout - Math.max(held, 0), MOMENT),
    );
    const next = Math.min(...waits);
    if (next !== Infinity) this.#lookIn(next);
  }
}

function heldError(timeout: number): TqError {
  return new TqError(
    "busy",
    `Cannot write: another transaction of this program has held the lock for ${formatDuration(timeout)}; let it end first and wait for nothing in it, or raise database.timeout`,
  );
}
