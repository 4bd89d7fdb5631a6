/** Notices commits by any process: by notifications, and by looks, which find what no notification told. */
import { clearTimeout, setTimeout } from "../clock.ts";
import type { Watch, WatchEvents } from "../store/worker-store.ts";

/** An idle worker looks this often, whatever it hears: ms. */
const LOOK_MS = 2_000;

export class CommitWatch implements Watch {
  readonly #events: WatchEvents;
  #isArmed = false;
  #timer: Timer | null = null;

  constructor(events: WatchEvents) {
    this.#events = events;
  }

  arm(): void {
    this.#isArmed = true;
    this.#lookLater();
  }

  disarm(): void {
    this.#isArmed = false;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /** Any process has committed. */
  heard(): void {
    if (this.#isArmed) this.#events.look();
  }

  /** Nothing to find: it looks by itself. */
  check(): void {}

  #lookLater(): void {
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.heard();
    }, LOOK_MS);
  }
}
