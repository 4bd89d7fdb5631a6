/**
 * Counts the tasks of queues by state, each state by its index. Where there are too many it takes what was last counted,
 * and without that a number that is the least. The view `tq_queues` counts all of them.
 */
import type { CountedState, QueueInfo } from "../../store/looking.ts";
import {
  type KeptCount,
  MOST_OF_PART,
  MOST_OF_QUEUE,
  QueueCounts,
  STATE,
} from "../../store/queue-counts.ts";
import type { Access } from "../access.ts";
import type { Connection } from "../connection.ts";
import { hasMore, ORDER, readKept, WHERE } from "./kept-counts.ts";
import { IN_LINE, namesWith } from "./queues.ts";

/** Counts the ready tasks of queues, by the index alone. @param most of each */
const counting = (queues: string, most: string): string => `
  SELECT named.queue, counted.ready
    FROM (${queues}) AS named CROSS JOIN LATERAL
         (SELECT count(*)::float8 AS ready
            FROM (SELECT FROM tq.task WHERE ${WHERE.line} AND queue = named.queue LIMIT ${most}::bigint) AS few) AS counted`;

const COUNT_NEXT = counting(
  `${namesWith(IN_LINE, " AND queue > $1::text")} LIMIT $2::bigint`,
  "$3",
);

const COUNT_THESE = counting("SELECT unnest($1::text[]) AS queue", "$2");

interface ReadyRow {
  readonly queue: string;
  readonly ready: number;
}

/** Queues that one statement counts. */
const QUEUES_AT_ONCE = 1_000;

/** Counts the ready tasks of all queues that have any, each up to a number: many queues at a time. */
export async function* countEach(
  read: Access["snapshot"],
  most: number,
): AsyncGenerator<readonly ReadyRow[], void> {
  for (let after = ""; ;) {
    const values = [after, QUEUES_AT_ONCE, most];
    const rows = await read((db) => db.all<ReadyRow>(COUNT_NEXT, values));
    yield rows;
    if (rows.length < QUEUES_AT_ONCE) return;
    after = rows.at(-1)?.queue ?? "";
  }
}

/** Counts the ready tasks of these queues, each up to a number; null: all. */
export function countThese(
  db: Connection,
  queues: readonly string[],
  most: number | null,
): Promise<ReadyRow[]> {
  return db.all<ReadyRow>(COUNT_THESE, [queues, most]);
}

/** Once the queues so far have this many ready tasks, those of each further queue are counted up to `MOST_OF_REST`. */
const MOST_OF_ALL = 150_000;
const MOST_OF_REST = 10;

/** Those of a queue are counted up to the first of these numbers, then up to the next one. */
const LEVELS = [MOST_OF_REST, 1_000, MOST_OF_QUEUE];

/** Where there are more, and no count is kept, only so many are looked at. */
const LEAST_OF_PART = 1_000;

/** Running tasks are few for each thread. */
const MOST_RUNNING = 20_000;

/** Counts the tasks of each queue by state: some ms, and of thousands of queues by several statements. */
export async function countQueues(db: Connection): Promise<QueueInfo[]> {
  const counts = new QueueCounts();
  await countLine(db, counts);
  for (const part of ["beside", "scheduled", "failed"] as const) await countPart(db, part, counts);
  await countRows(db, QUEUES_RUNNING, MOST_RUNNING, "running", counts);
  return counts.sorted();
}

async function countLine(db: Connection, counts: QueueCounts): Promise<void> {
  const found = new Map<string, number>();
  for await (const rows of countEach((fn) => fn(db), MOST_OF_REST + 1)) {
    for (const { queue, ready } of rows) found.set(queue, ready);
  }
  const most = await countFurther(db, found);
  let kept: Map<string, KeptCount> | null = null;
  for (const [queue, ready] of found) {
    const least = most.get(queue) ?? MOST_OF_REST;
    if (ready <= least) counts.add(queue, "ready", ready);
    else {
      kept ??= await readKept(db, "line");
      counts.addMany(queue, "ready", least, kept.get(queue));
    }
  }
}

/** Counts on in the queues that have more. @returns up to which number it did in which queue */
async function countFurther(
  db: Connection,
  found: Map<string, number>,
): Promise<Map<string, number>> {
  const most = new Map<string, number>();
  let counted = found.values().reduce((sum, ready) => sum + ready, 0);
  for (const [index, level] of LEVELS.entries()) {
    const before = LEVELS[index - 1];
    if (before === undefined) continue;
    const queues = [...found].filter(([, ready]) => ready > before).map(([queue]) => queue);
    const together = Math.max(Math.floor(MOST_OF_ALL / level), 1);
    for (let start = 0; start < queues.length && counted < MOST_OF_ALL; start += together) {
      const some = queues.slice(start, start + together);
      for (const { queue, ready } of await countThese(db, some, level + 1)) {
        counted += ready - (found.get(queue) ?? 0);
        found.set(queue, ready);
        most.set(queue, level);
      }
    }
  }
  return most;
}

const queuesOf = (where: string, order: string): string =>
  `SELECT queue FROM tq.task WHERE ${where} ORDER BY ${order} LIMIT $1::bigint`;

const QUEUES_OF = {
  beside: queuesOf(WHERE.beside, ORDER.beside),
  scheduled: queuesOf(WHERE.scheduled, ORDER.scheduled),
  failed: queuesOf(WHERE.failed, ORDER.failed),
};
const QUEUES_RUNNING = queuesOf("state = 'running'", "worker");

async function countPart(
  db: Connection,
  part: keyof typeof QUEUES_OF,
  counts: QueueCounts,
): Promise<void> {
  const state = STATE[part];
  if (!(await hasMore(db, part, MOST_OF_PART))) {
    return countRows(db, QUEUES_OF[part], MOST_OF_PART, state, counts);
  }
  const kept = await readKept(db, part);
  if (kept.size === 0) return countRows(db, QUEUES_OF[part], LEAST_OF_PART, state, counts);
  for (const [queue, { tasks }] of kept) counts.add(queue, state, tasks);
  counts.isAbout(state, Math.min(...Array.from(kept.values(), (count) => count.counted_at)));
}

async function countRows(
  db: Connection,
  queues: string,
  most: number,
  state: CountedState,
  counts: QueueCounts,
): Promise<void> {
  const summing = `SELECT queue, count(*)::float8 AS tasks FROM (${queues}) AS chosen GROUP BY queue ORDER BY tasks DESC`;
  const rows = await db.all<{ queue: string; tasks: number }>(summing, [most + 1]);
  let isMore = rows.reduce((sum, { tasks }) => sum + tasks, 0) > most;
  if (isMore) counts.isLeast(state);
  for (const { queue, tasks } of rows) {
    counts.add(queue, state, isMore ? tasks - 1 : tasks); // one was read to know that there are more
    isMore = false;
  }
}
