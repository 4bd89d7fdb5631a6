/**
 * Scheduled tasks that come due, as the main thread sees them. It looks for tasks just before the next one is due.
 * A claim makes some hundred due tasks ready, those that were due first. Where more are due, the most urgent may be
 * among the last, so the main thread makes the others ready too, beside the claims.
 */
import { clearTimeout, setTimeout, sleep } from "../clock.ts";
import { DUE_SOON_MS, type Store } from "../store/store.ts";

/** The pause after a slice: other threads and programs can write meanwhile. */
const PAUSE_MS = 1;

export class DueTasks {
  readonly #store: Store;
  readonly #look: () => void;
  #timer: Timer | null = null;
  #makingReady = false;
  #stopped = false;

  /** @param look looks for tasks, and wakes threads. */
  constructor(store: Store, look: () => void) {
    this.#store = store;
    this.#look = look;
  }

  /** True when an idle thread should be awake for a task that is due at `due`. */
  isSoon(due: number | null): boolean {
    return due !== null && due - this.#store.now() <= DUE_SOON_MS;
  }

  /** Looks again in time for a task that is due at `due`, and after `longest` ms at the latest. */
  lookFor(due: number | null, longest: number): void {
    if (this.#stopped) return;
    if (this.#timer) clearTimeout(this.#timer);
    const left = due === null ? Infinity : Math.max(due - this.#store.now(), 0);
    const wait = left > DUE_SOON_MS ? left - DUE_SOON_MS : left; // for one due sooner a thread is awake already
    this.#timer = setTimeout(this.#look, Math.min(wait, longest));
  }

  /** Makes due tasks ready until no more of them are left than one claim makes ready. */
  makeReady(): void {
    if (!this.#makingReady) void this.#makeReady();
  }

  stop(): void {
    this.#stopped = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  async #makeReady(): Promise<void> {
    this.#makingReady = true;
    try {
      while (!this.#stopped && (await this.#store.makeCrowdReady())) await sleep(PAUSE_MS);
    } catch {
      // A thread that claims meets the same error and reports it; the next call tries again.
    } finally {
      this.#makingReady = false;
    }
  }
}
