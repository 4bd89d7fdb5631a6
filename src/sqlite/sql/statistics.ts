/** The statistics of runs: rows of minutes, which become rows of hours. */
import type { Database } from "bun:sqlite";
import { MEASURES, RUN_ENDS, RunCounts, type Series } from "../../statistics/counts.ts";
import { TOTAL, totalSeries } from "./total-series.ts";
import type {
  SeriesEnds,
  StatisticsPart,
  StatisticsQuery,
  StatisticsRow,
} from "../../store/statistics-store.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../values/duration.ts";
import { namesGlob } from "./glob.ts";

/** Rows of minutes are kept so long, then they are added to those of hours, which are kept for the second time. */
const MINUTES_KEPT_MS = 8 * DAY_MS;
const HOURS_KEPT_MS = 366 * DAY_MS;

const VALUES = [
  ...RUN_ENDS,
  ...MEASURES.flatMap((measure) =>
    ["count", "sum", "worst", "buckets"].map((of) => `${measure}_${of}`),
  ),
];

type Value = number | Uint8Array;
type StoredRow = StatisticsRow & Record<string, Value | string>;

/** Only the first write of a part finds its worker with a lower number. */
const NUMBER = "UPDATE tq__worker SET part = $number WHERE id = $worker AND part < $number";

const KEY = "span = $span AND at = $at AND queue = $queue AND model = $model AND method = $method";
const ROW = `SELECT * FROM tq__statistic WHERE ${KEY}`;
const PUT = `
  INSERT OR REPLACE INTO tq__statistic (at, span, queue, model, method, whole, ${VALUES.join(", ")})
  VALUES ($at, $span, $queue, $model, $method, $whole, ${VALUES.map((name) => `$${name}`).join(", ")})`;

export function addPart(db: Database, { worker, number, at, counts }: StatisticsPart): void {
  if (db.query(NUMBER).run({ worker, number }).changes === 0) return;
  const queues = new Set<string>();
  for (const [series, added] of counts) {
    addTo(db, { ...series, at, span: MINUTE_MS }, added);
    addTo(db, { ...totalSeries(db, series), ...TOTAL }, added);
    queues.add(series.queue);
  }
  for (const queue of queues) addUp(db, at, queue);
}

const TOTALS = `SELECT * FROM tq__statistic WHERE span = ${TOTAL.span} AND at = ${TOTAL.at}`;

export function sumTotals(db: Database, into: (series: Series) => RunCounts): void {
  for (const row of db.query(TOTALS).iterate() as Iterable<StoredRow>) addRow(into(row), row);
}

/** The model and the method of the row that has all runs of a queue: no method has such a name. */
const ALL = "";

const OF_MINUTE = `span = ${MINUTE_MS} AND at = $at AND queue = $queue`;
const METHODS = `SELECT * FROM tq__statistic WHERE ${OF_MINUTE} AND model <> '${ALL}'`;
const MARK = `UPDATE tq__statistic SET whole = $whole WHERE ${OF_MINUTE}`;

/** Keeps the runs of the queue's methods together, too: `tq status` then reads a row for each minute. */
function addUp(db: Database, at: number, queue: string): void {
  const rows = db.query(METHODS).all({ at, queue }) as StoredRow[];
  const isOne = rows.length === 1;
  db.query(MARK).run({ at, queue, whole: isOne ? 1 : 0 });
  if (isOne) return;
  const all = new RunCounts();
  for (const row of rows) addRow(all, row);
  const key = { at, span: MINUTE_MS, queue, model: ALL, method: ALL, whole: 1 };
  db.query(PUT).run({ ...key, ...toValues(all) });
}

function addTo(db: Database, key: StatisticsRow, added: RunCounts): void {
  const { at, span, queue, model, method } = key;
  const row = { at, span, queue, model, method };
  const stored = db.query(ROW).get({ ...row }) as StoredRow | null;
  const counts = new RunCounts();
  if (stored) addRow(counts, stored);
  counts.merge(added);
  db.query(PUT).run({ ...row, whole: 0, ...toValues(counts) });
}

