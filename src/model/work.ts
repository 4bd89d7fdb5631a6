/** What a transaction has begun and not awaited: its commit does, and looks at the failures that nobody saw. */

/** A promise that knows whether anybody has asked how it ends; `await` does, by calling `then`. */
export class Work<T> extends Promise<T> {
  #observed = false;

  /** What `then` returns is an ordinary promise. */
  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  get observed(): boolean {
    return this.#observed;
  }

  // oxlint-disable-next-line unicorn/no-thenable -- counting who looks is what this class is for
  override then<A = T, B = never>(
    onFulfilled?: ((value: T) => A | PromiseLike<A>) | null,
    onRejected?: ((reason: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.#observed = true;
    return super.then(onFulfilled, onRejected);
  }

  /** How it failed, once it has ended; asking counts as nobody who looked. */
  failure(): Promise<{ readonly error: unknown } | null> {
    return super.then(
      () => null,
      (error: unknown) => ({ error }),
    );
  }
}

/** The work of one transaction that has not ended, or has failed unseen. */
export class Pending {
  readonly #running = new Set<Promise<void>>();
  readonly #failed: { readonly work: Work<unknown>; readonly error: unknown }[] = [];

  /** Starts the work at once; its failure is reported by `check`, not as an unhandled rejection. */
  add<T>(start: () => Promise<T>): Work<T> {
    const work = new Work<T>((resolve) => resolve(start()));
    const done = this.#watch(work).finally(() => this.#running.delete(done));
    this.#running.add(done);
    return work;
  }

  async #watch(work: Work<unknown>): Promise<void> {
    const failure = await work.failure();
    if (failure) this.#failed.push({ work, error: failure.error });
  }

  /** Resolves when no work is under way. */
  async idle(): Promise<void> {
    while (this.#running.size > 0) await Promise.all(this.#running);
  }

  /** Throws the first failure that nobody has looked at. */
  check(): void {
    const unseen = this.#failed.find(({ work }) => !work.observed);
    if (unseen) throw unseen.error;
  }
}
