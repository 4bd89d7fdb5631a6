/** Notices commits by any process: by notifications, and by looks, which find what no notification told. */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import { CLAIM_MS, type Watch, type WatchEvents } from "../store/worker-store.ts";
import { LOOK_MS } from "./rhythm.ts";

/** A worker that has been busy for this many ms need not be woken. */
const BUSY_MS = 1_000;

/** A notification this many ms after the last one may be of a single push, which an idle thread can claim at once. */
const CALM_MS = 20;

/**
 * A worker looks once more so long after a notification: another worker may have claimed what it told of, in a transaction
 * that the first look did not see. While others hold tasks, it finds out sooner that they have died.
 */
const CLAIMED_MS = 100;

export class CommitWatch implements Watch {
  readonly #events: WatchEvents;
  readonly #tell: (isIdle: boolean) => Promise<void>;
  #isArmed = false;
  #isIdle = false;
  /** The word that the server was told last; null: not known. */
  #told: boolean | null = false;
  #isTelling = false;
  #looking: Timer | null = null;
  #busy: Timer | null = null;
  #notifiedAt = -Infinity;
  #isToLookOnceMore = false;

  /** @param tell tells the server whether notifications are wanted; it rejects where that has failed. */
  constructor(events: WatchEvents, tell: (isIdle: boolean) => Promise<void>) {
    this.#events = events;
    this.#tell = tell;
  }

  arm(): void {
    this.#isArmed = true;
    if (this.#busy) clearTimeout(this.#busy);
    this.#busy = null;
    this.#say(true);
    this.#lookAfter(this.#isToLookOnceMore ? CLAIMED_MS : LOOK_MS);
    this.#isToLookOnceMore = false;
  }

  #lookAfter(ms: number): void {
    if (this.#looking) clearTimeout(this.#looking);
    this.#looking = setTimeout(() => this.#look(), ms);
  }

  disarm(): void {
    this.#isArmed = false;
    if (this.#looking) clearTimeout(this.#looking);
    if (this.#told !== false) this.#busy ??= setTimeout(() => this.#sayBusy(), BUSY_MS).unref();
  }

  /** The server may have forgotten what it was told: the worker is registered anew, or has connected again. */
  renew(): void {
    this.#told = null;
    this.#say(this.#isIdle);
  }

  #sayBusy(): void {
    this.#busy = null;
    this.#say(false);
  }

  #say(isIdle: boolean): void {
    this.#isIdle = isIdle;
    if (!this.#isTelling && this.#told !== isIdle) void this.#tellUntilKnown();
  }

  /** One after another, as they may go out on different connections. */
  async #tellUntilKnown(): Promise<void> {
    this.#isTelling = true;
    try {
      while (this.#told !== this.#isIdle) {
        this.#told = this.#isIdle;
        await this.#tell(this.#isIdle);
      }
    } catch {
      this.#told = null; // the next look says it again
    } finally {
      this.#isTelling = false;
    }
  }

  /** Any process has committed: a thread claims at once, and the worker looks for more once it has. */
  notified(): void {
    const isCalm = monotonicNow() - this.#notifiedAt > CALM_MS;
    this.#notifiedAt = monotonicNow();
    if (!this.#isArmed) return;
    this.#isToLookOnceMore = true;
    if (!isCalm) return this.#look();
    this.#events.hint();
    this.#lookAfter(CLAIM_MS); // a look beside the claim would compete with it for the processors
  }

  #look(): void {
    if (this.#isArmed) this.#events.look();
  }

  /** Nothing to find: it looks by itself. */
  check(): void {}
}
