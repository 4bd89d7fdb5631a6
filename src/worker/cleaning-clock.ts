/**
 * The time by which ended tasks are cleaned. A clock that was set forward by mistake would have all of them
 * deleted at once, so it is believed after a day; one that was set back is believed at once.
 */
import type { Clock } from "../clock.ts";
import { DAY_MS } from "../values/duration.ts";

/** Between two readings a clock may be corrected by this much. */
const SLACK_MS = 60_000;

export class CleaningClock {
  readonly #clock: Clock;
  /** The wall clock's lead over the monotonic one. */
  #offset: number;
  #aheadSince: number | null = null;

  /** @param clock with the wall clock of the store, whose times are compared with this one's. */
  constructor(clock: Clock) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  /** ms since 1970 UTC; never later than the wall clock. */
  now(): number {
    const monotonic = this.#clock.monotonic();
    const offset = this.#clock.now() - monotonic;
    if (offset <= this.#offset + SLACK_MS) this.#aheadSince = null;
    else this.#aheadSince ??= monotonic;
    if (this.#aheadSince === null || monotonic - this.#aheadSince >= DAY_MS) {
      this.#offset = offset;
      this.#aheadSince = null;
    }
    return this.#offset + monotonic;
  }
}
