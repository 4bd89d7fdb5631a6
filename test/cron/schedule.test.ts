/** Schedules: which texts there are, and when their slots come. */
import { describe, expect, test } from "bun:test";
import { readSchedule } from "../../src/cron/schedule.ts";
import { nextSlots } from "../../src/cron/slots.ts";
import { sentenceOf } from "../support/error.ts";

/** The next slots after a point in time, as wall times of the zone with its offset. */
function slots(text: string, zone: string, after: string, count: number): string[] {
  const from = Temporal.PlainDateTime.from(after).toZonedDateTime(zone).epochMilliseconds;
  return nextSlots(readSchedule(text, zone, "schedule"), from, count).map((slot) => {
    const at = Temporal.Instant.fromEpochMilliseconds(slot).toZonedDateTimeISO(zone);
    return at.toPlainDateTime().toString().slice(0, 16) + at.offset;
  });
}

describe("a schedule", () => {
  test.each([
    ["30 2 * * *", ["2026-01-01T02:30+01:00", "2026-01-02T02:30+01:00"]],
    ["*/20 6 * * *", ["2026-01-01T06:00+01:00", "2026-01-01T06:20+01:00"]],
    ["0 9 * * mon-FRI", ["2026-01-01T09:00+01:00", "2026-01-02T09:00+01:00"]],
    ["0 9 * * 7", ["2026-01-04T09:00+01:00", "2026-01-11T09:00+01:00"]],
    ["0 0 1 JAN,july *", ["2026-07-01T00:00+02:00", "2027-01-01T00:00+01:00"]],
    ["0 0 29 2 *", ["2028-02-29T00:00+01:00", "2032-02-29T00:00+01:00"]],
    ["0 0 31 * *", ["2026-01-31T00:00+01:00", "2026-03-31T00:00+02:00"]],
    ["0 0 13 * fri", ["2026-01-02T00:00+01:00", "2026-01-09T00:00+01:00"]],
    ["@daily", ["2026-01-02T00:00+01:00", "2026-01-03T00:00+01:00"]],
    ["@Weekly", ["2026-01-04T00:00+01:00", "2026-01-11T00:00+01:00"]],
    ["  0  12\t* * * ", ["2026-01-01T12:00+01:00", "2026-01-02T12:00+01:00"]],
    ["every 90m", ["2026-01-01T01:00+01:00", "2026-01-01T02:30+01:00"]],
    ["Every 1d", ["2026-01-01T01:00+01:00", "2026-01-02T01:00+01:00"]],
  ])("%j comes at %j in Berlin", (text, expected) => {
    expect(slots(text, "Europe/Berlin", "2026-01-01T00:00", 2)).toEqual(expected);
  });

  test.each([
    ["every 10s", 10_000],
    ["every 15m", 900_000],
    ["every 1h30m", 5_400_000],
    ["every PT2H", 7_200_000],
  ])("%s is counted from 1970 UTC, so that no restart moves it", (text, interval) => {
    const schedule = readSchedule(text, "Europe/Berlin", "schedule");
    const next = (time: number) => schedule.next(time);
    const after = Date.UTC(2026, 5, 1, 3, 4, 5, 678);
    const slot = next(after) ?? 0;
    expect(slot % interval).toBe(0);
    expect(slot).toBeGreaterThan(after);
    expect(slot - after).toBeLessThanOrEqual(interval);
    expect(next(slot)).toBe(slot + interval);
  });

  test.each([
    ["0 0 30 2 *", "never comes"],
    ["0 0 31 4,6,9,11 *", "never comes"],
    ["* * * * * *", "has 6 fields; a schedule has 5"],
    ["0 0 12 * * ? 2026", "has 7 fields; a schedule has 5"],
    ["0 0 L * *", 'has "L"'],
    ["0 0 LW * *", 'has "LW"'],
    ["0 0 15W * *", 'has "15W"'],
    ["0 0 * * 5L", 'has "5L"'],
    ["0 0 * * 5#2", 'has "5#2"'],
    ["0 0 ? * *", 'has "?"'],
    ["*/61 * * * *", "a step over more than the whole field"],
    ["0 */24 * * *", "a step over more than the whole field"],
    ["61 * * * *", "is not a schedule"],
    ["*/0 * * * *", "is not a schedule"],
    ["5-1 * * * *", "range must be ascending"],
    ["H * * * *", "is not a schedule"],
    ["0 0 * foo *", "is not a schedule"],
    ["０ 0 * * *", "is not a schedule"],
    ["0 0 * *", "is not a schedule"],
    ["", "is not a schedule"],
    ["@reboot", "is no time"],
    ["@every 5m", 'is written "every 5m" here'],
    ["@fortnightly", "is not a schedule"],
    ["everyday", "is not a schedule"],
    ["every", "needs a length of time"],
    ["every 5", "has no unit"],
    ["every 500ms", "is not from every 1s to every 366d"],
    ["every -5m", "is not from every 1s to every 366d"],
    ["every 400d", "is not from every 1s to every 366d"],
    ["every 5 minutes please", "is not a length of time"],
    ["1,".repeat(1_000_000) + "1 * * * *", "is longer than 200 characters"],
    ["MON,".repeat(1_000_000), "is longer than 200 characters"],
    [5, "is not a schedule"],
    [null, "is not a schedule"],
    [["0 0 * * *"], "is not a schedule"],
  ])("%.60j is refused with a short sentence", async (text, words) => {
    const sentence = await sentenceOf(() =>
      readSchedule(text, "Europe/Berlin", "[cron.x] schedule"),
    );
    expect(sentence).toStartWith("[cron.x] schedule: ");
    expect(sentence).toContain(words);
    expect(sentence.length).toBeLessThan(400);
  });
});

