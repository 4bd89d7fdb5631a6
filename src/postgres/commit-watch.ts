/** Notices commits by any process: by notifications, and by looks, which find what no notification told. */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import type { Watch, WatchEvents } from "../store/worker-store.ts";

/** An idle worker looks this often, whatever it hears, so that it puts back the tasks of a dead one within 2 s: ms. */
const LOOK_MS = 1_950;

/** A worker that has been busy for so long need not be woken: ms. */
const BUSY_MS = 1_000;

/** A notification that comes this long after the last one may be of a single push, which an idle thread can claim at once: ms. */
const CALM_MS = 20;

/** A claim takes about so long: a look beside it would only compete with it for the processors. In ms. */
const CLAIM_MS = 2;

export class CommitWatch implements Watch {
  readonly #events: WatchEvents;
  readonly #setIdle: (isIdle: boolean) => void;
  #isArmed = false;
  /** Its last words. */
  #isIdle = false;
  #looking: Timer | null = null;
  #busy: Timer | null = null;
  #notifiedAt = -Infinity;

  /** @param setIdle says whether notifications are wanted. */
  constructor(events: WatchEvents, setIdle: (isIdle: boolean) => void) {
    this.#events = events;
    this.#setIdle = setIdle;
  }

  arm(): void {
    this.#isArmed = true;
    if (this.#busy) clearTimeout(this.#busy);
    this.#busy = null;
    if (!this.#isIdle) this.#say(true);
    this.#lookAfter(LOOK_MS);
  }

  #lookAfter(ms: number): void {
    if (this.#looking) clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.#look(), ms);
  }

  disarm(): void {
    this.#isArmed = false;
    if (this.#looking) clearTimeout(this.#looking);
    if (this.#isIdle) this.#busy ??= setTimeout(() => this.#say(false), BUSY_MS).unref();
  }

  /** The worker is registered anew. */
  renew(): void {
    if (this.#isIdle) this.#setIdle(true);
  }

  #say(isIdle: boolean): void {
    this.#isIdle = isIdle;
    this.#setIdle(isIdle);
  }

  /** Any process has committed: a thread claims at once, and the worker looks for more once it has. */
  notified(): void {
    const isCalm = monotonicNow() - this.#notifiedAt > CALM_MS;
    this.#notifiedAt = monotonicNow();
    if (!this.#isArmed || !isCalm) return this.#look();
    this.#events.hint();
    this.#lookAfter(CLAIM_MS);
  }

  #look(): void {
    if (this.#isArmed) this.#events.look();
  }

  /** Nothing to find: it looks by itself. */
  check(): void {}
}
