/** The statistics of runs: rows of minutes, of hours and of days, which are written together. */
import type { Database } from "bun:sqlite";
import { RUN_ENDS, RunCounts, type Series, SeriesCounts } from "../../statistics/counts.ts";
import {
  addRow,
  ALL,
  EVERYTHING,
  LONG_SPANS,
  OF_ALL,
  OF_METHOD,
  OF_QUEUE,
  type StoredRow,
  togetherOf,
  type Together,
  toValues,
  TOTAL,
  VALUES,
} from "../../store/statistics-rows.ts";
import { oldBefore, type Slice, sliceFrom, startOf } from "../../store/statistics-slices.ts";
import type { SeriesEnds, StatisticsPart, StatisticsRow } from "../../store/statistics-store.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../values/duration.ts";
import { namesGlob } from "./glob.ts";
import { totalSeries } from "./total-series.ts";

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
  const together = togetherOf(counts);
  addTo(db, { ...EVERYTHING, at, span: MINUTE_MS }, together.all, OF_ALL);
  for (const span of LONG_SPANS) addLong(db, { at: startOf(at, span), span }, counts, together);
}

function addLong(
  db: Database,
  place: Place,
  counts: SeriesCounts,
  { queues, all }: Together,
): void {
  for (const [series, added] of counts) addTo(db, { ...series, ...place }, added);
  for (const [queue, added] of queues) addTo(db, { ...queue, ...place }, added, OF_QUEUE);
  addTo(db, { ...EVERYTHING, ...place }, all, OF_ALL);
}

type Place = Pick<StatisticsRow, "at" | "span">;

const TOTALS = `SELECT * FROM tq__statistic WHERE span = ${TOTAL.span} AND at = ${TOTAL.at}`;

export function sumTotals(db: Database, into: (series: Series) => RunCounts): void {
  for (const row of db.query(TOTALS).iterate() as Iterable<StoredRow>) addRow(into(row), row);
}

const OF_MINUTE = `span = ${MINUTE_MS} AND at = $at AND queue = $queue`;
const METHODS = `SELECT * FROM tq__statistic WHERE ${OF_MINUTE} AND model <> '${ALL}'`;
const MARK = `UPDATE tq__statistic SET whole = $whole WHERE ${OF_MINUTE}`;

/** Keeps the runs of the queue's methods together, too: `tq status` then reads a row for each minute. */
function addUp(db: Database, at: number, queue: string): void {
  const rows = db.query(METHODS).all({ at, queue }) as StoredRow[];
  const isOne = rows.length === 1;
  db.query(MARK).run({ at, queue, whole: isOne ? OF_QUEUE : OF_METHOD });
  if (isOne) return;
  const all = new RunCounts();
  for (const row of rows) addRow(all, row);
  const key = { at, span: MINUTE_MS, queue, model: ALL, method: ALL, whole: OF_QUEUE };
  db.query(PUT).run({ ...key, ...toValues(all) });
}

function addTo(
  db: Database,
  key: StatisticsRow,
  added: RunCounts,
  whole: number = OF_METHOD,
): void {
  const { at, span, queue, model, method } = key;
  const row = { at, span, queue, model, method };
  const stored = db.query(ROW).get({ ...row }) as StoredRow | null;
  const counts = new RunCounts();
  if (stored) addRow(counts, stored);
  counts.merge(added);
  db.query(PUT).run({ ...row, whole, ...toValues(counts) });
}

const ASKED = `span = $span AND at >= $from AND at < $to AND ($queue IS NULL OR queue GLOB $queue)`;

const ROWS = {
  method: `SELECT * FROM tq__statistic WHERE ${ASKED} AND model <> '${ALL}'`,
  queue: `SELECT * FROM tq__statistic WHERE ${ASKED} AND whole = ${OF_QUEUE}`,
  all: `SELECT * FROM tq__statistic WHERE ${ASKED} AND whole = ${OF_ALL}`,
};

