/** The kinds of options: which values there are, and how TypeScript, JSON and a command line write them. */
import { systemClock } from "../clock.ts";
import { isTqError, TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import {
  type DurationFields,
  type DurationLike,
  parseDuration,
  toMilliseconds,
} from "./duration.ts";
import {
  isTimeOfDay,
  lastTimeOfDay,
  looksLikeMoment,
  momentOf,
  nextTimeOfDay,
  parseMoment,
} from "./moment.ts";

/** The point from which relative values of one push count. */
export interface Basis {
  /** Lengths of time count from here: ms since 1970 UTC. */
  readonly now: number;
  /** The instances a task gets where the batch is true; null where lists are not divided. */
  readonly batchSize: number | null;
}

/** The JSON values of a kind as JSON Schema (draft 2020-12) says it: the OpenAPI document is made from it. */
export type JsonForm = Readonly<Record<string, unknown>>;

/** Each reader throws TqError "invalid"; its sentence begins with the name. */
export interface Kind<Column> {
  /** The values that `readJson` takes; a reader may refuse more than a schema can say. */
  readonly json: JsonForm;
  /** Completes "it must be …". */
  readonly allowed: string;
  /** Turns a value of TypeScript into the task's. */
  readonly read: (value: unknown, name: string, basis: Basis) => Column;
  /** Turns a value of JSON into the task's. */
  readonly readJson: (value: unknown, name: string, basis: Basis) => Column;
  /** The text of a flag as TypeScript would write it. Times count by the zone; default: that of this machine. */
  readonly readText: (text: string, name: string, zone?: string) => unknown;
}

/** A kind whose values mean the same at any push. */
interface PlainKind<Column> extends Kind<Column> {
  readonly read: (value: unknown, name: string) => Column;
  readonly readJson: (value: unknown, name: string) => Column;
  readonly readText: (text: string, name: string) => Column;
}

/** The most characters of a text; the triggers of `tq_push` say the same. */
const MAX_TEXT = 1000;

/** A text that every program that reads the database can keep: no NUL, no half of a surrogate pair. */
export function text(what: string): PlainKind<string> {
  const allowed = `${what}, as text of 1 to ${MAX_TEXT} characters`;
  const read = (value: unknown, name: string) => {
    if (typeof value !== "string" || value === "" || isLong(value)) {
      throw refused(value, name, allowed);
    }
    if (value.isWellFormed() && !value.includes("\0")) return value;
    throw refused(value, name, `${allowed}, without NUL and without half a surrogate pair`);
  };
  const json = { type: "string", minLength: 1, maxLength: MAX_TEXT };
  return { json, allowed, read, readJson: read, readText: read };
}

/** Counts characters, as a database does; JavaScript's `length` counts some of them twice. */
function isLong(text: string): boolean {
  return (
    text.length > 2 * MAX_TEXT || (text.length > MAX_TEXT && Array.from(text).length > MAX_TEXT)
  );
}

/** A whole number. */
export function whole(
  allowed: string,
  min = Number.MIN_SAFE_INTEGER,
  max = Number.MAX_SAFE_INTEGER,
): PlainKind<number> {
  const check = (number: unknown, given: unknown, name: string) => {
    const whole = Number.isSafeInteger(number) ? (number as number) + 0 : Number.NaN; // never -0
    if (whole >= min && whole <= max) return whole;
    throw refused(given, name, allowed);
  };
  const read = (value: unknown, name: string) => check(value, value, name);
  const readText = (written: string, name: string) => check(fromDigits(written), written, name);
  const json = { type: "integer", minimum: min, maximum: max };
  return { json, allowed, read, readJson: read, readText };
}

/** The longest time that a Date can say. */
const MAX_TIME = 8_640_000_000_000_000;
/** 1973: a smaller number was meant as seconds, or as a length of time. */
const MIN_TIME = 100_000_000_000;
const JSON_TIME = `a length of time from now like "5m" or {"minutes": 5}, a point in time like "2026-12-01T07:00Z", or ms since 1970 UTC`;

const MOMENT_JSON: JsonForm = {
  description: JSON_TIME,
  anyOf: [
    { type: "string", minLength: 1 },
    { type: "integer", minimum: MIN_TIME, maximum: MAX_TIME },
    { type: "object", additionalProperties: { type: "number" } },
  ],
};

/** A moment: a length of time from now, or a point in time. JSON may also say it in ms since 1970 UTC. */
export function time(): Kind<number> {
  const later = (ms: number, { now }: Basis) => Math.min(now + ms, MAX_TIME);
  return {
    json: MOMENT_JSON,
    allowed:
      'a length of time from now, such as { minutes: 5 } or "PT5M", or a point in time like "2026-12-01T07:00Z"',
    read: (value, name, basis) =>
      momentOf(value, name) ??
      later(
        orMoment(value, () => toMilliseconds(value as DurationLike, name)),
        basis,
      ),
    readJson: (value, name, basis) => {
      if (typeof value === "number") return readTime(value, name);
      if (typeof value === "string") {
        return (
          momentOf(value, name) ??
          later(
            orMoment(value, () => parseDuration(value, name)),
            basis,
          )
        );
      }
      if (isJsonObject(value)) return later(toMilliseconds(value, name), basis);
      throw refused(value, name, JSON_TIME);
    },
    readText: (written, name, zone) =>
      isTimeOfDay(written)
        ? instant(nextTimeOfDay(written, name, systemClock.now(), zone))
        : readWritten(written, name, zone),
  };
}

function instant(ms: number): Temporal.Instant {
  return Temporal.Instant.fromEpochMilliseconds(ms);
}

/** Ms since 1970, as JSON has them: a length of time has a unit. */
const WRITTEN_MS = /^\d{12,16}$/;

function readWritten(
  written: string,
  name: string,
  zone?: string,
): Temporal.Instant | DurationFields {
  if (WRITTEN_MS.test(written)) return instant(readTime(Number(written), name));
  return looksLikeMoment(written)
    ? instant(parseMoment(written, name, zone))
    : { milliseconds: orMoment(written, () => parseDuration(written, name)) };
}

/** A moment that has passed, as a rule: a length of time before now, or a point in time. */
export function ago(): Kind<number> {
  const allowed =
    'a length of time before now like "7d", or a point in time like "2026-12-01T07:00Z"';
  const before = (ms: number, given: unknown, name: string, { now }: Basis) => {
    if (ms >= 0) return Math.max(now - ms, -MAX_TIME);
    throw new TqError("invalid", `${name} cannot be ${quote(given)}: it must be ${allowed}`);
  };
  const readString = (written: string, name: string, zone?: string) => {
    const read = readWritten(written, name, zone);
    if (!written.startsWith("-") || looksLikeMoment(written)) return read;
    throw refused(written, name, allowed);
  };
  return {
    json: MOMENT_JSON,
    allowed,
    read: (value, name, basis) => {
      if (typeof value === "number") return readTime(value, name);
      const length = () => orMoment(value, () => toMilliseconds(value as DurationLike, name));
      return momentOf(value, name) ?? before(length(), value, name, basis);
    },
    readJson: (value, name, basis) => {
      const written = typeof value === "string" ? readString(value, name) : value;
      return ago().read(written, name, basis);
    },
    readText: (written, name, zone) =>
      isTimeOfDay(written)
        ? instant(lastTimeOfDay(written, name, systemClock.now(), zone))
        : readString(written, name, zone),
  };
}

/** Says, as null does, that there is no limit. */
export const NONE = "none";

/** A kind whose values may also be "none", or null. */
export function orNone<Column>({
  json,
  allowed,
  read,
  readJson,
  readText,
}: Kind<Column>): Kind<Column | null> {
  const isNone = (value: unknown) => value === null || value === NONE;
  return {
    json: { anyOf: [json, { type: "null" }, { const: NONE }] },
    allowed: `${allowed}, or "${NONE}"`,
    read: (value, name, basis) => (isNone(value) ? null : read(value, name, basis)),
    readJson: (value, name, basis) => (isNone(value) ? null : readJson(value, name, basis)),
    readText: (written, name, zone) => (isNone(written) ? written : readText(written, name, zone)),
  };
}

/** Reads a length of time. Its refusal of a text, such as "20:00", also says how a point in time is written. */
function orMoment<T>(value: unknown, read: () => T): T {
  try {
    return read();
  } catch (cause) {
    if (typeof value !== "string" || !isTqError(cause)) throw cause;
    const message = `${cause.message}; a point in time is written like 2026-12-01T20:00`;
    throw new TqError("invalid", message, { cause });
  }
}

function readTime(value: number, name: string): number {
  if (Number.isInteger(value) && value >= MIN_TIME && value <= MAX_TIME) return value;
  const why = `${value} is not a time in ms since 1970 UTC; give ${JSON_TIME}`;
  throw new TqError("invalid", `${name}: ${why}`);
}

/** Not what `JSON.rawJSON` gives for a number that JavaScript cannot hold. */
function isJsonObject(value: unknown): value is DurationFields {
  return (
    typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
  );
}

/** Instances per task. TypeScript may also give a text with the number, as Tryton does. */
export function batch(): Kind<number | null> {
  const allowed = "a whole number from 1 up, or true for the setting queue.batch_size";
  const { read: readSize, readText: readDigits } = whole(allowed, 1);
  const unlessUndivided = (size: number, { batchSize }: Basis) =>
    batchSize === null ? null : size;
  const readJson: Kind<number | null>["readJson"] = (value, name, basis) => {
    if (value === false) return null;
    return value === true ? basis.batchSize : unlessUndivided(readSize(value, name), basis);
  };
  return {
    json: { anyOf: [{ type: "integer", minimum: 1 }, { type: "boolean" }] },
    allowed,
    read: (value, name, basis) =>
      typeof value === "string"
        ? unlessUndivided(readDigits(value, name), basis)
        : readJson(value, name, basis),
    readJson,
    readText: (written, name) => written === "true" || readDigits(written, name),
  };
}

/** The number that a text writes with its digits: NaN for `1e3`, `0x10`, ` 7`. */
function fromDigits(written: string): number {
  return /^-?\d+$/.test(written) ? Number(written) : Number.NaN;
}

function refused(value: unknown, name: string, allowed: string): TqError {
  const problem = value === undefined ? "is missing" : `cannot be ${quote(value)}`;
  return new TqError("invalid", `${name} ${problem}: it must be ${allowed}`);
}
