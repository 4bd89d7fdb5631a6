/**
 * The index of all ready tasks in their order, whatever their queue. Only a database that had many queues has it, as
 * each push and each claim writes it: a worker of every queue then reads it instead of the head of each queue.
 */
import type { Database } from "bun:sqlite";

/** With more non-empty queues than this, a claim that looks at each of them takes long. */
export const MANY_QUEUES = 64;

const NAME = "tq__task_order";

const MAKE = `
  CREATE INDEX IF NOT EXISTS ${NAME} ON tq__task (priority DESC, deadline, id, queue)
   WHERE state = 'ready' AND suspect = 0`;

const EXISTS = `SELECT 1 FROM sqlite_schema WHERE type = 'index' AND name = '${NAME}'`;

/** Remembers what each connection last saw. An index that another process makes meanwhile is found by `lookForOrderIndex`. */
const seen = new WeakMap<Database, boolean>();

/** True when this connection knows that the index exists. */
export function hasOrderIndex(db: Database): boolean {
  return seen.get(db) ?? lookForOrderIndex(db);
}

/** Looks anew for the index, which another process may have made. */
export function lookForOrderIndex(db: Database): boolean {
  const exists = db.query(EXISTS).get() !== null;
  seen.set(db, exists);
  return exists;
}

const HAS_MANY = `
  WITH RECURSIVE name (queue) AS (
    SELECT min(queue) FROM tq__task WHERE state = 'ready' AND suspect = 0
    UNION ALL
    SELECT (SELECT min(queue) FROM tq__task WHERE state = 'ready' AND suspect = 0 AND queue > name.queue)
      FROM name WHERE name.queue IS NOT NULL)
  SELECT 1 FROM name WHERE queue IS NOT NULL LIMIT 1 OFFSET ${MANY_QUEUES}`;

/** How large a table may be for the index to be made now: that holds the write lock. */
export interface IndexLimits {
  /** Each costs about 2 µs. */
  readonly ready: number;
  /** The table is read as a whole: each id costs about 0.3 µs. */
  readonly ids: number;
}

/** When a worker starts: it takes about a second, once in the life of a database. */
export const LIMITS_AT_START: IndexLimits = { ready: 500_000, ids: 5_000_000 };

/** While a worker runs: others hardly notice it. */
export const LIMITS_MEANWHILE: IndexLimits = { ready: 50_000, ids: 500_000 };

const IS_LARGE = `
  SELECT EXISTS (SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect = 0
                  LIMIT 1 OFFSET CAST($ready AS INTEGER))
      OR (SELECT max(id) FROM tq__task) - (SELECT min(id) FROM tq__task) > $ids AS large`;

/** True when the index is worth its cost, and the table is not too large to make it now. */
export function needsOrderIndex(db: Database, { ready, ids }: IndexLimits): boolean {
  if (lookForOrderIndex(db) || db.query(HAS_MANY).get() === null) return false;
  return (db.query(IS_LARGE).get({ ready, ids }) as { large: 0 | 1 }).large === 0;
}

export function makeOrderIndex(db: Database): void {
  db.run(MAKE);
}
