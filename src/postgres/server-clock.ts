/** The server's clock, which dates everything: the clocks of the hosts may be wrong. */
import { type Clock, monotonicNow, wallNow } from "../clock.ts";

/** How much a measure of the server's clock is wrong by after each ms: both clocks run at speeds of their own. */
const DRIFT = 0.000_05;

export class ServerClock implements Clock {
  /** The server's time less `monotonicNow()`; until the first answer the host's own. */
  #base = wallNow() - monotonicNow();
  /** Half the round trip of the answer that `#base` is from: it may be that wrong. */
  #error = Infinity;
  #measuredAt = 0;

  now(): number {
    return Math.round(monotonicNow() + this.#base);
  }

  monotonic(): number {
    return monotonicNow();
  }

  /** By how many ms it may be wrong. */
  get error(): number {
    return this.#errorAt(monotonicNow());
  }

  #errorAt(time: number): number {
    return this.#error + (time - this.#measuredAt) * DRIFT;
  }

  /**
   * Learns from an answer.
   *
   * @param server the server's time in it, in ms since 1970 UTC.
   * @param asked `monotonicNow()` before the question.
   */
  learn(server: number, asked: number): void {
    const answered = monotonicNow();
    const error = (answered - asked) / 2;
    const base = server - (asked + error);
    const known = this.#errorAt(answered);
    const isJump = Math.abs(base - this.#base) > error + known;
    if (!isJump && error > known) return;
    this.#base = base;
    this.#error = error;
    this.#measuredAt = answered;
  }
}
