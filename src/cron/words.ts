/**
 * A schedule in words. cronstrue writes them, and it reads a wider language than Bun.cron does: so it gets the values
 * that Bun.cron finds, in the plainest form, a part at a time. A schedule for which no words are surely right has none.
 */
import { type Fields, valuesOf, writtenFields } from "./fields.ts";
import { readSchedule, type Schedule } from "./schedule.ts";
import { nextSlots } from "./slots.ts";

type Describe = (expression: string) => string;

const ALL: Readonly<Record<keyof Fields, number>> = {
  minutes: 60,
  hours: 24,
  days: 31,
  months: 12,
  weekdays: 7,
};

/** A longer list is no easier to read than the expression. */
const MOST_LISTED = 16;
/** Times of day are listed up to this number. */
const MOST_TIMES = 8;

/** @returns null where the expression itself says it best. */
export async function scheduleWords(schedule: Schedule): Promise<string | null> {
  if (schedule.interval !== null) return intervalWords(schedule.interval);
  const written = writtenFields(schedule.text);
  if (written === null) return null;
  const values = valuesOf(written);
  const plain = plainFields(values);
  if (plain === null || !isSame(schedule, plain.join(" "))) return null;
  // Imported here, as most commands need no words.
  const { toString } = await import("cronstrue");
  const describe: Describe = (text) => toString(text, { use24HourTimeFormat: true });
  const time = timeWords(values, plain, describe);
  if (time === null) return null;
  return [time, ...dayWords(plain, describe)].join(", ");
}

/** An interval in its largest whole unit: `Every 90 minutes`. */
function intervalWords(interval: number): string {
  const [ms, unit] = UNITS.find(([size]) => interval % size === 0) ?? [1, "millisecond"];
  const count = interval / ms;
  return count === 1 ? `Every ${unit}` : `Every ${count} ${unit}s`;
}

const UNITS: readonly (readonly [ms: number, unit: string])[] = [
  [86_400_000, "day"],
  [3_600_000, "hour"],
  [60_000, "minute"],
  [1_000, "second"],
];

/** The fields anew, without names, and without steps that do not go evenly round; null where a list is too long. */
function plainFields({ minutes, hours, days, months, weekdays }: Fields): string[] | null {
  const fields = [
    everyNth(minutes, ALL.minutes) ?? plain(minutes, ALL.minutes),
    everyNth(hours, ALL.hours) ?? plain(hours, ALL.hours),
    plain(days, ALL.days),
    plain(months, ALL.months),
    plain(fromMonday(weekdays), ALL.weekdays),
  ];
  return fields.some((field) => field.split(",").length > MOST_LISTED) ? null : fields;
}

/** As `*` followed by a step, where the step goes evenly round from 0. */
function everyNth(values: readonly number[], all: number): string | null {
  const step = all / values.length;
  const isEven = values.length > 1 && step > 1 && values.every((value, at) => value === at * step);
  return isEven ? `*/${step}` : null;
}

function plain(values: readonly number[], all: number): string {
  const [first = 0] = values;
  if (values.length === all) return "*";
  const isRange = values.length > 2 && values.every((value, at) => value === first + at);
  return isRange ? `${first}-${values.at(-1)}` : values.join(",");
}

/** Sunday as the last day, as people name a weekend. */
function fromMonday(weekdays: readonly number[]): number[] {
  return weekdays.map((day) => (day === 0 ? 7 : day)).toSorted((a, b) => a - b);
}

const COMPARED = 24;
/** Before the short month of a leap year. */
const COMPARED_FROM = Date.UTC(2027, 11, 28, 12);

/** True where Bun.cron finds the same slots for both, and the same days. */
function isSame(schedule: Schedule, plainText: string): boolean {
  const days = (text: string) => `0 0 ${(writtenFields(text) ?? []).slice(2).join(" ")}`;
  const pairs = [
    [schedule.text, plainText],
    [days(schedule.text), days(plainText)],
  ] as const;
  return pairs.every((pair) => {
    const [one, other] = pair.map((text) => slotsOf(text).join(" "));
    return one === other;
  });
}

function slotsOf(text: string): number[] {
  return nextSlots(readSchedule(text, "UTC", text), COMPARED_FROM, COMPARED);
}

/** The times of a day; null where cronstrue's words for them could mean others. */
function timeWords(
  { minutes, hours }: Fields,
  [minute = "", hour = ""]: readonly string[],
  describe: Describe,
): string | null {
  const times = hours.flatMap((one) => minutes.map((other) => `${two(one)}:${two(other)}`));
  const isListed = !isSpan(hour) || (minutes.length > 1 && !isSpan(minute));
  if (isListed && times.length <= MOST_TIMES) return `At ${listed(times)}`;
  // "Every 15 minutes, every 2 hours" would be wrong.
  const isClear = isSpan(hour) && (hours.length > 1 || !minute.includes(","));
  if (minutes.length > 1 && !isClear) return null;
  return describe(`${minute} ${hour} * * *`);
}

/** True for one value, a range or all. */
function isSpan(field: string): boolean {
  return !/[,/]/.test(field);
}

function dayWords(
  [, , day = "", month = "", weekday = ""]: readonly string[],
  describe: Describe,
): string[] {
  const part = (fields: string) => describe(`0 0 ${fields}`).replace("At 00:00, ", "");
  const days = [
    ...(day === "*" ? [] : [part(`${day} * *`)]),
    ...(weekday === "*" ? [] : [part(`* * ${weekday}`)]),
  ];
  const either = days.length === 2 ? [days.join(" or ").replace("or only on", "or on")] : days;
  return [...either, ...(month === "*" ? [] : [part(`* ${month} *`)])];
}

function two(number: number): string {
  return String(number).padStart(2, "0");
}

/** `08:00`, `08:00 and 08:30`, `08:00, 08:30 and 09:00`. */
export function listed(words: readonly string[]): string {
  const last = words.at(-1) ?? "";
  return words.length < 2 ? last : `${words.slice(0, -1).join(", ")} and ${last}`;
}
