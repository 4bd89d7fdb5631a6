/** Counts the tasks of queues by state, each state by its index. The view `tq_queues` counts the same. */
import type { Database } from "bun:sqlite";
import { nextTurn } from "../../next-turn.ts";
import type { QueueInfo } from "../../store/looking.ts";
import { candidates } from "./queues.ts";

/** The conditions of the partial indexes: where one is spelt differently, SQLite reads the whole table. */
const READY = "state = 'ready' AND suspect = 0";
/** Suspects, and tasks that are set aside for a pause. */
const BESIDE = "state = 'ready' AND suspect > 0";
const SCHEDULED = "state = 'scheduled'";
const RUNNING = "state = 'running'";
const FAILED = "state = 'failed' AND finished_at IS NOT NULL";

const COUNT_WAITING = `SELECT ${[READY, BESIDE, SCHEDULED]
  .map((where) => `(SELECT count(*) FROM tq__task WHERE ${where})`)
  .join(" + ")} AS size`;

/** Counts the ready and scheduled tasks of all queues. */
export function countWaiting(db: Database): number {
  return (db.query(COUNT_WAITING).get() as { size: number }).size;
}

const COUNT_READY_OF = `
  SELECT count(*) AS ready
    FROM (SELECT 1 FROM tq__task WHERE ${READY} AND queue = $queue LIMIT CAST($limit AS INTEGER))`;

/** Reads the names as JavaScript does, where bytes of another encoding are U+FFFD. */
const READY_QUEUES_LIKE = `
  SELECT queue FROM tq__task WHERE ${READY} AND queue GLOB $pattern`;

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

/** All that is counted task by task. */
const OTHERS = [BESIDE, SCHEDULED, RUNNING, FAILED]
  .map((where) => `SELECT queue, state FROM tq__task WHERE ${where}`)
  .join(" UNION ALL ");

/** Tasks counted between two pauses: some ms. */
const COUNTED_AT_ONCE = 10_000;

/** Ready tasks of one queue are counted up to this number. */
const MOST_OF_QUEUE = 50_000;

/** Once the queues so far have this many ready tasks, those of each further queue are counted up to `MOST_OF_REST`. */
const MOST_OF_ALL = 150_000;
const MOST_OF_REST = 10;

/**
 * Counts the tasks of each queue by state, in parts: the thread has other work to do between two. The connection shows
 * no change until the count ends.
 */
export function* countQueues(db: Database): Generator<void, QueueInfo[]> {
  const counts = new Map<string, Counts>();
  yield* countReady(db, counts);
  let counted = 0;
  for (const { queue, state } of db.query(OTHERS).iterate() as Iterable<CountedRow>) {
    countsOf(counts, queue)[state] += 1;
    counted += 1;
    if (counted % COUNTED_AT_ONCE === 0) yield;
  }
  const queues = [...counts].map(([queue, count]) => ({ queue, ...count }));
  return queues.sort((a, b) => Buffer.compare(Buffer.from(a.queue), Buffer.from(b.queue)));
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

function* countReady(db: Database, counts: Map<string, Counts>): Generator<void, void> {
  let counted = 0;
  let sincePause = 0;
  for (const queue of candidates(db, [])) {
    const most = Math.max(Math.min(MOST_OF_QUEUE, MOST_OF_ALL - counted), MOST_OF_REST);
    let found = countReadyOf(db, queue, Math.min(most, COUNTED_AT_ONCE) + 1);
    if (found > COUNTED_AT_ONCE && found <= most) {
      yield; // the caller may go on with another connection: before the long count, it loses less
      found = countReadyOf(db, queue, most + 1);
    }
    if (found === 0) found = countForeign(db, queue, most + 1);
    const count = countsOf(counts, queue);
    count.ready = Math.min(found, most);
    if (found > most) count.at_least = true;
    counted += count.ready;
    sincePause += count.ready;
    if (sincePause < COUNTED_AT_ONCE) continue;
    sincePause = 0;
    yield;
  }
}

type CountedState = "scheduled" | "ready" | "running" | "failed";
type Counts = Record<CountedState, number> & { at_least?: true };

function countsOf(counts: Map<string, Counts>, queue: string): Counts {
  let count = counts.get(queue);
  if (!count) counts.set(queue, (count = { scheduled: 0, ready: 0, running: 0, failed: 0 }));
  return count;
}

interface CountedRow {
  readonly queue: string;
  readonly state: CountedState;
}
