/** The server's clock, which dates everything: the clocks of the hosts may be wrong. */
import { type Clock, monotonicNow, wallNow } from "../clock.ts";

/** How much a measure of the server's clock is wrong by after each ms: both clocks run at speeds of their own. */
const DRIFT = 0.000_05;

/** A measure is old after this many ms: the server's clock may have been set since. */
const OLD_MS = 15_000;

/** A process that knows the server's time as well as this, in ms, need not ask again as it starts. */
const CLOSE_MS = 1;

export class ServerClock implements Clock {
  /** The server's time less `monotonicNow()`; until the first answer the host's own. */
  #base = wallNow() - monotonicNow();
  /** Half the round trip of the answer that `#base` is from: it may be that wrong. */
  #error = Infinity;
  #measuredAt = 0;
  /** When the server has last said what time it is. */
  #heardAt = -Infinity;

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

  /** True where the server should be asked again. */
  isOld(): boolean {
    return monotonicNow() - this.#heardAt >= OLD_MS;
  }

  #errorAt(time: number): number {
    return this.#error + (time - this.#measuredAt) * DRIFT;
  }

  /**
   * Asks until it knows the time well, or has asked in vain so often. The first answers may come late, and say little about
   * the time, as the process and its server have much to do then.
   *
   * @param ask has `learn` called with the answer.
   */
  async learnWell(ask: () => Promise<void>, mostInVain: number): Promise<void> {
    await ask();
    for (let vain = 0; vain < mostInVain && this.error > CLOSE_MS;) {
      const { error } = this;
      await ask();
      if (this.error > error * 0.8) vain += 1;
    }
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
    this.#heardAt = answered;
    const isJump = Math.abs(base - this.#base) > error + known;
    if (!isJump && error > known) return;
    this.#base = base;
    this.#error = error;
    this.#measuredAt = answered;
  }
}
