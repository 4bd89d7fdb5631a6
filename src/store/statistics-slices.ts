/** Divides a time whose statistics are asked for: a few long rows say as much as many short ones. */
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../values/duration.ts";
import type { StatisticsQuery } from "./statistics-store.ts";

/** Rows of minutes are kept so long: of a time before there are hours and days. */
const MINUTES_KEPT_MS = 8 * DAY_MS;

/** Rows of hours and days are kept so long. */
const HOURS_KEPT_MS = 366 * DAY_MS;

/** The times before which rows are deleted. Minutes go by whole hours: `tq_stats` shows the hours of which there are none. */
export function oldBefore(now: number) {
  return {
    minutesBefore: startOf(now - MINUTES_KEPT_MS, HOUR_MS),
    hoursBefore: now - HOURS_KEPT_MS,
  };
}

/** Rows of one span, from the first time on and before the second one. */
export interface Slice {
  /** How long a row lasts: ms. */
  readonly span: number;
  readonly from: number;
  readonly to: number;
}

export function startOf(at: number, span: number): number {
  return Math.floor(at / span) * span;
}

/** The parts of a time that are read by rows of one span each. */
export function piecesOf(
  { since, until, longest = DAY_MS }: Pick<StatisticsQuery, "since" | "until" | "longest">,
  now: number,
): Slice[] {
  const from = since < now - MINUTES_KEPT_MS ? startOf(since, HOUR_MS) : since;
  // Nothing comes after the present: its hour and its day are read whole.
  const to = until >= now ? Infinity : until;
  const spans = [DAY_MS, HOUR_MS, MINUTE_MS].filter((span) => span <= Math.max(longest, MINUTE_MS));
  return [...divide(from, to, spans)];
}

/** @param spans the longest first. */
function* divide(
  from: number,
  to: number,
  [span = MINUTE_MS, ...shorter]: readonly number[],
): Generator<Slice, void> {
  const first = Math.ceil(from / span) * span;
  const last = startOf(to, span);
  if (shorter.length === 0) yield { span, from, to };
  else if (first >= last) yield* divide(from, to, shorter);
  else {
    if (from < first) yield* divide(from, first, shorter);
    yield { span, from: first, to: last };
    if (last < to) yield* divide(last, to, shorter);
  }
}

/** A slice has at most so many rows of each method: with a hundred busy methods, some 20 ms. */
const ROWS_AT_ONCE = 120;

/** The part of a piece that is read at once. @param at its first row; null: it has none */
export function sliceFrom({ span, to }: Slice, at: number | null): Slice | null {
  return at === null ? null : { span, from: at, to: Math.min(at + span * ROWS_AT_ONCE, to) };
}
