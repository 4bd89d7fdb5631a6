/** How fast tasks end and come. */
import type { Database } from "bun:sqlite";
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

/**
 * Counts the tasks of these queues that ended lately.
 *
 * @param since from then on the queues had tasks to run all the time.
 */
export function endedRate(
  db: Database,
  takes: TakesQueue,
  { now, since }: { readonly now: number; readonly since: number },
): EndedRate {
  return rateOfMinutes(db, takes, now, since) ?? countEnded(db, takes, now, since);
}

const LAST_MINUTE = `
  SELECT max(at) AS at FROM tq__statistic WHERE span = ${MINUTE_MS} AND at <= $now`;

const ENDED_IN = `
  SELECT queue, sum(finished + failed + cancelled) AS ended
    FROM tq__statistic
   WHERE span = ${MINUTE_MS} AND at >= $from AND at < $until AND whole = 1
   GROUP BY queue`;

function rateOfMinutes(
  db: Database,
  takes: TakesQueue,
  now: number,
  since: number,
): EndedRate | null {
  const { at: last } = db.query(LAST_MINUTE).get({ now }) as { at: number | null };
  if (last === null) return null;
  for (const { from, until } of minutesFor(last, now, since)) {
    const rows = db.query(ENDED_IN).all({ from, until }) as { queue: string; ended: number }[];
    const ended = rows.reduce((sum, row) => sum + (takes(row.queue) ? row.ended : 0), 0);
    const rate = { ended, within: until - from };
    if (isRate(rate)) return rate;
  }
  return null;
}

const endedAs = (state: "finished" | "failed"): string =>
  `FROM tq__task WHERE state = '${state}' AND finished_at IS NOT NULL AND finished_at > $since`;

const ENDED = (["finished", "failed"] as const).map(endedAs).map((from) => ({
  first: `SELECT finished_at AS at ${from} ORDER BY finished_at DESC LIMIT 1 OFFSET ${MOST_ENDED - 1}`,
  count: `SELECT count(*) AS count ${from}`,
  queues: `SELECT queue ${from} ORDER BY finished_at DESC LIMIT ${QUEUES_READ}`,
}));

/** Counts the tasks themselves: for a time of which the statistics do not have enough minutes yet. */
function countEnded(db: Database, takes: TakesQueue, now: number, from: number): EndedRate {
  let since = Math.max(from, now - RATE_MS);
  for (const { first } of ENDED) {
    const row = db.query(first).get({ since }) as { at: number } | null;
    since = row?.at ?? since;
  }
  let ended = 0;
  for (const { count: counting, queues } of ENDED) {
    const { count } = db.query(counting).get({ since }) as { count: number };
    const rows = db.query(queues).values({ since }) as [queue: string][];
    const taken = rows.filter(([queue]) => takes(queue)).length;
    ended += count <= QUEUES_READ ? taken : Math.round((taken * count) / QUEUES_READ);
  }
  return { ended, within: Math.max(now - since, 0) };
}

const LAST_ID = "SELECT max(id) AS id FROM tq__task";
const PUSHED_AT = "SELECT enqueued_at AS at FROM tq__task WHERE id >= $id ORDER BY id LIMIT 1";

const QUEUES_FROM = `
  SELECT queue, count(*) AS count FROM tq__task
   WHERE id >= $id AND coalesce(scheduled_at, 0) <= $now
   GROUP BY queue`;
const QUEUES_OF = `
  SELECT queue, count(*) AS count FROM tq__task
   WHERE id IN (SELECT value FROM json_each($ids)) AND coalesce(scheduled_at, 0) <= $now
   GROUP BY queue`;

/** How many tasks of each queue were pushed since then that could run at once, or can by now. */
export function pushedSince(db: Database, since: number, now: number): Map<string, number> {
  const { id: last } = db.query(LAST_ID).get() as { id: number | null };
  if (last === null) return new Map();
  const first = firstSince(db, since, last);
  const count = last - first + 1;
  const step = count / SAMPLED;
  const ids = Array.from({ length: SAMPLED }, (_, index) => first + Math.floor(index * step));
  const rows = (
    count <= COUNTED
      ? db.query(QUEUES_FROM).all({ id: first, now })
      : db.query(QUEUES_OF).all({ ids: JSON.stringify(ids), now })
  ) as { queue: string; count: number }[];
  const each = count <= COUNTED ? 1 : step;
  return new Map(rows.map((row) => [row.queue, Math.round(row.count * each)]));
}

/**
 * The first id that was pushed since then: later ids were pushed later, unless the clock was set. It looks back in steps
 * that double: where few were pushed, those are on pages that are read anyway.
 */
function firstSince(db: Database, since: number, last: number): number {
  const isSince = (id: number): boolean => {
    const row = db.query(PUSHED_AT).get({ id }) as { at: number } | null;
    return row === null || row.at >= since;
  };
  let step = 1;
  while (step < last && isSince(last - step)) step *= 2;
  let [from, to] = [Math.max(last - step, 0), last + 1]; // the one before `from` is too early
  while (from < to) {
    const middle = Math.floor((from + to) / 2);
    if (isSince(middle)) to = middle;
    else from = middle + 1;
  }
  return from;
}
