/** Work that a transaction has started: its commit awaits it, and fails with a failure that no caller has looked at. */

import type { Soon } from "../soon.ts";

/** A promise that knows whether a caller has looked at how it ends; `await` looks, by calling `then`. */
export class WatchedPromise<T> extends Promise<T> {
  #observed = false;

  /** `then` returns an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  get observed(): boolean {
    return this.#observed;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- to notice a look is what this class is for
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#observed = true;
    return super.then(onFulfilled, onRejected);
  }

  /** Calls back when the promise has ended, and does not count as a look. */
  whenEnded(succeeded: () => void, failed: (error: unknown) => void): void {
    void super.then(succeeded, failed);
  }
}

/** A throw becomes a rejection. */
export function attempt<T>(start: () => Soon<T>): Soon<T> {
  try {
    return start();
  } catch (error) {
    return new Promise((_, reject) => reject(error as Error));
  }
}

/** The work of one transaction that has not ended, or has failed unseen. */
export class PendingWork {
  #running = 0;
  #transactions: PendingWork | null = null;
  #idle: PromiseWithResolvers<void> | null = null;
  #failed: { readonly work: WatchedPromise<unknown>; readonly error: unknown }[] | null = null;

  /** Starts the work at once; its failure is reported by `check`, not as an unhandled rejection. */
  add<T>(start: () => Soon<T>): Promise<T> {
    const started = attempt(start);
    return started instanceof Promise ? this.watch(started) : Promise.resolve(started);
  }

  protected watch<T>(started: Promise<T>): WatchedPromise<T> {
    const work = new WatchedPromise<T>((resolve) => resolve(started));
    this.#running += 1;
    work.whenEnded(
      () => this.#end(),
      (error) => {
        (this.#failed ??= []).push({ work, error });
        this.#end();
      },
    );
    return work;
  }

  #end(): void {
    this.#running -= 1;
    if (this.#running > 0) return;
    this.#idle?.resolve();
    this.#idle = null;
  }

  /** True when no work is under way. */
  get isIdle(): boolean {
    return this.#running === 0;
  }

  /**
   * Adds a transaction of a run that has none of its own. The run finishes only after this transaction has ended, and
   * fails with its error unless user code has caught that error. A run that fails does not wait for it.
   */
  addTransaction<T>(start: () => Promise<T>): Promise<T> {
    return (this.#transactions ??= this.another()).add(start);
  }

  protected another(): PendingWork {
    return new PendingWork();
  }

  /** True when neither work nor a transaction can be under way. */
  get isDone(): boolean {
    return this.#running === 0 && this.#transactions === null;
  }

  async done(): Promise<void> {
    await this.#transactions?.idle();
    await this.idle();
  }

  /** Resolves when no work is under way. */
  async idle(): Promise<void> {
    while (this.#running > 0) {
      this.#idle ??= Promise.withResolvers<void>();
      await this.#idle.promise;
    }
  }

  /** Throws the first failure that no caller has looked at. */
  check(): void {
    const unseen = this.#failed?.find(({ work }) => !work.observed);
    if (unseen) throw unseen.error;
    this.#transactions?.check();
  }

  /** Throws where work must be awaited, and some of it was not: that of a strict task. */
  checkAwaited(): void {
    this.#transactions?.checkAwaited();
  }
}
