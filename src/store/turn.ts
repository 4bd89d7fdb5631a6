/**
 * Taking turns to write. SQLite lets one connection write at a time and lets the others sleep in a busy
 * handler that knows no order; who waits here is served first come, first served.
 */
export interface Turn {
  /** Resolves when it is the caller's turn; returns nothing when it is so at once. */
  take(): Promise<void> | void;
  /** Takes the turn without a promise: false when somebody has it and this thread must not block. */
  tryTake(): boolean;
  /** Says that the database's lock is held too. */
  begun?(): void;
  free(): void;
}

/** The turn among the transactions of one JavaScript thread. */
export class LocalTurn implements Turn {
  #taken = false;
  readonly #waiting: (() => void)[] = [];

  tryTake(): boolean {
    if (this.#taken) return false;
    this.#taken = true;
    return true;
  }

  take(): Promise<void> | void {
    if (this.tryTake()) return;
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  free(): void {
    const next = this.#waiting.shift();
    if (next) next();
    else this.#taken = false;
  }
}
