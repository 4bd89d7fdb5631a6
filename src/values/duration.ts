/** Lengths of time, as people and programs write them. Inside tq a length is a number of milliseconds. */
import { isPlain } from "./plain.ts";
import { TqError } from "../errors.ts";
import { cut, quote } from "../quote.ts";
import { didYouMean, suggest } from "../suggest.ts";

/** A length of time in named units; fractions, negative amounts and mixed signs are fine. */
export interface DurationFields {
  readonly weeks?: number | undefined;
  readonly days?: number | undefined;
  readonly hours?: number | undefined;
  readonly minutes?: number | undefined;
  readonly seconds?: number | undefined;
  readonly milliseconds?: number | undefined;
  readonly microseconds?: number | undefined;
  readonly nanoseconds?: number | undefined;
}

/** A length of time: a `Temporal.Duration`, named units (`{ minutes: 5 }`) or text (`"5m"`, or ISO 8601: `"PT5M"`). */
export type DurationLike = Temporal.Duration | DurationFields | string;

type ShortUnit = "w" | "d" | "h" | "m" | "s" | "ms";

/** A length of time as text of which the compiler knows that it has a unit: `"30s"`, `"1h30m"`, `"PT5M"`. */
export type DurationText =
  `${number}${ShortUnit}` | `${number}${ShortUnit}${number}${ShortUnit}` | `P${string}`;

/** A length of time as `DurationLike`, where a text without a unit does not compile. */
export type Duration = Temporal.Duration | DurationFields | DurationText;

export const SECOND_MS = 1000;
export const MINUTE_MS = 60_000;
export const HOUR_MS = 3_600_000;
export const DAY_MS = 86_400_000;

const MS: Record<keyof DurationFields, number> = {
  weeks: 7 * DAY_MS,
  days: DAY_MS,
  hours: HOUR_MS,
  minutes: MINUTE_MS,
  seconds: SECOND_MS,
  milliseconds: 1,
  microseconds: 0.001,
  nanoseconds: 0.000_001,
};
const UNITS = Object.keys(MS);

/** True for a name that is meant as a unit of time, also where it is misspelt or has no fixed length. */
export function isLikeUnit(name: string): boolean {
  return suggest(name, [...UNITS, "months", "years"]) !== undefined;
}

/** The longest length of time: a JavaScript `Date` reaches this far from 1970. */
const LONGEST_MS = 8_640_000_000_000_000;

/**
 * A length of time in whole milliseconds, rounded. A day has 24 hours and a week 7 days; years and
 * months have no fixed length and are refused, as is a bare number, which has no unit.
 *
 * @param what names the value; the error's sentence starts with it
 * @throws TqError `invalid`
 * @example toMilliseconds({ minutes: 5 }, "queue_scheduled_at") // 300000
 */
export function toMilliseconds(value: DurationLike, what: string): number {
  if (value instanceof Temporal.Duration) return fromDuration(value, what);
  if (typeof value === "string") return parseDuration(value, what);
  if (typeof value === "number" && !Number.isFinite(value)) {
    throw invalid(what, `${value} is not a length of time; write it like "5m" or "90s"`);
  }
  if (typeof value === "number" || typeof value === "bigint") {
    throw invalid(
      what,
      `${value} has no unit; say the unit: "${value}s", "${value}m" or "${value}h"`,
    );
  }
  return fromFields(value, what);
}

/**
 * The milliseconds of a text: ISO 8601, or short as on the command line and in the settings: `5m`, `1h30m`, `90s`,
 * `250ms`, `1.5d`, `-5m`. Short units are w, d, h, m, s and ms, the longest first.
 *
 * @param what names the flag or the setting; the error's sentence starts with it
 * @throws TqError `invalid`
 */
export function parseDuration(text: string, what: string): number {
  if (/^[+-]?p/i.test(text)) return fromIso(text, what);
  if (/^[+-]?[\d.]+$/.test(text)) {
    const like = text.length > 20 ? "like 90s" : `${text}s, ${text}m or ${text}h`;
    throw invalid(what, `${quote(text)} has no unit; say the unit: ${like}`);
  }
  const found = SHORT.exec(text)?.groups;
  if (!found) {
    throw invalid(
      what,
      `${quote(text)} is not a length of time; write it like 5m, 1h30m, 90s or 250ms`,
    );
  }
  const { sign, weeks, days, hours, minutes, seconds, milliseconds } = found;
  const units = { weeks, days, hours, minutes, seconds, milliseconds };
  const total = sum(Object.entries(units).map(([unit, amount]) => [unit, Number(amount ?? 0)]));
  return roundedMs(sign === "-" ? -total : total, what, text);
}

