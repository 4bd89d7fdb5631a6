/** Foretells the queues, by the rates of the statistics. */
import type { Database } from "bun:sqlite";
import { isWorker } from "../../store/live-workers.ts";
import type { QueueStatus, WorkerStatus } from "../../store/looking.ts";
import { type OldestReady, withOverdue } from "../../store/measurements.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import {
  comeSteadily,
  type EndedRate,
  findMisses,
  forecast,
  type Forecast,
  isRate,
  isYoungRate,
  type Level,
  type Misses,
  MOST_FORECAST,
  type QueueDepth,
} from "../../statistics/forecast.ts";
import { countHeld, HELD_BY, heldNames, IS_HELD } from "./held-tasks.ts";
import { overdueQueues } from "./overdue.ts";
import { endedPauses, pausesInForce } from "./pauses.ts";
import { endedRate, pushedSince } from "./rates.ts";
import { resumedAt } from "./resumed.ts";

/** Adds to the first queues that have ready tasks what becomes of them; those that a pause holds do not count. */
export function withForecasts(
  db: Database,
  queues: readonly QueueStatus[],
  workers: readonly WorkerStatus[],
  now: number,
): QueueStatus[] {
  const live = workers.filter((worker) => worker.alive && isWorker(worker));
  const pauses = pausesInForce(db, now);
  const ended = endedPauses(db, now);
  let left = MOST_FORECAST;
  const pushed = new Map<number, Map<string, number>>();
  return queues.map((status) => {
    if (status.ready === 0 || !status.served || status.paused || left === 0) return status;
    left -= 1;
    const ready = status.ready - countHeld(db, status.queue, pauses, status.ready);
    if (ready <= 0) return status;
    const takers = live.filter((worker) => takesQueue(worker.queues, status.queue));
    const started = Math.min(...takers.map(({ started_at: at }) => at));
    const isLeast = status.least?.includes("ready") === true;
    const line = {
      queue: status.queue,
      ready,
      ...(isLeast && { at_least: isLeast }),
      held: heldNames(pauses),
    };
    const ranFrom = Math.max(started, resumedAt(db, status.queue, ended));
    const found = forecastOf(db, line, ranFrom, now, (since) => {
      let counts = pushed.get(since);
      if (!counts) pushed.set(since, (counts = pushedSince(db, since, now)));
      return counts.get(status.queue) ?? 0;
    });
    return found === null ? status : { ...status, forecast: found };
  });
}

/** The tasks of a queue that are to run. */
interface Line extends QueueDepth {
  readonly queue: string;
  /** The pauses of methods, for `IS_HELD`; null: none. */
  readonly held: string | null;
}

function forecastOf(
  db: Database,
  line: Line,
  /** Its tasks could not run before. */
  ranFrom: number,
  now: number,
  pushed: (since: number) => number,
): Forecast | null {
  const { queue } = line;
  const priorities = prioritiesOf(db, queue);
  const since = Math.max(backlogSince(db, line, priorities, now), ranFrom);
  const rate = endedRate(db, (name) => name === queue, { now, since });
  if (!isRate(rate)) return null;
  const { within } = rate;
  const come = isYoungRate(rate, now - since)
    ? comeSteadily(pushed(now - within / 4), pushed(now - within / 2))
    : pushed(now - within);
  return forecast(line, rate, come, missesOf(db, line, priorities, rate, now));
}

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

/** Tasks are counted up to this number: some ms. */
const MOST_COUNTED = 50_000;

/** Tasks with an `expected_at` that are looked at, of each priority: some ms. */
const MOST_EXPECTED = 3_000;

/** The statements on the tasks of one priority. @param isAnyHeld false: an index alone answers most of them. */
function statements(isAnyHeld: boolean) {
  const columns = isAnyHeld ? `, ${HELD_BY}` : "";
  const unlessHeld = isAnyHeld ? `WHERE NOT ${IS_HELD}` : "";
  const count = (where: string): string => `
    SELECT count(*) AS count
      FROM (SELECT id${columns} FROM tq__task WHERE ${where} LIMIT ${MOST_COUNTED}) ${unlessHeld}`;
  const end = (direction: "ASC" | "DESC"): string => `
    SELECT min(since) AS since
      FROM (SELECT coalesce(scheduled_at, enqueued_at) AS since${columns} FROM tq__task
             WHERE ${OF_PRIORITY} ORDER BY deadline ${direction}, id ${direction} LIMIT 20) ${unlessHeld}`;
  return {
    /** Those that are expected first need not be the ones that wait the longest, so some are asked at both ends. */
    ends: [end("ASC"), end("DESC")],
    expected: `
      SELECT id, deadline, ${isAnyHeld ? IS_HELD : "0"} AS isHeld FROM tq__task
       WHERE ${OF_PRIORITY} AND deadline > $now
       ORDER BY deadline, id LIMIT ${MOST_EXPECTED}`,
    countPast: count(`${OF_PRIORITY} AND deadline <= $now`),
    countAll: count(OF_PRIORITY),
  };
}

const [OF_ALL, OF_UNHELD] = [statements(false), statements(true)];

function statementsFor({ queue, held }: Line) {
  return held === null
    ? { ...OF_ALL, values: { queue } }
    : { ...OF_UNHELD, values: { queue, held } };
}

/** The queue has had tasks to run at least since then. */
function backlogSince(
  db: Database,
  line: Line,
  priorities: readonly number[],
  now: number,
): number {
  const { ends, values } = statementsFor(line);
  const times = priorities.flatMap((priority) =>
    ends.map(
      (end) => (db.query(end).get({ ...values, priority }) as { since: number | null }).since,
    ),
  );
  return Math.min(now, ...times.filter((time) => time !== null));
}

/** Since when the oldest ready task of each of these queues could run, as far as it is found; no paused method's. */
export function oldestReady(db: Database, queues: readonly string[], now: number): OldestReady[] {
  const held = heldNames(pausesInForce(db, now));
  const ready = queues.flatMap((queue) => {
    const priorities = prioritiesOf(db, queue);
    if (priorities.length === 0) return [];
    return [{ queue, since: backlogSince(db, { queue, ready: 0, held }, priorities, now) }];
  });
  const overdue = overdueQueues(db, now).filter(({ queue }) => queues.includes(queue));
  return withOverdue(ready, overdue);
}

type Expected = { readonly id: number; readonly deadline: number; readonly isHeld: 0 | 1 };

function missesOf(
  db: Database,
  line: Line,
  priorities: readonly number[],
  rate: EndedRate,
  now: number,
): Misses | null {
  const { expected: expecting, countPast, countAll, values } = statementsFor(line);
  let isAll = true;
  // A ready task whose time in the order has not come is one with an `expected_at`.
  function* levels(): Generator<Level> {
    let before = 0;
    for (const [index, priority] of priorities.entries()) {
      const level = { ...values, priority };
      const rows = db.query(expecting).all({ ...level, now }) as Expected[];
      const expected = rows.filter(({ isHeld }) => !isHeld);
      if (rows.length === MOST_EXPECTED) isAll = false;
      if (expected.length > 0) {
        const past = (db.query(countPast).get({ ...level, now }) as { count: number }).count;
        yield { before: before + past, expected };
      }
      if (index === priorities.length - 1 || before > MOST_COUNTED) return;
      before += (db.query(countAll).get(level) as { count: number }).count;
    }
  }
  const found = findMisses(levels(), rate, { now, ready: line.ready });
  return found === null || isAll ? found : { ...found, at_least: true };
}
