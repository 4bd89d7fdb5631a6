/** The first ready tasks of a worker's queues: by priority, deadline and id, whatever their queue. */
import type { Database } from "bun:sqlite";
import { isQueuePaused, type PauseTarget } from "../../store/pauses.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import {
  areNames,
  candidates,
  type IsSuspect,
  matchQueues,
  NO_SUSPECT,
  SUSPECT,
} from "./queues.ts";
import { hasOrderIndex, lookForOrderIndex, MANY_QUEUES } from "./ready-order.ts";

/** The columns that a claim reads of a task that it takes. A ready task has a reason only where a run of it did not end it. */
export const CLAIMED_COLUMNS = `task.id, claim, model, method, instances, args, context, user, queue, priority, deadline,
         enqueued_at AS enqueuedAt, scheduled_at AS scheduledAt, expected_at AS expectedAt, attempts, suspect, postponed, failures, expires_at AS expiresAt, policy, ref, reason IS NOT NULL AS again`;

/**
 * The CAST hides the parameter: where a partial index or a LIMIT may depend on a bare one, SQLite prepares the
 * statement again at each run, which takes ten times as long as the run.
 */
const FIRST_OF_QUEUE = `
  SELECT ${CLAIMED_COLUMNS}
    FROM tq__task AS task
   WHERE state = 'ready' AND suspect = 0 AND queue = CAST(?1 AS TEXT)
   ORDER BY priority DESC, deadline, id
   LIMIT CAST(?2 AS INTEGER)`;

/**
 * Merges the queues: a recursive query with an ORDER BY is a priority queue. It begins with the first task of each
 * queue, and puts in the place of each that it takes the next one of the same queue, by the index. In the ORDER BY, 3
 * is the priority, 4 the deadline and 1 the id.
 */
const merge = (suspect: IsSuspect): string => {
  const first = (where: string): string => `
       (SELECT id FROM tq__task
         WHERE state = 'ready' AND ${suspect} AND ${where}
         ORDER BY priority DESC, deadline, id LIMIT 1)`;
  return `
  WITH RECURSIVE next (id, queue, priority, deadline) AS (
    SELECT task.id, task.queue, task.priority, task.deadline
      FROM json_each(?1) AS name
     CROSS JOIN tq__task AS task ON task.id = ${first("queue = name.value")}
    UNION ALL
    SELECT task.id, task.queue, task.priority, task.deadline
      FROM next CROSS JOIN tq__task AS task ON task.id = coalesce(
        ${first("queue = next.queue AND priority = next.priority AND deadline = next.deadline AND id > next.id")},
        ${first("queue = next.queue AND priority = next.priority AND deadline > next.deadline")},
        ${first("queue = next.queue AND priority < next.priority")})
    ORDER BY 3 DESC, 4, 1
    LIMIT CAST(?2 AS INTEGER))
  SELECT ${CLAIMED_COLUMNS}
    FROM (SELECT id AS first FROM next) CROSS JOIN tq__task AS task ON task.id = first`;
};

const FIRST_OF_QUEUES = merge(NO_SUSPECT);
const FIRST_SUSPECT = merge(SUSPECT);

const IN_ORDER = "state = 'ready' AND suspect = 0 ORDER BY priority DESC, deadline, id";

/** These two run only where the database has the index of `ready-order.ts`. */
const FIRST_OF_ALL = `
  SELECT ${CLAIMED_COLUMNS}
    FROM (SELECT id AS first FROM tq__task WHERE ${IN_ORDER} LIMIT CAST(?1 AS INTEGER))
   CROSS JOIN tq__task AS task ON task.id = first`;

const WALK = `SELECT id, queue FROM tq__task WHERE ${IN_ORDER} LIMIT CAST(?1 AS INTEGER)`;

const BY_IDS = `
  SELECT ${CLAIMED_COLUMNS}
    FROM json_each(?1) AS taken CROSS JOIN tq__task AS task ON task.id = taken.value`;

const NONE: readonly PauseTarget[] = [];

/**
 * The first `limit` ready tasks of these queues, or fewer, in their order; none only where none is ready.
 *
 * @param pauses leaves out the queues that they hold.
 */
export function firstReady(
  db: Database,
  patterns: readonly string[],
  limit: number,
  pauses = NONE,
): Iterable<unknown> {
  if (areNames(patterns)) return firstOf(db, unpaused(matchQueues(db, patterns), pauses), limit);
  const ordered = hasOrderIndex(db);
  const takesAll = patterns.length === 0 && !pauses.some(({ kind }) => kind === "queue");
  if (ordered && takesAll) return db.query(FIRST_OF_ALL).iterate(limit);
  const few = fewQueues(db, patterns);
  if (few) return firstOf(db, unpaused(few, pauses), limit);
  // Many queues may match: a walk by the index, where it finds any, costs less than a look at each queue.
  const ids = ordered || lookForOrderIndex(db) ? walk(db, patterns, limit, pauses) : [];
  if (ids.length > 0) return db.query(BY_IDS).iterate(JSON.stringify(ids));
  return firstOf(db, unpaused(matchQueues(db, patterns), pauses), limit);
}

function unpaused(names: readonly string[], pauses: readonly PauseTarget[]): readonly string[] {
  return pauses.length === 0 ? names : names.filter((name) => !isQueuePaused(pauses, name));
}

function firstOf(db: Database, names: readonly string[], limit: number): Iterable<unknown> {
  const [name] = names;
  if (name === undefined) return [];
  if (names.length === 1) return db.query(FIRST_OF_QUEUE).iterate(name, limit);
  return db.query(FIRST_OF_QUEUES).iterate(JSON.stringify(names), limit);
}

export function firstSuspect(db: Database, names: readonly string[]): Iterable<unknown> {
  return db.query(FIRST_SUSPECT).iterate(JSON.stringify(names), 1);
}

/** The queues that match; null where so many may match that the look at each takes longer than a walk. */
function fewQueues(db: Database, patterns: readonly string[]): readonly string[] | null {
  const names: string[] = [];
  for (const name of candidates(db, patterns)) {
    if (names.push(name) > MANY_QUEUES) return null;
  }
  return names.filter((name) => takesQueue(patterns, name));
}

/** A walk passes over this many tasks of other queues: about 1 ms. */
const PASSED_OVER = 2_000;

/** Walks over the tasks in their order. Where it meets many of other queues, it finds fewer than `limit`, or none. */
function walk(
  db: Database,
  patterns: readonly string[],
  limit: number,
  pauses: readonly PauseTarget[],
): number[] {
  const ids: number[] = [];
  const rows = db.query(WALK).iterate(limit + PASSED_OVER) as Iterable<{
    id: number;
    queue: string;
  }>;
  for (const { id, queue } of rows) {
    if (!takesQueue(patterns, queue) || isQueuePaused(pauses, queue)) continue;
    if (ids.push(id) === limit) break;
  }
  return ids;
}