const SHORT = new RegExp(
  `^(?<sign>[+-])?(?=\\d)${[
    ["weeks", "w"],
    ["days", "d"],
    ["hours", "h"],
    ["minutes", "m"],
    ["seconds", "s"],
    ["milliseconds", "ms"],
  ]
    .map(([unit, letter]) => `(?:(?<${unit}>\\d+(?:\\.\\d+)?)${letter})?`)
    .join("")}$`,
);

/**
 * A length of time for a person to read, in at most two units: `340 ms`, `2.5 s`, `3 min 20 s`, `2 h 5 min`, `3 d`.
 *
 * @param ms milliseconds; fractions and negative numbers are fine
 */
export function formatDuration(ms: number): string {
  // Each bound is where rounding would reach the next form.
  if (ms < 0) return `-${formatDuration(-ms)}`;
  if (ms < 9.95) return `${round(ms, 1)} ms`;
  if (ms < 999.5) return `${round(ms, 0)} ms`;
  if (ms < 59_950) return `${round(ms / MS.seconds, 1)} s`;
  if (ms < 3_599_500) return pair(ms / MS.seconds, 60, "min", "s");
  if (ms < 86_370_000) return pair(ms / MS.minutes, 60, "h", "min");
  return pair(ms / MS.hours, 24, "d", "h");
}

/** How long something has lasted, in whole seconds: less says nothing to a person. */
export function formatAge(ms: number): string {
  return ms < SECOND_MS ? "under 1 s" : formatDuration(Math.floor(ms / SECOND_MS) * SECOND_MS);
}

function fromDuration(duration: Temporal.Duration, what: string): number {
  if (duration.years !== 0) throw noFixedLength(what, "years");
  if (duration.months !== 0) throw noFixedLength(what, "months");
  const { weeks, days, hours, minutes, seconds, milliseconds, microseconds, nanoseconds } =
    duration;
  const fields = { weeks, days, hours, minutes, seconds, milliseconds, microseconds, nanoseconds };
  return roundedMs(sum(Object.entries(fields)), what, String(duration));
}

function fromIso(text: string, what: string): number {
  let duration: Temporal.Duration;
  try {
    duration = Temporal.Duration.from(text);
  } catch {
    throw invalid(
      what,
      `${quote(text)} is not an ISO 8601 duration; write it like "PT5M" or { minutes: 5 }`,
    );
  }
  return fromDuration(duration, what);
}

function fromFields(fields: unknown, what: string): number {
  if (
    typeof fields !== "object" ||
    fields === null ||
    Array.isArray(fields) ||
    !isPlain(fields) ||
    isRawJson(fields) // a number that JavaScript cannot hold, see exact-json.ts
  ) {
    throw invalid(
      what,
      `${describe(fields)} is not a length of time; write it like "PT5M" or { minutes: 5 }`,
    );
  }
  const given = Object.entries(fields as object).filter(([, amount]) => amount !== undefined);
  if (given.length === 0) throw invalid(what, "no unit is given; write it like { minutes: 5 }");
  for (const [unit, amount] of given) {
    if (unit === "years" || unit === "months") throw noFixedLength(what, unit);
    if (!UNITS.includes(unit)) {
      throw invalid(what, `${quote(unit)} is not a unit${didYouMean(unit, UNITS)}`);
    }
    if (typeof amount !== "number" || !Number.isFinite(amount)) {
      throw invalid(what, `${unit} is ${describe(amount)}, not a number`);
    }
  }
  return roundedMs(sum(given), what, JSON.stringify(fields));
}

function sum(amounts: readonly (readonly [unit: string, amount: number])[]): number {
  let total = 0;
  for (const [unit, amount] of amounts) total += amount * MS[unit as keyof DurationFields];
  return total;
}

function roundedMs(ms: number, what: string, given: string): number {
  if (Math.abs(ms) > LONGEST_MS)
    throw invalid(what, `${cut(given)} is too long; the longest is 100000000 days`);
  return Math.round(ms) + 0; // never -0
}

function noFixedLength(what: string, unit: string): TqError {
  return invalid(what, `${unit} have no fixed length; say it in days, hours or smaller units`);
}

function invalid(what: string, why: string): TqError {
  return new TqError("invalid", `${what}: ${why}`);
}

function describe(value: unknown): string {
  if (typeof value === "string") return quote(value);
  if (Array.isArray(value)) return "an array";
  if (value instanceof Date) return "a Date";
  if (isRawJson(value)) return value.rawJSON;
  if (typeof value === "object" && value !== null) return "an object";
  return String(value);
}

function isRawJson(value: unknown): value is { readonly rawJSON: string } {
  return typeof value === "object" && value !== null && "rawJSON" in value;
}

function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

function pair(small: number, size: number, bigUnit: string, smallUnit: string): string {
  const total = Math.round(small);
  const rest = total % size;
  return `${Math.floor(total / size)} ${bigUnit}${rest === 0 ? "" : ` ${rest} ${smallUnit}`}`;
}
