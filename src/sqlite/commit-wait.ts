/** Waits for commits of other connections: all waits of a store share one watch of its WAL, and none looks by itself. */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import { CommitWatch, type Watched } from "./commit-watch.ts";

/** The watch stays armed for this long after the last wait: the next one often follows at once. */
const LINGER_MS = 1_000;

export class CommitWait {
  readonly #database: Watched;
  readonly #wakers = new Set<() => void>();
  #watch: CommitWatch | null = null;
  #lingering: Timer | null = null;
  #closed = false;

  constructor(database: Watched) {
    this.#database = database;
  }

  /** Resolves when the version is another one, after `wait` ms at the latest, and once the signal aborts. */
  async until(version: number, wait: number, signal?: AbortSignal): Promise<void> {
    const end = monotonicNow() + wait;
    while ((await this.#database.version()) === version && signal?.aborted !== true) {
      const left = end - monotonicNow();
      if (left <= 0) return;
      await this.#woken(left, signal);
    }
  }

  async #woken(wait: number, signal?: AbortSignal): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, Math.ceil(wait));
    const wake = () => resolve();
    signal?.addEventListener("abort", wake);
    this.#wakers.add(wake);
    this.#arm();
    try {
      await promise;
    } finally {
      clearTimeout(timer);
      signal?.removeEventListener("abort", wake);
      this.#wakers.delete(wake);
      if (this.#wakers.size === 0) this.#linger();
    }
  }

  #arm(): void {
    if (this.#lingering) clearTimeout(this.#lingering);
    this.#lingering = null;
    if (this.#closed) return;
    const events = { look: () => this.#wake(), hint() {} };
    // The timer of a wait keeps its program alive, and the watch does not.
    this.#watch ??= new CommitWatch(this.#database, events, { persistent: false });
    this.#watch.arm();
    this.#watch.check();
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }

  #linger(): void {
    this.#lingering = setTimeout(() => this.#disarm(), LINGER_MS);
    this.#lingering.unref();
  }

  #disarm(): void {
    if (this.#lingering) clearTimeout(this.#lingering);
    this.#lingering = null;
    this.#watch?.disarm();
    this.#watch = null;
  }

  /** Watches no more. The waits look once again, and then at their end. */
  close(): void {
    this.#closed = true;
    this.#disarm();
    this.#wake();
  }
}
