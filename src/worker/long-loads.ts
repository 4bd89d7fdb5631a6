/** Looks after threads that load their models for long: code at the top level of these may never end. */
import { clearInterval, monotonicNow, setInterval } from "../clock.ts";
import { LONG_LOAD_MS, LONGEST_LOAD_MS, tooLongLoadWords } from "../registry/long-load.ts";
import type { PoolThread } from "./pool-thread.ts";

const LOOK_MS = 500;

/** A load of files that were changed since has this time: it may only be slow, and what it loads is mostly of no use. */
const OUTDATED_MS = 1_000;

export interface LongLoadsOptions {
  readonly threads: () => readonly PoolThread[];
  /** The thread loads models that are not the newest any more. */
  readonly isOutdated: (thread: PoolThread) => boolean;
  /** Other threads have models, so that nobody waits for this load: it may be ended. */
  readonly hasModels: () => boolean;
  /** Names a file that is still being loaded; once for each thread. */
  readonly name: (file: string) => void;
  /** Ends the thread. @param why null: newer models are loaded instead */
  readonly end: (thread: PoolThread, why: string | null) => void;
}

export class LongLoads {
  readonly #options: LongLoadsOptions;
  readonly #named = new WeakSet<PoolThread>();
  #timer: Timer | null = null;

  constructor(options: LongLoadsOptions) {
    this.#options = options;
  }

  /** A thread loads its models from now on. */
  begin(): void {
    this.#timer ??= setInterval(() => this.look(), LOOK_MS).unref();
  }

  stop(): void {
    if (this.#timer) clearInterval(this.#timer);
    this.#timer = null;
  }

  look(now = monotonicNow()): void {
    const { threads } = this.#options;
    const loading = threads().filter(({ loaded, endReason }) => !loaded && endReason === null);
    if (loading.length === 0) this.stop();
    for (const thread of loading) this.#lookAt(thread, now - thread.since);
  }

  #lookAt(thread: PoolThread, age: number): void {
    const { isOutdated, hasModels, name, end } = this.#options;
    const { loadingFile: file } = thread; // null: it waits for the database
    const longest = file === null ? LONG_LOAD_MS : OUTDATED_MS;
    if (isOutdated(thread) && age >= longest) return end(thread, null);
    if (file === null || age < LONG_LOAD_MS) return;
    if (age >= LONGEST_LOAD_MS && hasModels()) return end(thread, tooLongLoadWords(file));
    if (!this.#named.has(thread)) name(file);
    this.#named.add(thread);
  }
}
