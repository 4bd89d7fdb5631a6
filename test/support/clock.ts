/** A wall clock that stands still until a test moves it. Its monotonic clock is the real one, and tests put it ahead. */
import type { Clock } from "../../src/clock.ts";

export class TestClock implements Clock {
  #now: number;
  #ahead = 0;

  constructor(now = Date.parse("2024-02-29T12:00:00Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return performance.now() + this.#ahead;
  }

  advance(ms: number): void {
    this.#now += ms;
  }

  /** So much time seems to have passed, which the wall clock does not show. */
  passes(ms: number): void {
    this.#ahead += ms;
  }
}

/** A clock whose waits end when the test says so. */
export class HeldClock extends TestClock {
  readonly #held = new Map<() => void, number>();

  after(ms: number, then: () => void): () => void {
    this.#held.set(then, ms);
    return () => this.#held.delete(then);
  }

  /** How many wait for so long. */
  held(ms: number): number {
    return [...this.#held.values()].filter((one) => one === ms).length;
  }

  end(ms: number): void {
    for (const [then, length] of this.#held) if (length === ms) then();
  }
}
