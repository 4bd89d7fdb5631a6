/**
 * A claim makes some hundred due tasks ready, those that were due first. Where more come due at once, the most urgent
 * may be among the last: they are made ready beside the claims, until none stands behind.
 */
import type { Store } from "../store/store.ts";

/** Between two slices, for others who wait to write: ms. */
const PAUSE = 1;

export class Crowd {
  readonly #store: Store;
  #moving = false;
  #stopped = false;

  constructor(store: Store) {
    this.#store = store;
  }

  /** Call it now and then, and when tasks are due. */
  look(): void {
    if (!this.#moving) void this.#move();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #isCrowdDue(): Promise<boolean> {
    return (await this.#store.look({ queues: [], limit: 0, worker: "" })).isCrowdDue;
  }

  async #move(): Promise<void> {
    this.#moving = true;
    try {
      while (!this.#stopped && (await this.#isCrowdDue())) {
        await this.#store.makeDueReady();
        await Bun.sleep(PAUSE);
      }
    } catch {
      // Who claims meets the same, and says it; the next look tries again.
    } finally {
      this.#moving = false;
    }
  }
}
