/** Since when a worker has seen the time pass: by a clock that can be set, and one that cannot. */
import { expect, test } from "bun:test";
import { AwakeClock } from "../../src/cron/awake.ts";

const NOON = Date.UTC(2026, 10, 2, 12);
const HOUR = 3_600_000;

test("a worker sees the time pass from its start on, also while a signal stops it", () => {
  const clock = new AwakeClock(NOON, 500);
  expect(clock.look(NOON + HOUR, 500 + HOUR)).toEqual({ since: NOON, hasJumped: false });
});

test("a clock that is set forward leaves out the time that it jumps over", () => {
  const clock = new AwakeClock(NOON, 0);
  expect(clock.look(NOON + 3 * HOUR, 10)).toEqual({ since: NOON + 3 * HOUR, hasJumped: true });
  expect(clock.look(NOON + 4 * HOUR, HOUR)).toEqual({ since: NOON + 3 * HOUR, hasJumped: true });
});

test("a clock that is set back begins anew where it is", () => {
  const clock = new AwakeClock(NOON, 0);
  clock.look(NOON + 3 * HOUR, 10);
  expect(clock.look(NOON + 20, 20).since).toBe(NOON + 20);
  expect(clock.look(NOON + 30, 30).since).toBe(NOON + 20);
});
