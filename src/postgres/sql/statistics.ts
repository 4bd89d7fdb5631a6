/** The statistics of runs: rows of minutes, of hours and of days, which are written together. */
import {
  OTHERS,
  othersOf,
  RUN_ENDS,
  RunCounts,
  type Series,
  SeriesCounts,
  seriesKey,
} from "../../statistics/counts.ts";
import {
  addRow,
  ALL,
  EVERYTHING,
  LONG_SPANS,
  MOST_SERIES,
  MOST_WITH_OTHERS,
  OF_ALL,
  OF_METHOD,
  OF_QUEUE,
  type StoredRow,
  togetherOf,
  TOTAL,
} from "../../store/statistics-rows.ts";
import { oldBefore, type Slice, sliceFrom, startOf } from "../../store/statistics-slices.ts";
import type { SeriesEnds, StatisticsPart, StatisticsRow } from "../../store/statistics-store.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../values/duration.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { lock } from "../locks.ts";
import { finite } from "./parameters.ts";
import { namesLike } from "./patterns.ts";
import { ROW_COLUMNS, StatisticsRows } from "./statistics-rows.ts";

/** Only the first write of a part finds its worker with a lower number. */
const NUMBER = "UPDATE tq.worker SET part = $2::bigint WHERE id = $1 AND part < $2::bigint";

const OF_TOTALS = `span = ${TOTAL.span} AND at = ${TOTAL.at}`;
const TOTAL_SERIES = `SELECT queue, model, method FROM tq.statistic WHERE ${OF_TOTALS}`;

const METHODS_OF_MINUTE = `
  SELECT ${ROW_COLUMNS} FROM tq.statistic
   WHERE span = ${MINUTE_MS} AND at = $1::bigint AND queue = ANY ($2::text[]) AND model <> '${ALL}'`;

/** Call it in a transaction of its own. */
export async function addPart(
  db: Connection,
  { worker, number, at, counts }: StatisticsPart,
): Promise<void> {
  // One at a time: it takes some ms, once a minute for each worker.
  const locking = lock(db, "statistics");
  const [isNew] = await Promise.all([db.run(NUMBER, [worker, number]), locking]);
  if (isNew === 0) return;
  const together = togetherOf(counts);
  const rows = new StatisticsRows();
  const totals = await readTotalSeries(db);
  const added = [...partsOf(counts, at, totals, together)];
  await rows.read(
    db,
    added.map(({ row }) => row),
  );
  for (const one of added) rows.add(one.row, one.counts, one.whole);
  await addUp(db, at, rows, [...new Set(Array.from(counts, ([{ queue }]) => queue))]);
  await rows.write(db);
}

interface Added {
  readonly row: StatisticsRow;
  readonly counts: RunCounts;
  readonly whole: number;
}

/** The rows that a part adds to, and how much. */
function* partsOf(
  counts: SeriesCounts,
  at: number,
  totals: Set<string>,
  together: ReturnType<typeof togetherOf>,
): Generator<Added, void> {
  for (const [series, added] of counts) {
    yield { row: { ...series, at, span: MINUTE_MS }, counts: added, whole: OF_METHOD };
    const row = { ...totalSeries(totals, series), ...TOTAL };
    yield { row, counts: added, whole: OF_METHOD };
  }
  const { all } = together;
  yield { row: { ...EVERYTHING, at, span: MINUTE_MS }, counts: all, whole: OF_ALL };
  for (const span of LONG_SPANS) {
    yield* longParts({ at: startOf(at, span), span }, counts, together);
  }
}

type Place = Pick<StatisticsRow, "at" | "span">;

function* longParts(
  place: Place,
  counts: SeriesCounts,
  { queues, all }: ReturnType<typeof togetherOf>,
): Generator<Added, void> {
  for (const [series, added] of counts) {
    yield { row: { ...series, ...place }, counts: added, whole: OF_METHOD };
  }
  for (const [queue, added] of queues) {
    yield { row: { ...queue, ...place }, counts: added, whole: OF_QUEUE };
  }
  yield { row: { ...EVERYTHING, ...place }, counts: all, whole: OF_ALL };
}

async function readTotalSeries(db: Connection): Promise<Set<string>> {
  return new Set((await db.all<Series>(TOTAL_SERIES)).map(seriesKey));
}

/** The series whose totals have the runs of this one: it stays the same, so that no total ever falls. */
function totalSeries(known: Set<string>, series: Series): Series {
  const own = seriesKey(series);
  if (known.has(own)) return series;
  if (known.size < MOST_SERIES) {
    known.add(own);
    return series;
  }
  const others = othersOf(series.queue);
  const isRoom = known.size < MOST_WITH_OTHERS || known.has(seriesKey(others));
  const chosen = isRoom ? others : othersOf(OTHERS);
  known.add(seriesKey(chosen));
  return chosen;
}

/** Keeps the runs of each queue's methods together, too: `tq status` then reads a row for each minute. */
async function addUp(
  db: Connection,
  at: number,
  rows: StatisticsRows,
  queues: readonly string[],
): Promise<void> {
  const known = new Set(Array.from(rows, ({ row }) => placeKey(row)));
  for (const row of await db.all<StoredRow>(METHODS_OF_MINUTE, [at, queues])) {
    if (!known.has(placeKey(row))) rows.found(row);
  }
  const isOfMinute = ({ row }: { row: StatisticsRow }) =>
    row.span === MINUTE_MS && row.at === at && row.model !== ALL;
  const byQueue = Map.groupBy([...rows].filter(isOfMinute), ({ row }) => row.queue);
  for (const [queue, methods] of byQueue) {
    const isOne = methods.length === 1;
    for (const method of methods) method.whole = isOne ? OF_QUEUE : OF_METHOD;
    if (isOne) continue;
    const all = new RunCounts();
    for (const { counts } of methods) all.merge(counts);
    rows.replace({ at, span: MINUTE_MS, queue, model: ALL, method: ALL }, all, OF_QUEUE);
  }
}

