/** Foretells the queues, by the rates of the statistics. */
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
import type { Connection, SqlValue } from "../connection.ts";
import { overdueQueues } from "./overdue.ts";
import { isStorable } from "./parameters.ts";
import { countHeld, HELD_BY, heldNames, isHeld } from "./paused-tasks.ts";
import { endedPauses, pausesInForce } from "./pauses.ts";
import { endedRate, pushedSince } from "./rates.ts";
import { resumedAt } from "./resumed.ts";

/** Adds a forecast to the first queues that have ready tasks; tasks that a pause holds do not count. */
export async function withForecasts(
  db: Connection,
  queues: readonly QueueStatus[],
  workers: readonly WorkerStatus[],
  now: number,
): Promise<QueueStatus[]> {
  const live = workers.filter((worker) => worker.alive && isWorker(worker));
  const pauses = await pausesInForce(db, now);
  const ended = await endedPauses(db, now);
  const pushed = new PushedCounts(db, now);
  let left = MOST_FORECAST;
  const all: QueueStatus[] = [];
  for (const status of queues) {
    all.push(status);
    const { queue } = status;
    if (status.ready === 0 || !status.served || status.paused || left === 0) continue;
    left -= 1;
    const ready = status.ready - (await countHeld(db, queue, pauses, status.ready));
    if (ready <= 0) continue;
    const takers = live.filter((worker) => takesQueue(worker.queues, queue));
    const started = Math.min(...takers.map(({ started_at: at }) => at));
    const isLeast = status.least?.includes("ready") === true;
    const held = heldNames(pauses);
    const line = { queue, ready, ...(isLeast && { at_least: isLeast }), held };
    const ranFrom = Math.max(started, await resumedAt(db, queue, ended));
    const found = await forecastOf(db, line, ranFrom, now, (since) => pushed.of(queue, since));
    if (found !== null) all[all.length - 1] = { ...status, forecast: found };
  }
  return all;
}

/** Counts what was pushed to each queue since a time, with one read for each time. */
class PushedCounts {
  readonly #db: Connection;
  readonly #now: number;
  readonly #counts = new Map<number, Map<string, number>>();

  constructor(db: Connection, now: number) {
    this.#db = db;
    this.#now = now;
  }

