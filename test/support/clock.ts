/** A wall clock that stands still until a test moves it. Its monotonic clock is the real one. */
import type { Clock } from "../../src/clock.ts";

export class TestClock implements Clock {
  #now: number;

  constructor(now = Date.parse("2024-02-29T12:00:00Z")) {
    this.#now = now;
  }

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return performance.now();
  }

  advance(ms: number): void {
    this.#now += ms;
  }
}
