/**
 * Has the store count again and again the tasks of which there are too many to count whenever someone asks. It takes a
 * small share of one core, and nothing while no tasks change.
 */
import { monotonicNow, sleepUnless } from "../clock.ts";
import { liveWorkers } from "../store/live-workers.ts";
import type { Store } from "../store/store.ts";

/** Between two looks at whether there is something to count. */
const EVERY_MS = 10_000;

/** A step takes at most this share of the time. */
const SHARE = 0.02;

/** Shorter pauses are not worth a timer. */
const LEAST_PAUSE_MS = 20;

export class Recounting {
  readonly #store: Store;
  readonly #isMine: () => Promise<boolean>;
  readonly #stopping = new AbortController();
  /** The version that the counts are of; null: there may be others since. */
  #version: number | null = null;

  /** @param isMine false: another process counts. */
  constructor(store: Store, isMine: () => Promise<boolean>) {
    this.#store = store;
    this.#isMine = isMine;
  }

  start(): void {
    void this.#run();
  }

  stop(): void {
    this.#stopping.abort();
  }

  async #run(): Promise<void> {
    const { signal } = this.#stopping;
    for (;;) {
      await sleepUnless(signal, EVERY_MS);
      if (signal.aborted) return;
      await this.round().catch(() => {}); // it comes again, and old counts say their age
    }
  }

  /** Counts once, unless the counts are of now or another process counts. */
  async round(): Promise<void> {
    const { signal } = this.#stopping;
    const version = await this.#store.countsVersion();
    if (version === null || version === this.#version || !(await this.#isMine())) return;
    let hasChanged = false;
    let began = monotonicNow();
    for await (const isNew of this.#store.recount()) {
      hasChanged ||= isNew;
      const took = monotonicNow() - began;
      await sleepUnless(signal, Math.max(took / SHARE - took, LEAST_PAUSE_MS));
      if (signal.aborted) return;
      began = monotonicNow();
    }
    // Tasks may have moved behind the count: only one that finds what the last one has found is the last.
    this.#version = hasChanged ? null : await this.#store.countsVersion();
  }
}

/** True for the worker that has lived the longest: one counts for all. */
export async function isFirstWorker(store: Store, id: string): Promise<boolean> {
  return (await liveWorkers(store))[0]?.id === id;
}
