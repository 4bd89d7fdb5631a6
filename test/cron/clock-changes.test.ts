/** What changes of the clock do to schedules, in words. */
import { describe, expect, test } from "bun:test";
import { clockChanges } from "../../src/cron/clock-changes.ts";
import { clockChangeWords } from "../../src/cron/clock-words.ts";
import { readSchedule } from "../../src/cron/schedule.ts";

const NOW = Date.UTC(2026, 10, 29);

function changes(text: string, zone: string): (string | null)[] {
  return clockChanges(readSchedule(text, zone, "schedule"), zone, NOW).map(clockChangeWords);
}

const SPRING = "On 2027-03-28 the clock goes from 02:00 to 03:00:";
const AUTUMN = "On 2027-10-31 the clock goes back from 03:00 to 02:00:";

describe("the changes of the clock in Berlin", () => {
  test.each([
    [
      "a daily slot in the lost hour comes an hour later",
      "30 2 * * *",
      `${SPRING} 02:30 does not exist that day, and it runs once, at 03:30`,
      `${AUTUMN} 02:30 comes twice that day, and it runs the first time only`,
    ],
    [
      "many slots in the lost hour come once",
      "*/15 2 * * *",
      `${SPRING} 02:00, 02:15, 02:30 and 02:45 do not exist that day, and it runs once, at 03:00`,
      `${AUTUMN} 02:00, 02:15, 02:30 and 02:45 come twice that day, and it runs the first time only`,
    ],
    [
      "an hourly slot goes on each hour",
      "0 * * * *",
      `${SPRING} 02:00 does not exist that day, and is left out`,
      `${AUTUMN} 02:00 comes twice that day, and it runs both times`,
    ],
    [
      "more slots than a line holds are counted",
      "* * * * *",
      `${SPRING} its 60 slots from 02:00 to 02:59 do not exist that day, and are left out`,
      `${AUTUMN} its 60 slots from 02:00 to 02:59 come twice that day, and it runs both times`,
    ],
    [
      "a lost slot whose hour later is a slot too is left out",
      "30 2,3 * * *",
      `${SPRING} 02:30 does not exist that day, and is left out`,
      `${AUTUMN} 02:30 comes twice that day, and it runs the first time only`,
    ],
  ])("%s", (_, text, spring, autumn) => {
    expect(changes(text, "Europe/Berlin")).toEqual([spring, autumn]);
  });

  test.each(["0 9 * * *", "30 2 29 3 *", "every 1d"])("do nothing to %j", (text) => {
    expect(changes(text, "Europe/Berlin")).toEqual([null, null]);
  });
});

describe("other changes of the clock", () => {
  test("there are none in UTC", () => {
    expect(changes("30 2 * * *", "UTC")).toEqual([]);
  });

  test("of half an hour are told as such", () => {
    expect(changes("*/20 1-2 * * *", "Australia/Lord_Howe")).toEqual([
      "On 2027-04-04 the clock goes back from 02:00 to 01:30: 01:40 comes twice that day, and it runs the first time only",
      "On 2027-10-03 the clock goes from 02:00 to 02:30: 02:00 and 02:20 do not exist that day, and it runs once, at 02:30",
    ]);
  });

  test("at midnight move the slot of a day to its first hour", () => {
    expect(changes("0 0 * * *", "America/Havana")).toEqual([
      "On 2027-03-14 the clock goes from 00:00 to 01:00: 00:00 does not exist that day, and it runs once, at 01:00",
      "On 2027-11-07 the clock goes back from 01:00 to 00:00: 00:00 comes twice that day, and it runs the first time only",
    ]);
  });

  test("that cross midnight name the day of each time", () => {
    expect(changes("30 23 * * *", "America/Nuuk")).toEqual([
      "On 2027-03-27 the clock goes from 23:00 to 00:00: 23:30 does not exist that day, and it runs once, at 00:30 the next day",
      "On 2027-10-30 the clock goes back from 24:00 to 23:00: 23:30 comes twice that day, and it runs the first time only",
    ]);
  });
});
