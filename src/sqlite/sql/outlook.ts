/** What becomes of the queues. */
import type { Database } from "bun:sqlite";
import { isWorker } from "../../store/live-workers.ts";
import type { QueueStatus, WorkerStatus } from "../../store/looking.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import {
  type EndedRate,
  findMisses,
  forecast,
  type Forecast,
  isRate,
  type Level,
  type Misses,
} from "../../statistics/forecast.ts";
import { endedRate, pushedSince } from "./rates.ts";

/** More queues get no forecast: there may be thousands. */
const MOST_FORECAST = 20;

/** Adds to the first queues that have ready tasks what becomes of them. */
export function withForecasts(
  db: Database,
  queues: readonly QueueStatus[],
  workers: readonly WorkerStatus[],
  now: number,
): QueueStatus[] {
  const live = workers.filter((worker) => worker.alive && isWorker(worker));
  let left = MOST_FORECAST;
  const pushed = new Map<number, Map<string, number>>();
  return queues.map((status) => {
    if (status.ready === 0 || !status.served || status.paused || left === 0) return status;
    left -= 1;
    const takers = live.filter((worker) => takesQueue(worker.queues, status.queue));
    const started = Math.min(...takers.map(({ started_at: at }) => at));
    const found = forecastOf(db, status, started, now, (since) => {
      let counts = pushed.get(since);
      if (!counts) pushed.set(since, (counts = pushedSince(db, since, now)));
      return counts.get(status.queue) ?? 0;
    });
    return found === null ? status : { ...status, forecast: found };
  });
}

function forecastOf(
  db: Database,
  status: QueueStatus,
  started: number,
  now: number,
  pushed: (since: number) => number,
): Forecast | null {
  const { queue } = status;
  const priorities = prioritiesOf(db, queue);
  const since = Math.max(backlogSince(db, queue, priorities, now), started);
  const rate = endedRate(db, (name) => name === queue, { now, since });
  if (!isRate(rate)) return null;
  // The push that began to fill the queue may be the last one: soon after it no rate is known.
  const isYoung = now - since < 2 * rate.within && now - since < YOUNG_MS;
  const come = isYoung ? null : pushed(now - rate.within);
  return forecast(status, rate, come, missesOf(db, status, priorities, rate, now));
}

const YOUNG_MS = 120_000;

const READY = "state = 'ready' AND suspect = 0 AND queue = $queue";

const FIRST_PRIORITY = `
  SELECT priority FROM tq__task WHERE ${READY} ORDER BY priority DESC LIMIT 1`;
const NEXT_PRIORITY = `
  SELECT priority FROM tq__task WHERE ${READY} AND priority < $priority ORDER BY priority DESC LIMIT 1`;

/** More are not looked at. */
const MOST_PRIORITIES = 20;

function prioritiesOf(db: Database, queue: string): number[] {
  const priorities: number[] = [];
  let row = db.query(FIRST_PRIORITY).get({ queue }) as { priority: number } | null;
  while (row !== null && priorities.push(row.priority) < MOST_PRIORITIES) {
    row = db.query(NEXT_PRIORITY).get({ queue, priority: row.priority }) as typeof row;
  }
  return priorities;
}

const OF_PRIORITY = `${READY} AND priority = $priority`;

/** Those that are expected first need not be the ones that wait the longest, so some are asked at both ends. */
const endOf = (direction: "ASC" | "DESC"): string => `
  SELECT min(since) AS since
    FROM (SELECT coalesce(scheduled_at, enqueued_at) AS since FROM tq__task
           WHERE ${OF_PRIORITY} ORDER BY deadline ${direction}, id ${direction} LIMIT 20)`;

const ENDS = [endOf("ASC"), endOf("DESC")];

/** The queue has had tasks to run at least since then. */
function backlogSince(
  db: Database,
  queue: string,
  priorities: readonly number[],
  now: number,
): number {
  const times = priorities.flatMap((priority) =>
    ENDS.map((ends) => (db.query(ends).get({ queue, priority }) as { since: number | null }).since),
  );
  return Math.min(now, ...times.filter((time) => time !== null));
}

/** Tasks are counted up to this number: some ms. */
const MOST_COUNTED = 50_000;

/** Tasks with an `expected_at` that are looked at, of each priority: some ms. */
const MOST_EXPECTED = 3_000;

const EXPECTED = `
  SELECT id, deadline FROM tq__task
   WHERE ${OF_PRIORITY} AND deadline > $now
   ORDER BY deadline, id LIMIT ${MOST_EXPECTED}`;

const countOf = (where: string): string => `
  SELECT count(*) AS count FROM (SELECT 1 FROM tq__task WHERE ${where} LIMIT ${MOST_COUNTED})`;

const COUNT_PAST = countOf(`${OF_PRIORITY} AND deadline <= $now`);
const COUNT_PRIORITY = countOf(OF_PRIORITY);

type Expected = { readonly id: number; readonly deadline: number };

function missesOf(
  db: Database,
  { queue, ready }: QueueStatus,
  priorities: readonly number[],
  rate: EndedRate,
  now: number,
): Misses | null {
  let isAll = true;
  // A ready task whose time in the order has not come is one with an `expected_at`.
  function* levels(): Generator<Level> {
    let before = 0;
    for (const [index, priority] of priorities.entries()) {
      const level = { queue, priority };
      const expected = db.query(EXPECTED).all({ ...level, now }) as Expected[];
      if (expected.length > 0) {
        const past = (db.query(COUNT_PAST).get({ ...level, now }) as { count: number }).count;
        if (expected.length === MOST_EXPECTED) isAll = false;
        yield { before: before + past, expected };
      }
      if (index === priorities.length - 1 || before > MOST_COUNTED) return;
      before += (db.query(COUNT_PRIORITY).get(level) as { count: number }).count;
    }
  }
  const found = findMisses(levels(), rate, { now, ready });
  return found === null || isAll ? found : { ...found, at_least: true };
}
