/** The newest slots of a span are found from its end, whatever its length. */
import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { readSchedule } from "../../src/cron/schedule.ts";
import { newestSlots, nextSlots } from "../../src/cron/slots.ts";

const schedules = [
  "* * * * *",
  "*/7 * * * *",
  "30 2 * * *",
  "0 0 1 * *",
  "every 10s",
  "every 11h",
  "0 0 29 2 *",
];
const zones = ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"];
const START = Date.UTC(2026, 0, 1);

describe("the newest slots of a span", () => {
  test("are the last of all slots in it", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...schedules),
        fc.constantFrom(...zones),
        fc.integer({ min: 0, max: 400 * 86_400_000 }),
        fc.integer({ min: 0, max: 20 * 86_400_000 }),
        fc.integer({ min: 1, max: 50 }),
        (text, zone, at, span, limit) => {
          const schedule = readSchedule(text, zone, "schedule");
          const from = START + at;
          const all: number[] = [];
          for (
            let slot = schedule.next(from);
            slot !== null && slot <= from + span;
            slot = schedule.next(slot)
          ) {
            all.push(slot);
          }
          const { slots, first } = newestSlots(schedule, from, from + span, limit);
          expect(slots).toEqual(all.slice(-limit));
          expect(first).toBe(all.length > limit ? (all[0] ?? 0) : null);
        },
      ),
      { numRuns: 60 },
    );
  });

  test("of each minute in twenty years are found without walking through all of them", () => {
    const minutes = readSchedule("* * * * *", "Europe/Berlin", "schedule");
    let asked = 0;
    const counted = { ...minutes, next: (after: number) => (asked++, minutes.next(after)) };
    const to = START + 20 * 365 * 86_400_000;
    const { slots, first } = newestSlots(counted, START, to, 100);
    expect(slots).toHaveLength(100);
    expect(slots.at(-1)).toBe(to);
    expect(first).toBe(START + 60_000);
    expect(asked).toBeLessThan(2_000);
  });

  test("of a span that ends before it begins are none", () => {
    const minutes = readSchedule("* * * * *", "UTC", "schedule");
    expect(newestSlots(minutes, START, START - 1, 10)).toEqual({ slots: [], first: null });
    expect(newestSlots(minutes, START, START, 10)).toEqual({ slots: [], first: null });
  });
});

test("the next slots are as many as were asked for", () => {
  const hours = readSchedule("every 1h", "UTC", "schedule");
  expect(nextSlots(hours, START, 3)).toEqual([1, 2, 3].map((hour) => START + hour * 3_600_000));
  expect(nextSlots(hours, START, 0)).toEqual([]);
});