describe("where clocks are set forward, a slot in the hour that is missing comes after it, once", () => {
  test.each([
    [
      "Europe/Berlin",
      "2026-03-28T12:00",
      "30 2 * * *",
      ["2026-03-29T03:30+02:00", "2026-03-30T02:30+02:00"],
    ],
    [
      "America/New_York",
      "2026-03-07T12:00",
      "30 2 * * *",
      ["2026-03-08T03:30-04:00", "2026-03-09T02:30-04:00"],
    ],
    [
      "Australia/Lord_Howe",
      "2026-10-03T12:00",
      "15 2 * * *",
      ["2026-10-04T02:45+11:00", "2026-10-05T02:15+11:00"],
    ],
    [
      "America/Santiago",
      "2026-09-05T12:00",
      "30 0 * * *",
      ["2026-09-06T01:30-03:00", "2026-09-07T00:30-03:00"],
    ],
    [
      "Asia/Beirut",
      "2026-03-28T12:00",
      "0 0 * * *",
      ["2026-03-29T01:00+03:00", "2026-03-30T00:00+03:00"],
    ],
  ])("in %s after %s: %s", (zone, after, text, expected) => {
    expect(slots(text, zone, after, 2)).toEqual(expected);
  });

  test.each([
    ["Europe/Berlin", "2026-03-29T00:30", ["2026-03-29T01:00+01:00", "2026-03-29T03:00+02:00"]],
    ["America/New_York", "2026-03-08T00:30", ["2026-03-08T01:00-05:00", "2026-03-08T03:00-04:00"]],
    ["America/Santiago", "2026-09-05T22:30", ["2026-09-05T23:00-04:00", "2026-09-06T01:00-03:00"]],
  ])("in %s an hourly slot comes each hour of real time", (zone, after, expected) => {
    expect(slots("0 * * * *", zone, after, 2)).toEqual(expected);
  });
});

describe("where clocks are set back, a slot at a fixed time in the repeated hour comes once", () => {
  test.each([
    [
      "Europe/Berlin",
      "2026-10-24T12:00",
      "30 2 * * *",
      ["2026-10-25T02:30+02:00", "2026-10-26T02:30+01:00"],
    ],
    [
      "America/New_York",
      "2026-10-31T12:00",
      "30 1 * * *",
      ["2026-11-01T01:30-04:00", "2026-11-02T01:30-05:00"],
    ],
    [
      "Australia/Lord_Howe",
      "2026-04-04T12:00",
      "45 1 * * *",
      ["2026-04-05T01:45+11:00", "2026-04-06T01:45+10:30"],
    ],
    [
      "America/Santiago",
      "2026-04-04T12:00",
      "30 23 * * *",
      ["2026-04-04T23:30-03:00", "2026-04-05T23:30-04:00"],
    ],
    [
      "Asia/Beirut",
      "2026-10-24T12:00",
      "30 23 * * *",
      ["2026-10-24T23:30+03:00", "2026-10-25T23:30+02:00"],
    ],
  ])("in %s after %s: %s", (zone, after, text, expected) => {
    expect(slots(text, zone, after, 2)).toEqual(expected);
  });

  test("an hourly slot comes in both of them", () => {
    expect(slots("0 * * * *", "Europe/Berlin", "2026-10-25T01:30", 3)).toEqual([
      "2026-10-25T02:00+02:00",
      "2026-10-25T02:00+01:00",
      "2026-10-25T03:00+01:00",
    ]);
  });
});
