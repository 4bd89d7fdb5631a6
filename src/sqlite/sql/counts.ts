/**
 * Counts the tasks of queues by state, each state by its index. Where there are too many it takes what was last counted,
 * and without that a number that is the least. The view `tq_queues` counts all of them.
 */
import type { Database } from "bun:sqlite";
import { nextTurn } from "../../next-turn.ts";
import type { CountedState, QueueInfo } from "../../store/looking.ts";
import { MOST_OF_PART, MOST_OF_QUEUE, QueueCounts, STATE } from "../../store/queue-counts.ts";
import { hasMore, readKept, WHERE } from "./kept-counts.ts";
import type { KeptCount } from "../../store/queue-counts.ts";
import { candidates } from "./queues.ts";

const COUNT_WAITING = `SELECT ${(["line", "beside", "scheduled"] as const)
  .map((part) => `(SELECT count(*) FROM tq__task WHERE ${WHERE[part]})`)
  .join(" + ")} AS size`;

/** Counts the ready and scheduled tasks of all queues. */
export function countWaiting(db: Database): number {
  return (db.query(COUNT_WAITING).get() as { size: number }).size;
}

const COUNT_READY_OF = `
  SELECT count(*) AS ready
    FROM (SELECT 1 FROM tq__task WHERE ${WHERE.line} AND queue = $queue LIMIT CAST($limit AS INTEGER))`;

/** Reads the names as JavaScript does, where bytes of another encoding are U+FFFD. */
const READY_QUEUES_LIKE = `
  SELECT queue FROM tq__task WHERE ${WHERE.line} AND queue GLOB $pattern`;

/** Counts the ready tasks of a queue that are no suspects, up to `limit`. */
export function countReadyOf(db: Database, queue: string, limit: number): number {
  return (db.query(COUNT_READY_OF).get({ queue, limit }) as { ready: number }).ready;
}

/** Older versions took names that are not UTF-8, and SQL past `tq_push` still does: no worker finds such a queue. */
function countForeign(db: Database, queue: string, limit: number): number {
  const [before = ""] = queue.split("\ufffd");
  const pattern = `${before.replaceAll(/[*?[]/g, "[$&]")}*`;
  let count = 0;
  const rows = db.query(READY_QUEUES_LIKE).iterate({ pattern }) as Iterable<{ queue: string }>;
  for (const row of rows) {
    if (row.queue === queue) count += 1;
    if (count === limit) break;
  }
  return count;
}

/** Queues whose ready tasks are counted between two pauses: there may be many thousands. */
const QUEUES_AT_ONCE = 1_000;

/** Once the queues so far have this many ready tasks, those of each further queue are counted up to `MOST_OF_REST`. */
const MOST_OF_ALL = 150_000;
const MOST_OF_REST = 10;

/** Where there are more, and no count is kept, only so many are looked at. */
const LEAST_OF_PART = 1_000;

/** Running tasks are few for each thread. */
const MOST_RUNNING = 20_000;

/**
 * Counts the tasks of each queue by state: some ms, and of thousands of queues in parts, as the thread has other work to
 * do. The connection shows no change until the count ends.
 */
export function* countQueues(db: Database): Generator<void, QueueInfo[]> {
  const counts = new QueueCounts();
  yield* countLine(db, counts);
  for (const part of ["beside", "scheduled", "failed"] as const) countPart(db, part, counts);
  countRows(db, QUEUES_RUNNING, MOST_RUNNING, "running", counts);
  return counts.sorted();
}

/** Counts to the end, with a turn of the event loop between two parts. */
export async function countWithPauses(db: Database): Promise<QueueInfo[]> {
  const counting = countQueues(db);
  for (;;) {
    const part = counting.next();
    if (part.done) return part.value;
    await nextTurn();
  }
}

function* countLine(db: Database, counts: QueueCounts): Generator<void, void> {
  let [queues, counted] = [0, 0];
  let kept: Map<string, KeptCount> | null = null;
  for (const queue of candidates(db, [])) {
    const most = Math.max(Math.min(MOST_OF_QUEUE, MOST_OF_ALL - counted), MOST_OF_REST);
    const found = countReadyOf(db, queue, most + 1) || countForeign(db, queue, most + 1);
    if (found > most) {
      kept ??= readKept(db, "line");
      counts.addMany(queue, "ready", most, kept.get(queue));
    } else counts.add(queue, "ready", found);
    counted += Math.min(found, most);
    queues += 1;
    if (queues % QUEUES_AT_ONCE === 0) yield;
  }
}

const queuesOf = (where: string): string => `
  SELECT queue FROM tq__task WHERE ${where} LIMIT CAST($limit AS INTEGER)`;

const QUEUES_OF = {
  beside: queuesOf(WHERE.beside),
  scheduled: queuesOf(WHERE.scheduled),
  failed: queuesOf(WHERE.failed),
};
const QUEUES_RUNNING = queuesOf("state = 'running'");

function countPart(db: Database, part: keyof typeof QUEUES_OF, counts: QueueCounts): void {
  const state = STATE[part];
  if (!hasMore(db, part, MOST_OF_PART)) {
    return countRows(db, QUEUES_OF[part], MOST_OF_PART, state, counts);
  }
  const kept = readKept(db, part);
  if (kept.size === 0) return countRows(db, QUEUES_OF[part], LEAST_OF_PART, state, counts);
  for (const [queue, { tasks }] of kept) counts.add(queue, state, tasks);
  counts.isAbout(state, Math.min(...Array.from(kept.values(), (count) => count.counted_at)));
}

function countRows(
  db: Database,
  queues: string,
  most: number,
  state: CountedState,
  counts: QueueCounts,
): void {
  const rows = db.query(queues).values({ limit: most + 1 }) as [string][];
  for (const [queue] of rows.slice(0, most)) counts.add(queue, state, 1);
  if (rows.length > most) counts.isLeast(state);
}
