import { expect, test } from "bun:test";
import { findMisses, forecast, isRate } from "../../src/statistics/forecast.ts";

const MINUTE = 60_000;
const RATE = { ended: 300, within: 5 * MINUTE }; // 60 a minute

test("a queue is empty once more have ended than have come", () => {
  expect(forecast({ ready: 120 }, RATE, null, null)).toEqual({
    ended_per_minute: 60,
    within: 5 * MINUTE,
    come_per_minute: null,
    empty_in: 2 * MINUTE,
    misses: null,
  });
  expect(forecast({ ready: 120 }, RATE, 150, null).empty_in).toBe(4 * MINUTE);
});

test("a queue in which more tasks come than end is never empty", () => {
  const { empty_in: emptyIn, come_per_minute: come } = forecast({ ready: 1 }, RATE, 301, null);
  expect([emptyIn, come]).toEqual([null, 60.2]);
});

test("a queue of which only a part was counted is empty at the earliest then", () => {
  expect(forecast({ ready: 60, at_least: true }, RATE, 0, null)).toMatchObject({
    empty_in: MINUTE,
    at_least: true,
  });
});

test("few ends, or a short time, are no rate", () => {
  expect(isRate({ ended: 4, within: MINUTE })).toBe(false);
  expect(isRate({ ended: 500, within: 1_999 })).toBe(false);
  expect(isRate({ ended: 5, within: 2_000 })).toBe(true);
});

test("the tasks that will miss their time are counted in the order in which they run", () => {
  const expected = [
    { id: 1, deadline: 1_000 }, // ends at 1_000: in time
    { id: 2, deadline: 1_500 }, // at 2_000
    { id: 3, deadline: 2_000 }, // at 3_000
    { id: 4, deadline: 9_000 }, // at 4_000
  ];
  const levels = [{ before: 0, expected }];
  expect(findMisses(levels, RATE, { now: 0, ready: 4 })).toEqual({ count: 2, first: 2, by: 500 });
});

test("tasks that run before count, and a level ends where all later ones are in time", () => {
  let read = 0;
  function* many() {
    for (let id = 1; ; id++) {
      read += 1;
      yield { id, deadline: id * 100 };
    }
  }
  const levels = [
    { before: 0, expected: [] },
    { before: 8, expected: many() },
  ];
  const found = findMisses(levels, RATE, { now: 0, ready: 10 });
  expect(found).toEqual({ count: 99, first: 1, by: 8_900 });
  expect(read).toBe(100);
});

test("no task that is in time is a miss", () => {
  const levels = [{ before: 0, expected: [{ id: 1, deadline: 5_000 }] }];
  expect(findMisses(levels, RATE, { now: 0, ready: 6 })).toBeNull();
});
