/**
 * When a recurring task comes: a cron expression of five fields, a nickname such as `@daily`, or `every 15m`. Bun.cron
 * finds the times of an expression, and no second parser does: two disagree where clocks change.
 */
import { TqError, messageOf } from "../errors.ts";
import { cut, quote } from "../quote.ts";
import { withGaps } from "./clock-gap.ts";
import { parseDuration } from "../values/duration.ts";

/** A schedule that was read. Its times are ms since 1970 UTC, and are called slots. */
export interface Schedule {
  /** As it was written, without needless spaces. */
  readonly text: string;
  /** The ms between two slots; null for a cron expression. */
  readonly interval: number | null;
  /** The first slot after this time; null where none comes within some 8 years. */
  next(after: number): number | null;
}

/** Longer texts are mistakes: a list of a million minutes is a valid expression, and eats time and memory. */
const MOST_CHARACTERS = 200;

const SHORTEST_MS = 1_000;
const LONGEST_MS = 366 * 86_400_000;

/**
 * @param text `30 2 * * *`, `@daily`, `every 15m`
 * @param zone the IANA name of a time zone; null: that of this machine. An interval is counted from 1970 UTC, so that
 * no restart moves it.
 * @param what names the schedule; the error's sentence starts with it
 * @throws TqError "invalid" for what is no schedule, and for one that never comes
 */
export function readSchedule(text: unknown, zone: string | null, what: string): Schedule {
  if (typeof text !== "string") throw notOne(what, quote(text));
  if (text.length > MOST_CHARACTERS) {
    throw invalid(what, `${cut(quote(text), 60)} is longer than ${MOST_CHARACTERS} characters`);
  }
  const plain = text.trim().replace(/\s+/g, " ");
  return /^every\b/i.test(plain) ? readInterval(plain, what) : readExpression(plain, zone, what);
}

function readInterval(text: string, what: string): Schedule {
  const length = text.slice("every".length).trim();
  if (length === "") throw invalid(what, `${quote(text)} needs a length of time: every 15m`);
  const interval = parseDuration(length, what);
  if (interval < SHORTEST_MS || interval > LONGEST_MS) {
    throw invalid(what, `${quote(text)} is not from every 1s to every 366d`);
  }
  return {
    text,
    interval,
    next: (after) => (Math.floor(after / interval) + 1) * interval,
  };
}

function readExpression(text: string, zone: string | null, what: string): Schedule {
  refuseForeign(text, what);
  const options = zone === null ? undefined : { tz: zone };
  const next = (after: number): number | null =>
    Bun.cron.parse(text, after, options)?.getTime() ?? null;
  let first: number | null;
  try {
    first = next(Date.UTC(2000, 0, 1)); // a leap year is near, whatever the clock says
  } catch (error) {
    throw notOne(what, quote(text), whyOf(error));
  }
  if (first === null) throw invalid(what, `${quote(text)} never comes: there is no such day`);
  const plain = (after: number) => Bun.cron.parse(text, after, { tz: "UTC" })?.getTime() ?? null;
  const clock = zone ?? Temporal.Now.timeZoneId();
  return { text, interval: null, next: withGaps(next, plain, clock) };
}

/** Refuses, in words of its own, what other programs take for cron and Bun does not. */
function refuseForeign(text: string, what: string): void {
  const fields = text.split(" ");
  const say = (why: string) => {
    throw invalid(what, `${quote(text)} ${why}`);
  };
  if (/^@every\b/i.test(text)) say(`is written "every ${text.slice("@every".length).trim()}" here`);
  if (/^@reboot$/i.test(text)) say("is no time: put what is to run at a start into the service");
  if (fields.length === 6 || fields.length === 7) {
    say(
      `has ${fields.length} fields; a schedule has 5, without seconds and years: minute hour day month weekday; for seconds write "every 10s"`,
    );
  }
  if (text.startsWith("@")) return;
  const isNamed = /^(?:[a-z]{3,9}|[\d*,/-])+$/i;
  for (const field of fields) {
    if (/[#?]/.test(field) || (/[lw]/i.test(field) && /^(?:l|lw|w)$|\d[lw]|l-\d/i.test(field))) {
      say(
        `has ${quote(field)}: the signs L, W, # and ? are not known here; use a date and look at the day in the task`,
      );
    }
    if (!isNamed.test(field)) return; // Bun.cron says what is wrong
  }
  const tooLong = fields.find((field, at) => stepOf(field) > (STEPS[at] ?? 0));
  if (tooLong !== undefined) say(`has ${quote(tooLong)}, a step over more than the whole field`);
}

/** How many values each field has. */
const STEPS = [59, 23, 30, 11, 6];

function stepOf(field: string): number {
  return Math.max(0, ...field.split(",").map((part) => Number(part.split("/")[1] ?? 0)));
}

function whyOf(error: unknown): string {
  const message = messageOf(error);
  return message.replace(/^(?:Invalid cron expression|Bun\.cron):\s*/, "");
}

function notOne(what: string, shown: string, why?: string): TqError {
  const reason = why === undefined ? "" : ` (${why})`;
  return invalid(
    what,
    `${shown} is not a schedule${reason}; write it like "30 2 * * *", "@daily" or "every 15m"`,
  );
}

function invalid(what: string, why: string): TqError {
  return new TqError("invalid", `${what}: ${why}`);
}
