/** The rows of statistics, as every database keeps them: which runs are in one, and how its columns say it. */
import { MEASURES, RUN_ENDS, RunCounts, type Series, SeriesCounts } from "../statistics/counts.ts";
import { DAY_MS, HOUR_MS } from "../values/duration.ts";
import type { SeriesEnds, StatisticsRow } from "./statistics-store.ts";

/** A long span is read from few rows, though its minutes have many. */
export const LONG_SPANS = [HOUR_MS, DAY_MS];

/** Where the table has the totals since the beginning, a row for each series. They are written with the minutes, so no run costs more. */
export const TOTAL = { span: 0, at: 0 } as const;

/** So many series have totals of their own; those of further methods are added up by queue, while there are fewer than the second number. */
export const MOST_SERIES = 200;
export const MOST_WITH_OTHERS = 300;

/** The model and the method of the row that has all runs of a queue, and the queue of that of all: none has such a name. */
export const ALL = "";
export const EVERYTHING: Series = { queue: ALL, model: ALL, method: ALL };

/** The values of the column `whole`. */
export const OF_METHOD = 0;
export const OF_QUEUE = 1;
export const OF_ALL = 2;

export interface Together {
  readonly queues: SeriesCounts;
  readonly all: RunCounts;
}

export function togetherOf(counts: SeriesCounts): Together {
  const queues = new SeriesCounts();
  const all = new RunCounts();
  for (const [{ queue }, added] of counts) {
    queues.of({ queue, model: ALL, method: ALL }).merge(added);
    all.merge(added);
  }
  return { queues, all };
}

/** The columns beside those of the key. */
export const VALUES = [
  ...RUN_ENDS,
  ...MEASURES.flatMap((measure) =>
    ["count", "sum", "worst", "buckets"].map((of) => `${measure}_${of}`),
  ),
];

export type Value = number | Uint8Array;
export type StoredRow = StatisticsRow & Record<string, Value | string>;

/** Lengths of time are stored in whole µs. */
export function toValues(counts: RunCounts): Record<string, Value> {
  const values: Record<string, Value> = { ...counts.ends };
  for (const measure of MEASURES) {
    const { count, sum, worst } = counts.measures[measure];
    values[`${measure}_count`] = count;
    values[`${measure}_sum`] = Math.round(sum * 1_000);
    values[`${measure}_worst`] = Math.round(worst * 1_000);
    values[`${measure}_buckets`] = counts.measures[measure].encode();
  }
  return values;
}

export function addRow(counts: RunCounts, row: StoredRow): void {
  for (const end of RUN_ENDS) counts.ends[end] += row[end] as number;
  for (const measure of MEASURES) {
    if (row[`${measure}_count`] === 0) continue;
    const [sum, worst] = [row[`${measure}_sum`] as number, row[`${measure}_worst`] as number];
    const buckets = row[`${measure}_buckets`] as Uint8Array;
    counts.measures[measure].addEncoded(buckets, sum / 1_000, worst / 1_000);
  }
}

export function addedEnds(one: SeriesEnds, other: SeriesEnds): SeriesEnds {
  const sums = RUN_ENDS.map((end) => [end, one[end] + other[end]] as const);
  return { ...one, ...Object.fromEntries(sums) };
}
