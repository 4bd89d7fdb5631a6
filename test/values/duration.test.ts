import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { formatDuration, parseDuration, toMilliseconds } from "../../src/values/duration.ts";
import { refusal } from "../support/refusal.ts";

/** What untyped callers give: the types refuse it, the code must too. */
function untyped(value: unknown): number {
  return toMilliseconds(value as string, "queue_scheduled_at");
}

describe("toMilliseconds", () => {
  test.each([
    [Temporal.Duration.from({ minutes: 5 }), 300_000],
    [Temporal.Duration.from({ weeks: 1, days: 1 }), 8 * 86_400_000],
    [Temporal.Duration.from({ minutes: 5 }).negated(), -300_000],
    [{ minutes: 5 }, 300_000],
    [{ hours: 1.5 }, 5_400_000],
    [{ hours: 1, minutes: -5 }, 3_300_000],
    [{ days: -2 }, -172_800_000],
    [{ seconds: 0.1, milliseconds: 0.2 }, 100],
    [{ microseconds: 1500 }, 2],
    [{ nanoseconds: 2_000_000 }, 2],
    [{ minutes: 5, hours: undefined }, 300_000],
    ["PT5M", 300_000],
    ["-PT5M", -300_000],
    ["P1DT2H", 93_600_000],
    ["PT0.25S", 250],
    ["P2W", 1_209_600_000],
    ["PT0S", 0],
  ])("reads %j", (value, ms) => {
    expect(toMilliseconds(value, "queue_scheduled_at")).toBe(ms);
  });

  test("never gives a negative zero", () => {
    expect(Object.is(toMilliseconds({ microseconds: -1 }, "x"), 0)).toBe(true);
  });

  test.each([
    [5, 'queue_scheduled_at: 5 has no unit; say the unit: "5s", "5m" or "5h"'],
    [{ minuts: 5 }, 'queue_scheduled_at: "minuts" is not a unit; did you mean "minutes"?'],
    [{ minutes: "5" }, 'queue_scheduled_at: minutes is "5", not a number'],
    [{ minutes: NaN }, "queue_scheduled_at: minutes is NaN, not a number"],
    [{}, "queue_scheduled_at: no unit is given; write it like { minutes: 5 }"],
    [
      new Map([["minutes", 5]]),
      'queue_scheduled_at: an object is not a length of time; write it like "PT5M" or { minutes: 5 }',
    ],
    [
      { years: 1 },
      "queue_scheduled_at: years have no fixed length; say it in days, hours or smaller units",
    ],
    [
      "P1M",
      "queue_scheduled_at: months have no fixed length; say it in days, hours or smaller units",
    ],
    [
      Temporal.Duration.from({ years: 1 }),
      "queue_scheduled_at: years have no fixed length; say it in days, hours or smaller units",
    ],
    [
      "P5",
      'queue_scheduled_at: "P5" is not an ISO 8601 duration; write it like "PT5M" or { minutes: 5 }',
    ],
    [
      new Date(0),
      'queue_scheduled_at: a Date is not a length of time; write it like "PT5M" or { minutes: 5 }',
    ],
    [
      null,
      'queue_scheduled_at: null is not a length of time; write it like "PT5M" or { minutes: 5 }',
    ],
    [
      [5],
      'queue_scheduled_at: an array is not a length of time; write it like "PT5M" or { minutes: 5 }',
    ],
    [
      { days: 1e12 },
      'queue_scheduled_at: {"days":1000000000000} is too long; the longest is 100000000 days',
    ],
  ])("refuses %j with a sentence", (value, sentence) => {
    expect(refusal(() => untyped(value))).toBe(sentence);
  });

  test("agrees with Temporal on every exact duration", () => {
    const amount = fc.integer({ min: 0, max: 100_000 });
    const fields = fc.record({ days: amount, hours: amount, minutes: amount, seconds: amount });
    fc.assert(
      fc.property(fields, fc.boolean(), (given, negative) => {
        const positive = Temporal.Duration.from(given);
        const duration = negative ? positive.negated() : positive;
        const ms = duration.total("milliseconds") + 0;
        expect(toMilliseconds(duration, "x")).toBe(ms);
        expect(toMilliseconds(String(duration), "x")).toBe(ms);
      }),
    );
  });
});

describe("parseDuration", () => {
  test.each([
    ["5m", 300_000],
    ["1h30m", 5_400_000],
    ["90s", 90_000],
    ["250ms", 250],
    ["1d", 86_400_000],
    ["2w", 1_209_600_000],
    ["1.5h", 5_400_000],
    ["1m1ms", 60_001],
    ["-5m", -300_000],
    ["+5m", 300_000],
    ["0s", 0],
    ["PT5M", 300_000],
    ["-PT5M", -300_000],
  ])("reads %p", (text, ms) => {
    expect(parseDuration(text, "--in")).toBe(ms);
  });

  test.each([
    ["5", '--in: "5" has no unit; say the unit: 5s, 5m or 5h'],
    ["-1.5", '--in: "-1.5" has no unit; say the unit: -1.5s, -1.5m or -1.5h'],
    ["", '--in: "" is not a length of time; write it like 5m, 1h30m, 90s or 250ms'],
    ["-", '--in: "-" is not a length of time; write it like 5m, 1h30m, 90s or 250ms'],
    ["30m1h", '--in: "30m1h" is not a length of time; write it like 5m, 1h30m, 90s or 250ms'],
    ["5M", '--in: "5M" is not a length of time; write it like 5m, 1h30m, 90s or 250ms'],
    [
      "5 parsecs",
      '--in: "5 parsecs" is not a length of time; write it like 5m, 1h30m, 90s or 250ms',
    ],
    ["P1Y", "--in: years have no fixed length; say it in days, hours or smaller units"],
    ["999999999999d", "--in: 999999999999d is too long; the longest is 100000000 days"],
  ])("refuses %p with a sentence", (text, sentence) => {
    expect(refusal(() => parseDuration(text, "--in"))).toBe(sentence);
  });
});

describe("formatDuration", () => {
  test.each([
    [0, "0 ms"],
    [0.23, "0.2 ms"],
    [9.96, "10 ms"],
    [340, "340 ms"],
    [999.6, "1 s"],
    [2500, "2.5 s"],
    [59_949, "59.9 s"],
    [59_960, "1 min"],
    [200_000, "3 min 20 s"],
    [3_599_600, "1 h"],
    [7_500_000, "2 h 5 min"],
    [86_399_000, "1 d"],
    [3 * 86_400_000, "3 d"],
    [3 * 86_400_000 + 7_200_000, "3 d 2 h"],
    [-200_000, "-3 min 20 s"],
  ])("writes %p ms as %p", (ms, text) => {
    expect(formatDuration(ms)).toBe(text);
  });

  test("keeps a unit below the size of the next one", () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1e12, noNaN: true }), (ms) => {
        const text = formatDuration(ms);
        expect(text).toMatch(/^\d+(\.\d)? (ms|s|min|h|d)( \d+ (s|min|h))?$/);
        expect(text).not.toMatch(/\b(1000 ms|60 s|60 min|24 h)\b/);
      }),
    );
  });
});
