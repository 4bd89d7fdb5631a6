/** Schedules in words: they say what Bun.cron does, or nothing. */
import { describe, expect, test } from "bun:test";
import { bothDaysWords } from "../../src/cron/both-days.ts";
import { readSchedule } from "../../src/cron/schedule.ts";
import { nextSlots } from "../../src/cron/slots.ts";
import { scheduleWords } from "../../src/cron/words.ts";

const FROM = Date.UTC(2027, 0, 1) - 1;

function wordsOf(text: string): Promise<string | null> {
  return scheduleWords(readSchedule(text, "UTC", "schedule"));
}

describe("a schedule in words", () => {
  test.each([
    ["30 2 * * *", "At 02:30"],
    ["@daily", "At 00:00"],
    ["@HOURLY", "Every hour"],
    ["@weekly", "At 00:00, only on Sunday"],
    ["@yearly", "At 00:00, on day 1 of the month, only in January"],
    ["* * * * *", "Every minute"],
    ["*/15 * * * *", "Every 15 minutes"],
    ["*/10 9-17 * * MON-FRI", "Every 10 minutes, between 09:00 and 17:59, Monday through Friday"],
    ["0 9-17 * * 1-5", "Every hour, between 09:00 and 17:00, Monday through Friday"],
    ["0 0 * * 7", "At 00:00, only on Sunday"],
    ["0 0 * * 5-7", "At 00:00, Friday through Sunday"],
    ["0 9 1 */3 *", "At 09:00, on day 1 of the month, only in January, April, July, and October"],
    ["every 15m", "Every 15 minutes"],
    ["every 90m", "Every 90 minutes"],
    ["every 1h", "Every hour"],
    ["every 1d", "Every day"],
    ["every 1500ms", "Every 1500 milliseconds"],
  ])("says %j as %j", async (text, words) => {
    expect(await wordsOf(text)).toBe(words);
  });

  test.each([
    ["a step that does not go round evenly", "*/45 * * * *", "At 0 and 45 minutes past the hour"],
    ["such a step over hours", "0 */5 * * *", "At 00:00, 05:00, 10:00, 15:00 and 20:00"],
    ["minutes of single hours", "0,30 8,12 * * *", "At 08:00, 08:30, 12:00 and 12:30"],
    ["a step from an offset", "5/15 * * * *", "At 5, 20, 35, and 50 minutes past the hour"],
    ["either kind of day", "0 0 13 * 5", "At 00:00, on day 13 of the month or on Friday"],
  ])("says %s as it is", async (_, text, words) => {
    expect(await wordsOf(text)).toBe(words);
  });

  test.each([
    ["minutes in every second hour", "*/15 */2 * * *"],
    ["all days by their numbers, or a weekday", "0 0 1-31 * 1"],
    ["long lists", "1-31/2 3 * * *"],
  ])("has no words for %s", async (_, text) => {
    expect(await wordsOf(text)).toBeNull();
  });

  test("fits the slots that Bun.cron finds, for a thousand expressions", async () => {
    let said = 0;
    for (const text of expressions(1_000)) {
      const words = await wordsOf(text);
      if (words === null) continue;
      said++;
      const schedule = readSchedule(text, "UTC", "schedule");
      const slots = nextSlots(schedule, FROM, 120).map((slot) => new Date(slot));
      expect(problemOf(words, slots), `${text} is said as ${words}`).toBeNull();
    }
    expect(said).toBeGreaterThan(400);
  });
});

describe("a schedule with both kinds of days", () => {
  test("is said to run on either", () => {
    const schedule = readSchedule("30 2 13 * 5", "UTC", "schedule");
    expect(bothDaysWords(schedule)).toBe(
      "It runs on each day that matches the day of the month (13) or the weekday (5): one of them is enough",
    );
  });

  test.each(["30 2 13 * *", "30 2 * * 5", "@weekly", "every 15m"])(
    "is another one than %j",
    (text) => {
      expect(bothDaysWords(readSchedule(text, "UTC", "schedule"))).toBeNull();
    },
  );
});

const WEEKDAYS = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];
const MONTHS =
  "January February March April May June July August September October November December".split(
    " ",
  );

/** What of the words the slots contradict. */
function problemOf(words: string, slots: readonly Date[]): string | null {
  const times = new Set(slots.map((slot) => slot.toISOString().slice(11, 16)));
  const listed = /^At (\d\d:\d\d(?:(?:, | and )\d\d:\d\d)*)(?:,|$)/.exec(words)?.[1];
  if (listed !== undefined) {
    const named = listed.match(/\d\d:\d\d/g) ?? [];
    const isSame = named.length === times.size && named.every((time) => times.has(time));
    if (!isSame) return `the times are ${[...times].join(" ")}`;
  }
  const minutes = /^Every (\d+) minutes/.exec(words)?.[1];
  if (minutes !== undefined && 60 % Number(minutes) !== 0) return "it is not as long each time";
  const between = /between (\d\d:\d\d) and (\d\d:\d\d)/.exec(words);
  const [, first = "00:00", last = "23:59"] = between ?? [];
  if ([...times].some((time) => time < first || time > last)) return "a slot is not in the span";
  if (!words.includes(" or ")) {
    const wrong = slots.find((slot) => !isNamed(words, WEEKDAYS, slot.getUTCDay(), 1));
    if (wrong !== undefined) return `a slot is on ${WEEKDAYS[wrong.getUTCDay()]}`;
  }
  const wrong = slots.find((slot) => !isNamed(words, MONTHS, slot.getUTCMonth(), 0));
  return wrong === undefined ? null : `a slot is in ${MONTHS[wrong.getUTCMonth()]}`;
}

/** True where the words name this day or month, alone or in a span, or name none. @param first begins the circle. */
function isNamed(words: string, names: readonly string[], at: number, first: number): boolean {
  const found = names.filter((name) => words.includes(name));
  if (found.length === 0 || found.includes(names[at] ?? "")) return true;
  const spans = [...words.matchAll(/(\w+) through (\w+)/g)].map(([, from = "", to = ""]) =>
    [from, to].map((name) => names.indexOf(name)),
  );
  const place = (index: number) => (index - first + names.length) % names.length;
  return spans.some(([from = -1, to = -1]) => {
    return from >= 0 && to >= 0 && place(at) >= place(from) && place(at) <= place(to);
  });
}

/** The same ones each time. */
function* expressions(count: number): Generator<string> {
  let seed = 7;
  const below = (limit: number) => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % limit;
  };
  const field = (low: number, high: number): string => {
    const some = () => low + below(high - low + 1);
    switch (below(6)) {
      case 0:
        return String(some());
      case 1:
        return `*/${2 + below(Math.max(high - 2, 1))}`;
      case 2: {
        const [from = low, to = high] = [some(), some()].toSorted((a, b) => a - b);
        return `${from}-${to}`;
      }
      case 3:
        return [some(), some(), some()].join(",");
      default:
        return "*";
    }
  };
  for (let at = 0; at < count; at++) {
    // No month is too short for these days, so that each comes.
    yield [field(0, 59), field(0, 23), field(1, 28), field(1, 12), field(0, 6)].join(" ");
  }
}
