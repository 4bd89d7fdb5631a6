/** Slots of times that a recurring task had before, which no worker has decided. */
import { describe, expect, test } from "bun:test";
import { formerAfter, withFormer } from "../../src/cron/former.ts";
import { readSchedule } from "../../src/cron/schedule.ts";
import { slotsBetween } from "../../src/cron/slots.ts";

const HOUR = 3_600_000;
const MIDNIGHT = Date.UTC(2026, 10, 2);
const DAILY = { schedule: "@daily", zone: null };

describe("a change of the times", () => {
  test("keeps the former ones, up to the change", () => {
    const is = { schedule: "@weekly", zone: null };
    expect(formerAfter([], DAILY, is, 7)).toEqual([{ ...DAILY, until: 7 }]);
    expect(formerAfter([], DAILY, { ...DAILY, zone: "Asia/Tokyo" }, 7)).toHaveLength(1);
  });

  test("that is none keeps none, and neither does one of times that cannot be read", () => {
    expect(formerAfter([], DAILY, { ...DAILY }, 7)).toEqual([]);
    expect(formerAfter([], null, DAILY, 7)).toEqual([]);
  });
});

test("the slots are those of the times that counted then", () => {
  const schedule = withFormer(readSchedule("every 2h", null, "it"), [
    { schedule: "every 1h", zone: null, until: MIDNIGHT + 3 * HOUR },
    { schedule: "30 * * * *", zone: "UTC", until: MIDNIGHT + 5 * HOUR },
  ]);
  const hours = slotsBetween(schedule, MIDNIGHT + 1, MIDNIGHT + 9 * HOUR);
  expect(hours.map((slot) => (slot - MIDNIGHT) / HOUR)).toEqual([1, 2, 3, 3.5, 4.5, 6, 8]);
});