  async of(queue: string, since: number): Promise<number> {
    let counts = this.#counts.get(since);
    if (!counts) {
      counts = await pushedSince(this.#db, since, this.#now);
      this.#counts.set(since, counts);
    }
    return counts.get(queue) ?? 0;
  }
}

/** The tasks of a queue that are to run. */
interface Line extends QueueDepth {
  readonly queue: string;
  /** The pauses of methods, for `isHeld`; null: none. */
  readonly held: readonly string[] | null;
}

async function forecastOf(
  db: Connection,
  line: Line,
  /** Its tasks could not run before. */
  ranFrom: number,
  now: number,
  pushed: (since: number) => Promise<number>,
): Promise<Forecast | null> {
  const { queue } = line;
  const priorities = await prioritiesOf(db, queue);
  const [backlog] = await backlogsSince(db, [queue], line.held, now);
  const since = Math.max(backlog?.since ?? now, ranFrom);
  const rate = await endedRate(db, (name) => name === queue, { now, since });
  if (!isRate(rate)) return null;
  const { within } = rate;
  const come = isYoungRate(rate, now - since)
    ? comeSteadily(await pushed(now - within / 4), await pushed(now - within / 2))
    : await pushed(now - within);
  return forecast(line, rate, come, await missesOf(db, line, priorities, rate, now));
}

const readyOf = (queue: string): string => `state = 'ready' AND suspect = 0 AND queue = ${queue}`;

/** The first 20 priorities of a queue. They are `-priority` in the index, as all of its columns have one direction. */
const prioritiesFor = (queue: string): string => `
  WITH RECURSIVE level (turned) AS (
    (SELECT -priority FROM tq.task WHERE ${readyOf(queue)} ORDER BY -priority LIMIT 1)
    UNION ALL
    SELECT (SELECT -priority FROM tq.task WHERE ${readyOf(queue)} AND -priority > level.turned ORDER BY -priority LIMIT 1)
      FROM level WHERE level.turned IS NOT NULL)
  SELECT turned FROM level WHERE turned IS NOT NULL LIMIT 20`;

const PRIORITIES = `SELECT (-turned)::float8 AS priority FROM (${prioritiesFor("$1")}) AS levels`;

/** Reads the first priorities of a queue: further ones are not looked at. */
async function prioritiesOf(db: Connection, queue: string): Promise<number[]> {
  return (await db.all<{ priority: number }>(PRIORITIES, [queue])).map(({ priority }) => priority);
}

const OF_PRIORITY = `${readyOf("$1")} AND -priority = -($2::bigint)`;

/** Tasks are counted up to this number: some ms. */
const MOST_COUNTED = 50_000;

/** Tasks with an `expected_at` that are looked at, of each priority: some ms. */
const MOST_EXPECTED = 3_000;

/** The statements on the tasks of one priority. @param held the place of the pauses of methods; null: there are none */
function statements(held: string | null) {
  const columns = held === null ? "" : `, ${HELD_BY}`;
  const unlessHeld = held === null ? "" : `WHERE NOT ${isHeld(held)}`;
  const count = (where: string): string => `
    SELECT count(*)::float8 AS count
      FROM (SELECT id${columns} FROM tq.task WHERE ${where} LIMIT ${MOST_COUNTED}) AS chosen ${unlessHeld}`;
  return {
    expected: `
      SELECT task.id::float8 AS id, deadline::float8 AS deadline, ${held === null ? "false" : isHeld(held)} AS "isHeld"
        FROM tq.task AS task
       WHERE ${OF_PRIORITY} AND task.deadline > ${held === null ? "$3" : "$4"}::bigint
       ORDER BY task.deadline, task.id LIMIT ${MOST_EXPECTED}`,
    countPast: count(`${OF_PRIORITY} AND deadline <= ${held === null ? "$3" : "$4"}::bigint`),
    countAll: count(OF_PRIORITY),
  };
}

const [OF_ALL, OF_UNHELD] = [statements(null), statements("$3")];

/** The statements, and their parameters for a priority. */
function statementsFor({ queue, held }: Line) {
  const texts = held === null ? OF_ALL : OF_UNHELD;
  const values = (priority: number): SqlValue[] =>
    held === null ? [queue, priority] : [queue, priority, held];
  return { ...texts, values };
}

/** Those that are expected first need not be the ones that wait the longest, so some are asked at both ends. */
const oldest = (held: string | null): string => {
  const end = (direction: "ASC" | "DESC"): string => `
    (SELECT coalesce(scheduled_at, enqueued_at) AS since, ${HELD_BY} FROM tq.task
      WHERE ${readyOf("these.queue")} AND -priority = levels.turned
      ORDER BY deadline ${direction}, id ${direction} LIMIT 20)`;
  return `
    SELECT these.queue, min(ends.since)${held === null ? "" : ` FILTER (WHERE NOT ${isHeld(held)})`}::float8 AS since
      FROM unnest($1::text[]) WITH ORDINALITY AS these (queue, nth)
     CROSS JOIN LATERAL (${prioritiesFor("these.queue")}) AS levels
     CROSS JOIN LATERAL (${end("ASC")} UNION ALL ${end("DESC")}) AS ends
     GROUP BY these.queue, these.nth ORDER BY these.nth`;
};

const [OLDEST_OF_ALL, OLDEST_UNHELD] = [oldest(null), oldest("$2")];

/** Since when these queues have had tasks to run, at least. */
async function backlogsSince(
  db: Connection,
  queues: readonly string[],
  held: readonly string[] | null,
  now: number,
): Promise<OldestReady[]> {
  const [sql, values] =
    held === null ? [OLDEST_OF_ALL, [queues]] : ([OLDEST_UNHELD, [queues, held]] as const);
  const rows = await db.all<{ queue: string; since: number | null }>(sql, values);
  return rows.map(({ queue, since }) => ({ queue, since: Math.min(since ?? now, now) }));
}

/** Since when the oldest ready task of each of these queues could run, as far as it is found; no paused method's. */
export async function oldestReady(
  db: Connection,
  queues: readonly string[],
  now: number,
): Promise<OldestReady[]> {
  const asked = queues.filter(isStorable);
  const ready = await backlogsSince(db, asked, heldNames(await pausesInForce(db, now)), now);
  const overdue = (await overdueQueues(db, now)).filter(({ queue }) => asked.includes(queue));
  return withOverdue(ready, overdue);
}

type Expected = { readonly id: number; readonly deadline: number; readonly isHeld: boolean };

async function missesOf(
  db: Connection,
  line: Line,
  priorities: readonly number[],
  rate: EndedRate,
  now: number,
): Promise<Misses | null> {
  const { expected: expecting, countPast, countAll, values } = statementsFor(line);
  const count = async (sql: string, parameters: readonly SqlValue[]) =>
    (await db.get<{ count: number }>(sql, parameters))?.count ?? 0;
  let [isAll, before] = [true, 0];
  // A ready task whose time in the order has not come is one with an `expected_at`.
  const levels: Level[] = [];
  for (const [index, priority] of priorities.entries()) {
    const ofNow = [...values(priority), now];
    const rows = await db.all<Expected>(expecting, ofNow);
    const expected = rows.filter((task) => !task.isHeld);
    if (rows.length === MOST_EXPECTED) isAll = false;
    if (expected.length > 0) {
      levels.push({ before: before + (await count(countPast, ofNow)), expected });
    }
    if (index === priorities.length - 1 || before > MOST_COUNTED) break;
    before += await count(countAll, values(priority));
  }
  const found = findMisses(levels, rate, { now, ready: line.ready });
  return found === null || isAll ? found : { ...found, at_least: true };
}
