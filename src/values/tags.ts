/**
 * The tagged objects that stand for what JSON lacks: `{"__class__":"date","day":29,"month":2,"year":2024}`.
 *
 * datetime, date, time, timedelta, bytes and Decimal are trytond's (`trytond/protocols/jsonrpc.py`), member for
 * member, so that both can read each other's tasks; Instant, bigint and, for years that datetime lacks, ZonedDateTime
 * are tq's own.
 */
import { Decimal } from "./decimal.ts";

/** A tagged object; its members stand in the order of their names, as trytond writes them. */
export interface Tag {
  readonly [member: string]: unknown;
}

/** Throws the error for a value that JSON cannot carry, with its path before the reason. */
export type Refuse = (reason: string) => never;

/** The tag of an object, or undefined when it has none. */
export function toTag(value: object, refuse: Refuse): Tag | undefined {
  if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) refuse("an invalid Date is not JSON");
    return instantTag(value.toTemporalInstant());
  }
  if (value instanceof Decimal) return { __class__: "Decimal", decimal: value.toString() };
  if (value instanceof Uint8Array) return { __class__: "bytes", base64: toLines(value) };
  if (value instanceof Temporal.Instant) return instantTag(value);
  if (value instanceof Temporal.ZonedDateTime) return zonedTag(value);
  if (value instanceof Temporal.PlainDateTime) return datetimeTag(value, refuse);
  if (value instanceof Temporal.PlainDate) return dateTag(value, refuse);
  if (value instanceof Temporal.PlainTime) return timeTag(value, refuse);
  if (value instanceof Temporal.Duration) return timedeltaTag(value, refuse);
  return undefined;
}

/** The tag of a bigint. */
export function bigintTag(value: bigint): Tag {
  return { __class__: "bigint", bigint: String(value) };
}

/** The reader of each tag. It throws any error when the members do not fit. */
export const TAG_READERS: ReadonlyMap<unknown, (tag: Tag) => unknown> = new Map([
  ["Instant", (tag: Tag): unknown => Temporal.Instant.from(text(tag, "instant"))],
  ["ZonedDateTime", readZoned],
  ["datetime", readDatetime],
  ["date", (tag) => Temporal.PlainDate.from(readDate(tag), REJECT)],
  ["time", (tag) => readTime(tag)],
  ["timedelta", readTimedelta],
  ["bytes", (tag) => Uint8Array.fromBase64(text(tag, "base64"))],
  ["Decimal", (tag) => new Decimal(text(tag, "decimal"))],
  ["bigint", (tag) => readBigint(text(tag, "bigint"))],
]);

/** True for an object that a reader would take for a tag. "object" is the tag of plain objects that look like one. */
export function isTag({ __class__: name }: Tag): boolean {
  return name === "object" || TAG_READERS.has(name);
}

const REJECT = { overflow: "reject" } as const;

function instantTag(instant: Temporal.Instant): Tag {
  return { __class__: "Instant", instant: instant.toString() };
}

/**
 * Trytond's datetime, with the members that trytond passes over: the instant and the zone, apart, as one text with an
 * offset loses the seconds of old offsets.
 */
function zonedTag(zoned: Temporal.ZonedDateTime): Tag {
  const local = zoned.withCalendar("iso8601");
  const { day, hour, minute, month, second, year } = local;
  const microsecond = local.millisecond * 1000 + local.microsecond;
  const [calendar, zone] = [zoned.calendarId, zoned.timeZoneId];
  const instant = zoned.toInstant().toString();
  if (year < 1 || year > 9999) return { __class__: "ZonedDateTime", calendar, instant, zone };
  const date = { calendar, day, hour, instant, microsecond, minute, month, second, year, zone };
  return { __class__: "datetime", ...date };
}

function readDatetime(tag: Tag): Temporal.PlainDateTime | Temporal.ZonedDateTime {
  if (Object.hasOwn(tag, "zone")) return readZoned(tag);
  return Temporal.PlainDate.from(readDate(tag), REJECT).toPlainDateTime(readTime(tag));
}

function readZoned(tag: Tag): Temporal.ZonedDateTime {
  const instant = Temporal.Instant.from(text(tag, "instant"));
  return instant.toZonedDateTimeISO(text(tag, "zone")).withCalendar(text(tag, "calendar"));
}

