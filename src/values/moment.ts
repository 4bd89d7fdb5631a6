/** Points in time, as people and programs write them. Inside tq a point in time is in ms since 1970 UTC. */
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { zoneNamed } from "./time-zone.ts";

/** A point in time. Text is ISO 8601; without a zone it is local time, as a `Temporal.PlainDateTime` is. */
export type MomentLike =
  Temporal.Instant | Temporal.ZonedDateTime | Temporal.PlainDateTime | Date | string;

const MOMENT = /^[+-]?\d{4,6}-\d\d-/;

/** A time of day with `Z` or an offset behind it: a date alone may end like an offset. */
const HAS_OFFSET = /^[^t ]*[t ].*(?:z|[+-]\d\d(?::?\d\d)?)$/i;

/** True for text that is meant as a point in time, and not as a length of time. */
export function looksLikeMoment(text: string): boolean {
  return MOMENT.test(text);
}

/**
 * A point in time in ms since 1970 UTC; undefined for a value that is none.
 *
 * @param what names the value; the error's sentence starts with it
 * @throws TqError `invalid`
 */
export function momentOf(value: unknown, what: string): number | undefined {
  if (typeof value === "string") return MOMENT.test(value) ? parseMoment(value, what) : undefined;
  if (typeof value !== "object" || value === null) return undefined;
  if (value instanceof Temporal.Instant || value instanceof Temporal.ZonedDateTime) {
    return value.epochMilliseconds;
  }
  if (value instanceof Temporal.PlainDateTime) return fromLocal(value, String(value), what);
  if (!(value instanceof Date)) return undefined;
  const ms = value.getTime();
  if (Number.isNaN(ms)) throw invalid(what, "the Date is not a valid one");
  return ms;
}

/**
 * Reads ISO 8601: `2026-12-01T07:00`, `2026-12-01 07:00:30`, `2026-12-01`, with `Z` or an offset at its end if it is
 * not local time.
 *
 * @param zone whose local time it is; default: that of this machine.
 * @throws TqError `invalid` for what is no date, and for local times that do not exist or come twice.
 */
export function parseMoment(text: string, what: string, zone?: string): number {
  try {
    if (text.endsWith("]")) return Temporal.ZonedDateTime.from(text).epochMilliseconds;
    if (HAS_OFFSET.test(text)) {
      return Temporal.Instant.from(text).epochMilliseconds;
    }
    return fromLocal(Temporal.PlainDateTime.from(text), text, what, zone);
  } catch (error) {
    if (error instanceof TqError) throw error;
    throw invalid(
      what,
      `${quote(text)} is not a point in time; write it like 2026-12-01T07:00Z, or without the Z in local time`,
    );
  }
}

/** True for `7:05` and `19:30`. */
export function isTimeOfDay(text: string): boolean {
  return /^\d\d?:\d\d$/.test(text);
}

/**
 * The next time that the local clock shows this.
 *
 * @throws TqError `invalid` for what is no time of a day.
 */
export function nextTimeOfDay(text: string, what: string, now: number, zone?: string): number {
  const today = onDay(text, what, now, 0, zone);
  return today > now ? today : onDay(text, what, now, 1, zone);
}

/** The last time that the clock here says it: today, or yesterday where it has not come yet. */
export function lastTimeOfDay(text: string, what: string, now: number, zone?: string): number {
  const today = onDay(text, what, now, 0, zone);
  return today <= now ? today : onDay(text, what, now, -1, zone);
}

function onDay(text: string, what: string, now: number, days: number, given?: string): number {
  const zone = given ?? localZone(text, what);
  const today = Temporal.Instant.fromEpochMilliseconds(now).toZonedDateTimeISO(zone).toPlainDate();
  return parseMoment(`${today.add({ days })}T${text.padStart("07:05".length, "0")}`, what, zone);
}

function fromLocal(
  local: Temporal.PlainDateTime,
  text: string,
  what: string,
  given?: string,
): number {
  const zone = given ?? localZone(text, what);
  const at = (disambiguation: "earlier" | "later") =>
    local.toZonedDateTime(zone, { disambiguation });
  const [earlier, later] = [at("earlier"), at("later")];
  if (earlier.epochMilliseconds === later.epochMilliseconds) return earlier.epochMilliseconds;
  const why = earlier.toPlainDateTime().equals(local)
    ? `comes twice in ${zone}, as the clock is set back; say which: ${iso(earlier)} or ${iso(later)}`
    : `does not exist in ${zone}, as the clock is set forward; the times beside it are ${iso(earlier)} and ${iso(later)}`;
  throw invalid(what, `${quote(text)} ${why}`);
}

function iso(time: Temporal.ZonedDateTime): string {
  return time.toString({ timeZoneName: "never" });
}

/** The zone that the variable TZ names, else the system's. What is no name of a zone would be taken for UTC. */
function localZone(text: string, what: string): string {
  const name = localZoneName();
  if (name !== null) return name;
  const { TZ } = process.env;
  throw invalid(
    what,
    `${quote(text)} has no zone, and TZ is ${quote(TZ)}, which is not the name of one; write Z or an offset at its end`,
  );
}

/** The name of the zone of this machine; null: TZ names none that is known. */
export function localZoneName(): string | null {
  const name = zoneNamed(process.env["TZ"]);
  return name === "" ? Temporal.Now.timeZoneId() : name;
}

/** The local time for people: `14:05` today, else `2026-12-01 14:05`. */
export function localTime(ms: number, now: number): string {
  const time = new Date(ms);
  if (Number.isNaN(time.getTime())) return String(ms);
  const two = (part: number): string => String(part).padStart(2, "0");
  const clock = `${two(time.getHours())}:${two(time.getMinutes())}`;
  if (time.toDateString() === new Date(now).toDateString()) return clock;
  return `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())} ${clock}`;
}

function invalid(what: string, why: string): TqError {
  return new TqError("invalid", `${what}: ${why}`);
}