/** @param queue a name or a pattern. */
export function sumRows(
  db: Database,
  { span, from, to }: Slice,
  { queue, by }: { readonly queue: string | undefined; readonly by: keyof typeof ROWS },
  into: (row: StatisticsRow) => RunCounts,
): void {
  const of = by === "all" && queue !== undefined ? "queue" : by;
  const rows = db.query(ROWS[of]).iterate({ span, from, to, queue: globOf(queue) });
  for (const row of rows as Iterable<StoredRow>) addRow(into(row), row);
}

function globOf(queue: string | undefined): string | null {
  return queue === undefined ? null : namesGlob(queue);
}

const FIRST =
  "SELECT min(at) AS at FROM tq__statistic WHERE span = $span AND at >= $from AND at < $to";

/** The first part of a piece that has rows, to be read at once; null: none has. */
export function firstSlice(db: Database, slice: Slice): Slice | null {
  const { at } = db.query(FIRST).get({ ...slice }) as { at: number | null };
  return sliceFrom(slice, at);
}

const SERIES_ENDS = `
  SELECT queue, model, method, ${RUN_ENDS.map((end) => `sum(${end}) AS ${end}`).join(", ")}
    FROM tq__statistic WHERE ${ASKED} AND model <> '${ALL}'
   GROUP BY queue, model, method`;

export function endsOf(
  db: Database,
  { span, from, to }: Slice,
  queue: string | undefined,
): SeriesEnds[] {
  return db.query(SERIES_ENDS).all({ span, from, to, queue: globOf(queue) }) as SeriesEnds[];
}

/** Rows that are deleted in one transaction: some ms. */
const AT_ONCE = 1_000;

const SPANS = `span IN (${MINUTE_MS}, ${HOUR_MS}, ${DAY_MS})`;

const OLD = `
  SELECT span, at, queue, model, method FROM tq__statistic WHERE span = ${MINUTE_MS} AND at < $minutesBefore
   UNION ALL
  SELECT span, at, queue, model, method FROM tq__statistic
   WHERE span IN (${HOUR_MS}, ${DAY_MS}) AND at < $hoursBefore
   LIMIT ${AT_ONCE}`;
const HAS_OLD = `SELECT EXISTS (${OLD}) AS old`;
const DELETE = `DELETE FROM tq__statistic WHERE ${KEY}`;

export function hasOldRows(db: Database, now: number): boolean {
  return (db.query(HAS_OLD).get(oldBefore(now)) as { old: 0 | 1 }).old === 1;
}

/** @returns true where more is to be done. */
export function tidyRows(db: Database, now: number): boolean {
  const old = db.query(OLD).all(oldBefore(now)) as StatisticsRow[];
  for (const { at, span, queue, model, method } of old) {
    db.query(DELETE).run({ at, span, queue, model, method });
  }
  return old.length === AT_ONCE;
}

/** A clock that is ahead by less is not worth a word. */
const AHEAD_MS = HOUR_MS;

const FORGET_AHEAD = `DELETE FROM tq__statistic WHERE ${SPANS} AND at > $after`;
const FORGET_PLACE = "DELETE FROM tq__statistic WHERE span = $span AND at = $at";

export function forgetAhead(db: Database, now: number): void {
  const after = now + AHEAD_MS;
  if (db.query(FORGET_AHEAD).run({ after }).changes === 0) return;
  // The hour and the day of that moment have some of the minutes that are gone now.
  for (const [shorter, span] of [[MINUTE_MS, HOUR_MS] as const, [HOUR_MS, DAY_MS] as const]) {
    const at = startOf(after, span);
    const counts = new SeriesCounts();
    const slice = { span: shorter, from: at, to: at + span };
    sumRows(db, slice, { queue: undefined, by: "method" }, (row) => counts.of(row));
    db.query(FORGET_PLACE).run({ span, at });
    addLong(db, { at, span }, counts, togetherOf(counts));
  }
}