function placeKey(row: StatisticsRow): string {
  return `${row.span} ${row.at} ${seriesKey(row)}`;
}

const TOTALS = `SELECT ${ROW_COLUMNS} FROM tq.statistic WHERE ${OF_TOTALS}`;

export async function sumTotals(
  db: Connection,
  into: (series: Series) => RunCounts,
): Promise<void> {
  for (const row of await db.all<StoredRow>(TOTALS)) addRow(into(row), row);
}

const ASKED = `
  span = $1::bigint AND at >= $2::bigint AND at < $3::bigint AND ($4::text IS NULL OR queue LIKE $4::text)`;

const rowsWhere = (where: string): string =>
  `SELECT ${ROW_COLUMNS} FROM tq.statistic WHERE ${ASKED} AND ${where}`;

const ROWS = {
  method: rowsWhere(`model <> '${ALL}'`),
  queue: rowsWhere(`whole = ${OF_QUEUE}`),
  all: rowsWhere(`whole = ${OF_ALL}`),
};

/** @param queue a name or a pattern. */
export async function sumRows(
  db: Connection,
  slice: Slice,
  { queue, by }: { readonly queue: string | undefined; readonly by: keyof typeof ROWS },
  into: (row: StatisticsRow) => RunCounts,
): Promise<void> {
  const of = by === "all" && queue !== undefined ? "queue" : by;
  for (const row of await db.all<StoredRow>(ROWS[of], asked(slice, queue))) addRow(into(row), row);
}

/** A slice that has no end ends later than any row. */
function timesOf({ span, from, to }: Slice): SqlValue[] {
  return [span, Math.ceil(finite(from)), Math.ceil(finite(to))];
}

function asked(slice: Slice, queue: string | undefined): SqlValue[] {
  return [...timesOf(slice), queue === undefined ? null : namesLike(queue)];
}

const FIRST = `
  SELECT min(at)::float8 AS at FROM tq.statistic
   WHERE span = $1::bigint AND at >= $2::bigint AND at < $3::bigint`;

/** The first part of a piece that has rows, to be read at once; null: none has. */
export async function firstSlice(db: Connection, slice: Slice): Promise<Slice | null> {
  const row = await db.get<{ at: number | null }>(FIRST, timesOf(slice));
  return sliceFrom(slice, row?.at ?? null);
}

const SERIES_ENDS = `
  SELECT queue, model, method, ${RUN_ENDS.map((end) => `sum(${end})::float8 AS ${end}`).join(", ")}
    FROM tq.statistic WHERE ${ASKED} AND model <> '${ALL}'
   GROUP BY queue, model, method`;

export function endsOf(
  db: Connection,
  slice: Slice,
  queue: string | undefined,
): Promise<SeriesEnds[]> {
  return db.all<SeriesEnds>(SERIES_ENDS, asked(slice, queue));
}

/** Rows that are deleted in one transaction: some ms. */
const AT_ONCE = 1_000;

const OLD = `
  SELECT ctid FROM tq.statistic
   WHERE (span = ${MINUTE_MS} AND at < $1::bigint) OR (span IN (${HOUR_MS}, ${DAY_MS}) AND at < $2::bigint)
   LIMIT ${AT_ONCE}`;
const HAS_OLD = `SELECT EXISTS (${OLD}) AS old`;
const DELETE = `DELETE FROM tq.statistic WHERE ctid = ANY (ARRAY(${OLD}))`;

function oldValues(now: number): SqlValue[] {
  const { minutesBefore, hoursBefore } = oldBefore(now);
  return [minutesBefore, hoursBefore];
}

export async function hasOldRows(db: Connection, now: number): Promise<boolean> {
  return (await db.get<{ old: boolean }>(HAS_OLD, oldValues(now)))?.old === true;
}

/** @returns true where more is to be done. */
export async function tidyRows(db: Connection, now: number): Promise<boolean> {
  return (await db.run(DELETE, oldValues(now))) === AT_ONCE;
}

/** A clock that is ahead by less is not worth a word. */
const AHEAD_MS = HOUR_MS;

const FORGET_AHEAD = `
  DELETE FROM tq.statistic
   WHERE span IN (${MINUTE_MS}, ${HOUR_MS}, ${DAY_MS}) AND at > $1::bigint`;
const FORGET_PLACE = "DELETE FROM tq.statistic WHERE span = $1::bigint AND at = $2::bigint";

/** Call it in a transaction of its own. */
export async function forgetAhead(db: Connection, now: number): Promise<void> {
  const after = now + AHEAD_MS;
  await lock(db, "statistics");
  if ((await db.run(FORGET_AHEAD, [after])) === 0) return;
  // The hour and the day of that moment have some of the minutes that are gone now.
  for (const [shorter, span] of [[MINUTE_MS, HOUR_MS] as const, [HOUR_MS, DAY_MS] as const]) {
    const at = startOf(after, span);
    const counts = new SeriesCounts();
    const slice = { span: shorter, from: at, to: at + span };
    await sumRows(db, slice, { queue: undefined, by: "method" }, (row) => counts.of(row));
    await db.run(FORGET_PLACE, [span, at]);
    const rows = new StatisticsRows();
    for (const one of longParts({ at, span }, counts, togetherOf(counts))) {
      rows.add(one.row, one.counts, one.whole);
    }
    await rows.write(db);
  }
}
