/** The open transactions of a worker's thread: a task that keeps one for too long keeps its rows from all others. */
import type { LockWatch } from "../store/worker-store.ts";

export class OpenTransactions {
  readonly #watch: LockWatch;
  #count = 0;

  /** The thread has just started: what the one before it held ended with that. */
  constructor(watch: LockWatch) {
    this.#watch = watch;
    watch.lockReleased();
  }

  /** @param outsideTask true for user code that runs outside any task */
  began(outsideTask: boolean): void {
    this.#count += 1;
    this.#watch.lockTaken(outsideTask);
  }

  ended(): void {
    this.#count -= 1;
    if (this.#count === 0) this.#watch.lockReleased();
  }
}