function datetimeTag(value: Temporal.PlainDateTime, refuse: Refuse): Tag {
  requireIso(value, refuse);
  const { day, hour, minute, month, second, year } = value;
  const microsecond = microsecondOf(value, refuse);
  return { __class__: "datetime", day, hour, microsecond, minute, month, second, year };
}

function dateTag(value: Temporal.PlainDate, refuse: Refuse): Tag {
  requireIso(value, refuse);
  return { __class__: "date", day: value.day, month: value.month, year: value.year };
}

function timeTag(value: Temporal.PlainTime, refuse: Refuse): Tag {
  const { hour, minute, second } = value;
  return { __class__: "time", hour, microsecond: microsecondOf(value, refuse), minute, second };
}

function requireIso(value: { readonly calendarId: string }, refuse: Refuse): void {
  if (value.calendarId === "iso8601") return;
  refuse(`the calendar "${value.calendarId}" cannot be kept; use withCalendar("iso8601")`);
}

function microsecondOf(value: Temporal.PlainDateTime | Temporal.PlainTime, refuse: Refuse): number {
  if (value.nanosecond !== 0) {
    refuse(`the nanoseconds of ${value} cannot be kept; use round("microsecond")`);
  }
  return value.millisecond * 1000 + value.microsecond;
}

function readDate(tag: Tag): { year: number; month: number; day: number } {
  return { year: whole(tag, "year"), month: whole(tag, "month"), day: whole(tag, "day") };
}

function readTime(tag: Tag): Temporal.PlainTime {
  const micro = whole(tag, "microsecond");
  return new Temporal.PlainTime(
    whole(tag, "hour"),
    whole(tag, "minute"),
    whole(tag, "second"),
    Math.floor(micro / 1000),
    micro % 1000,
  );
}

/** A timedelta is one number of seconds; a day has 24 hours and a week 7 days. */
function timedeltaTag(value: Temporal.Duration, refuse: Refuse): Tag {
  if (value.years !== 0 || value.months !== 0) {
    refuse(`${value} has years or months, which have no fixed length; say it in days`);
  }
  const hours = BigInt(value.weeks * 168 + value.days * 24 + value.hours);
  const seconds = (hours * 60n + BigInt(value.minutes)) * 60n + BigInt(value.seconds);
  const micros =
    (seconds * 1000n + BigInt(value.milliseconds)) * 1000n + BigInt(value.microseconds);
  const nanos = micros * 1000n + BigInt(value.nanoseconds);
  const total = nanos / 1000n;
  if (total * 1000n !== nanos) {
    refuse(`the nanoseconds of ${value} cannot be kept; use round("microsecond")`);
  }
  const tag = { __class__: "timedelta", seconds: Number(`${total}e-6`) };
  if (microsOf(tag.seconds) !== total) {
    refuse(`${value} is too long to keep its microseconds; use round("second")`);
  }
  return tag;
}

function readTimedelta(tag: Tag): Temporal.Duration {
  const micros = microsOf(number(tag, "seconds"));
  const seconds = Number(micros / 1_000_000n);
  const microseconds = Number(micros % 1_000_000n);
  return Temporal.Duration.from({ seconds, microseconds }).round({ largestUnit: "hours" });
}

/** Seconds to whole microseconds, as Python's timedelta reads them. */
function microsOf(seconds: number): bigint {
  const whole = Math.trunc(seconds);
  return BigInt(whole) * 1_000_000n + BigInt(Math.round((seconds - whole) * 1_000_000));
}

/** Base64 as Python's `base64.encodebytes` writes it: a new line after each 76 letters and at the end. */
function toLines(bytes: Uint8Array): string {
  return bytes.toBase64().replace(/.{1,76}/g, "$&\n");
}

function readBigint(digits: string): bigint {
  if (!/^-?\d+$/.test(digits))
    throw new TypeError(`${JSON.stringify(digits)} is not a whole number`);
  return BigInt(digits);
}

function number(tag: Tag, member: string): number {
  const value = tag[member];
  if (typeof value !== "number") throw new TypeError(`${member} is not a number`);
  return value;
}

function whole(tag: Tag, member: string): number {
  const value = number(tag, member);
  if (!Number.isInteger(value)) throw new TypeError(`${member} is not a whole number`);
  return value;
}

function text(tag: Tag, member: string): string {
  const value = tag[member];
  if (typeof value !== "string") throw new TypeError(`${member} is not a string`);
  return value;
}
