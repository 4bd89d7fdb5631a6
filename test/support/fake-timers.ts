/** Timers that only a test lets pass. */
import { jest } from "bun:test";
import { monotonicNow } from "../../src/clock.ts";

/**
 * As `jest.useFakeTimers`, whose `performance.now` begins at 0: here it goes on from what the program under test has
 * seen, as a monotonic clock never goes back.
 */
export function useFakeTimers(): void {
  const before = monotonicNow();
  jest.useFakeTimers();
  jest.advanceTimersByTime(Math.ceil(before));
}