/** Lengths of time are stored in whole µs. */
function toValues(counts: RunCounts): Record<string, Value> {
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

function addRow(counts: RunCounts, row: StoredRow): void {
  for (const end of RUN_ENDS) counts.ends[end] += row[end] as number;
  for (const measure of MEASURES) {
    if (row[`${measure}_count`] === 0) continue;
    const [sum, worst] = [row[`${measure}_sum`] as number, row[`${measure}_worst`] as number];
    const buckets = row[`${measure}_buckets`] as Uint8Array;
    counts.measures[measure].addEncoded(buckets, sum / 1_000, worst / 1_000);
  }
}

const SPANS = `span IN (${MINUTE_MS}, ${HOUR_MS})`;
const ASKED = `${SPANS} AND at >= $since AND at < $until AND ($queue IS NULL OR queue GLOB $queue)`;
const ROWS = `SELECT * FROM tq__statistic WHERE ${ASKED} AND model <> '${ALL}'`;

/** Hours have no row for all methods. */
const WHOLE_ROWS = `SELECT * FROM tq__statistic WHERE ${ASKED} AND (whole = 1 OR span = ${HOUR_MS})`;

export function sumRows(
  db: Database,
  { since, until, queue = null, whole = false }: Nullable<StatisticsQuery>,
  into: (row: StatisticsRow) => RunCounts,
): void {
  const statement = db.query(whole ? WHOLE_ROWS : ROWS);
  const values = { since, until, queue: globOf(queue) };
  const rows = statement.iterate(values) as Iterable<StoredRow>;
  for (const row of rows) addRow(into(row), row);
}

function globOf(queue: string | null): string | null {
  return queue === null ? null : namesGlob(queue);
}

type Nullable<T> = { [K in keyof T]: T[K] | null };

const SERIES_ENDS = `
  SELECT queue, model, method, ${RUN_ENDS.map((end) => `sum(${end}) AS ${end}`).join(", ")}
    FROM tq__statistic WHERE ${ASKED} AND model <> '${ALL}'
   GROUP BY queue, model, method`;

export function endsOf(
  db: Database,
  { since, until, queue = null }: Nullable<StatisticsQuery>,
): SeriesEnds[] {
  return db.query(SERIES_ENDS).all({ since, until, queue: globOf(queue) }) as SeriesEnds[];
}

/** Rows that become hours, or are deleted, in one transaction: some ms. */
const AT_ONCE = 300;

const OLD_MINUTES = `
  SELECT * FROM tq__statistic WHERE span = ${MINUTE_MS} AND at < $before ORDER BY at LIMIT ${AT_ONCE}`;
const DELETE = `DELETE FROM tq__statistic WHERE ${KEY}`;
const OLD = `
  SELECT at, span, queue, model, method FROM tq__statistic
   WHERE ${SPANS} AND at < $before LIMIT ${AT_ONCE}`;

const HAS_OLD = `
  SELECT EXISTS (SELECT 1 FROM tq__statistic WHERE span = ${MINUTE_MS} AND at < $minutesBefore)
      OR EXISTS (SELECT 1 FROM tq__statistic WHERE span = ${HOUR_MS} AND at < $hoursBefore) AS old`;

export function hasOldRows(db: Database, now: number): boolean {
  const before = { minutesBefore: now - MINUTES_KEPT_MS, hoursBefore: now - HOURS_KEPT_MS };
  return (db.query(HAS_OLD).get(before) as { old: 0 | 1 }).old === 1;
}

/** @returns true where more is to be done. */
export function tidyRows(db: Database, now: number): boolean {
  const old = db.query(OLD).all({ before: now - HOURS_KEPT_MS }) as StatisticsRow[];
  for (const row of old) deleteRow(db, row);
  if (old.length === AT_ONCE) return true;
  const minutes = db.query(OLD_MINUTES).all({ before: now - MINUTES_KEPT_MS }) as StoredRow[];
  for (const rows of Map.groupBy(minutes, hourKey).values()) {
    const [first] = rows;
    if (first === undefined) continue;
    if (first.model !== ALL) {
      const counts = new RunCounts();
      for (const row of rows) addRow(counts, row);
      addTo(db, { ...first, at: hourOf(first.at), span: HOUR_MS }, counts);
    }
    for (const row of rows) deleteRow(db, row);
  }
  return minutes.length === AT_ONCE;
}

function hourOf(at: number): number {
  return Math.floor(at / HOUR_MS) * HOUR_MS;
}

function hourKey({ at, queue, model, method }: Series & { readonly at: number }): string {
  return JSON.stringify([hourOf(at), queue, model, method]);
}

function deleteRow(db: Database, { at, span, queue, model, method }: StatisticsRow): void {
  db.query(DELETE).run({ at, span, queue, model, method });
}

/** A clock that is ahead by less is not worth a word. */
const AHEAD_MS = HOUR_MS;

const FORGET_AHEAD = `DELETE FROM tq__statistic WHERE ${SPANS} AND at > $after`;

export function forgetAhead(db: Database, now: number): void {
  db.query(FORGET_AHEAD).run({ after: now + AHEAD_MS });
}
