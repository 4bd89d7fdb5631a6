/** The span of time that statistics are asked for. */
import { TqError } from "../../errors.ts";
import { quote } from "../../quote.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, parseDuration } from "../../values/duration.ts";

const WORDS: ReadonlyMap<string, number> = new Map([
  ["hour", HOUR_MS],
  ["day", DAY_MS],
  ["week", 7 * DAY_MS],
]);

/** The statistics go back so far. */
const LONGEST_DAYS = 366;

export const DEFAULT_LAST = "hour";

/** @param name of the flag or field, for the sentence of a refusal. @returns ms. @throws TqError "invalid" */
export function readLast(text: string, name: string): number {
  const length = WORDS.get(text) ?? parseDuration(text, name);
  if (length >= MINUTE_MS && length <= LONGEST_DAYS * DAY_MS) return length;
  throw new TqError(
    "invalid",
    `${name} cannot be ${quote(text)}: it must be hour, day, week, or a length from 1m to ${LONGEST_DAYS}d`,
  );
}

/** The start of the minute in which a span of this length begins that ends now. */
export function sinceOf(now: number, length: number): number {
  return Math.floor((now - length) / MINUTE_MS) * MINUTE_MS;
}
