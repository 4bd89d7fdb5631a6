/** Reads how fast tasks end and come. */
import { type EndedRate, isRate } from "../../statistics/forecast.ts";
import {
  COUNTED,
  minutesFor,
  MOST_ENDED,
  QUEUES_READ,
  RATE_MS,
  SAMPLED,
  type TakesQueue,
} from "../../statistics/rate-times.ts";
import { MINUTE_MS } from "../../values/duration.ts";
import type { Connection } from "../connection.ts";

interface QueueCount {
  readonly queue: string;
  readonly count: number;
}

/**
 * Counts the tasks of these queues that ended lately.
 *
 * @param since from then on the queues had tasks to run all the time.
 */
export async function endedRate(
  db: Connection,
  takes: TakesQueue,
  { now, since }: { readonly now: number; readonly since: number },
): Promise<EndedRate> {
  return (await rateOfMinutes(db, takes, now, since)) ?? countEnded(db, takes, now, since);
}

const LAST_MINUTE = `
  SELECT max(at)::float8 AS at FROM tq.statistic WHERE span = ${MINUTE_MS} AND at <= $1::bigint`;

const ENDED_IN = `
  SELECT queue, sum(finished + failed + cancelled)::float8 AS count
    FROM tq.statistic
   WHERE span = ${MINUTE_MS} AND at >= $1::bigint AND at < $2::bigint AND whole = 1
   GROUP BY queue`;

async function rateOfMinutes(
  db: Connection,
  takes: TakesQueue,
  now: number,
  since: number,
): Promise<EndedRate | null> {
  const last = (await db.get<{ at: number | null }>(LAST_MINUTE, [now]))?.at ?? null;
  if (last === null) return null;
  for (const { from, until } of minutesFor(last, now, since)) {
    const rows = await db.all<QueueCount>(ENDED_IN, [from, until]);
    const rate = { ended: sumOf(rows, takes), within: until - from };
    if (isRate(rate)) return rate;
  }
  return null;
}

function sumOf(rows: readonly QueueCount[], takes: TakesQueue): number {
  return rows.reduce((sum, { queue, count }) => sum + (takes(queue) ? count : 0), 0);
}

const endedAs = (state: "finished" | "failed"): string =>
  `FROM tq.task WHERE state = '${state}' AND finished_at IS NOT NULL AND finished_at > $1::bigint`;

const ENDED = (["finished", "failed"] as const).map(endedAs).map((from) => ({
  first: `SELECT finished_at::float8 AS at ${from} ORDER BY finished_at DESC LIMIT 1 OFFSET ${MOST_ENDED - 1}`,
  count: `SELECT count(*)::float8 AS count ${from}`,
  queues: `
    SELECT queue, count(*)::float8 AS count
      FROM (SELECT queue ${from} ORDER BY finished_at DESC LIMIT ${QUEUES_READ}) AS last GROUP BY queue`,
}));

/** Counts the tasks themselves: for a time of which the statistics do not have enough minutes yet. */
async function countEnded(
  db: Connection,
  takes: TakesQueue,
  now: number,
  from: number,
): Promise<EndedRate> {
  let since = Math.max(from, now - RATE_MS);
  for (const { first } of ENDED) {
    const row = await db.get<{ at: number }>(first, [since]);
    since = row?.at ?? since;
  }
  let ended = 0;
  for (const { count: counting, queues } of ENDED) {
    const [row, rows] = await Promise.all([
      db.get<{ count: number }>(counting, [since]),
      db.all<QueueCount>(queues, [since]),
    ]);
    const count = row?.count ?? 0;
    const taken = sumOf(rows, takes);
    ended += count <= QUEUES_READ ? taken : Math.round((taken * count) / QUEUES_READ);
  }
  return { ended, within: Math.max(now - since, 0) };
}

const LAST_ID = "SELECT max(id)::float8 AS id FROM tq.task";
const PUSHED_AT = `
  SELECT enqueued_at::float8 AS at FROM tq.task WHERE id >= $1::bigint ORDER BY id LIMIT 1`;

const QUEUES_FROM = `
  SELECT queue, count(*)::float8 AS count FROM tq.task
   WHERE id >= $1::bigint AND coalesce(scheduled_at, 0) <= $2::bigint
   GROUP BY queue`;
const QUEUES_OF = `
  SELECT queue, count(*)::float8 AS count FROM tq.task
   WHERE id = ANY ($1::bigint[]) AND coalesce(scheduled_at, 0) <= $2::bigint
   GROUP BY queue`;

/** How many tasks of each queue were pushed since then that could run at once, or can by now. */
export async function pushedSince(
  db: Connection,
  since: number,
  now: number,
): Promise<Map<string, number>> {
  const last = (await db.get<{ id: number | null }>(LAST_ID))?.id ?? null;
  if (last === null) return new Map();
  const first = await firstSince(db, since, last);
  const count = last - first + 1;
  const step = count / SAMPLED;
  const ids = Array.from({ length: SAMPLED }, (_, index) => first + Math.floor(index * step));
  const rows =
    count <= COUNTED
      ? await db.all<QueueCount>(QUEUES_FROM, [first, now])
      : await db.all<QueueCount>(QUEUES_OF, [ids, now]);
  const each = count <= COUNTED ? 1 : step;
  return new Map(rows.map((row) => [row.queue, Math.round(row.count * each)]));
}

/**
 * The first id that was pushed since then: later ids were pushed later, unless the clock was set, or a push waited for its
 * commit. It looks back in steps that double.
 */
async function firstSince(db: Connection, since: number, last: number): Promise<number> {
  const isSince = async (id: number): Promise<boolean> => {
    const row = await db.get<{ at: number }>(PUSHED_AT, [id]);
    return row === null || row.at >= since;
  };
  let step = 1;
  while (step < last && (await isSince(last - step))) step *= 2;
  let [from, to] = [Math.max(last - step, 0), last + 1]; // the one before `from` is too early
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (await isSince(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
