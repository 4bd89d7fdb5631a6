/** The server's clock: those of the hosts, which may be wrong, date nothing. */
import { type Clock, monotonicNow, wallNow } from "../clock.ts";

/** A measure of the server's clock is trusted for this long; then a less exact one replaces it. */
const FRESH_MS = 10_000;

export class ServerClock implements Clock {
  /** The server's time less `monotonicNow()`; until the first answer the host's own. */
  #base = wallNow() - monotonicNow();
  /** Half the round trip of the answer that `#base` is from: it may be that wrong. */
  #error = Infinity;
  #measuredAt = -Infinity;

  now(): number {
    return Math.round(monotonicNow() + this.#base);
  }

  monotonic(): number {
    return monotonicNow();
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
    const isJump = Math.abs(base - this.#base) > error + this.#error;
    if (!isJump && error > this.#error && answered - this.#measuredAt < FRESH_MS) return;
    this.#base = base;
    this.#error = error;
    this.#measuredAt = answered;
  }
}
