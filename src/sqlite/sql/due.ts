/** Scheduled tasks that come due. */
import type { Database } from "bun:sqlite";

const NEXT_DUE = `
  SELECT scheduled_at AS at
    FROM tq__task
   WHERE state = 'scheduled'
   ORDER BY scheduled_at
   LIMIT 1`;

/** When the next scheduled task is due; null: none is scheduled. */
export function nextDue(db: Database): number | null {
  return (db.query(NEXT_DUE).get() as { at: number } | null)?.at ?? null;
}

const IS_DUE = `
  SELECT 1 FROM tq__task WHERE state = 'scheduled' AND scheduled_at <= $now LIMIT 1`;

export function isDue(db: Database, now: number): boolean {
  return db.query(IS_DUE).get({ now }) !== null;
}

/** How many due tasks become ready in one transaction: a million at once would hold the lock for seconds. */
const DUE_LIMIT = 500;

const IS_CROWD_DUE = `
  SELECT 1 FROM tq__task WHERE state = 'scheduled' AND scheduled_at <= $now LIMIT 1 OFFSET ${DUE_LIMIT}`;

/** True when more tasks are due than one claim makes ready. */
export function isCrowdDue(db: Database, now: number): boolean {
  return db.query(IS_CROWD_DUE).get({ now }) !== null;
}

const MAKE_DUE_READY = `
  UPDATE tq__task
     SET state = 'ready'
   WHERE id IN (SELECT id
                  FROM tq__task
                 WHERE state = 'scheduled' AND scheduled_at <= $now
                 ORDER BY scheduled_at
                 LIMIT ${DUE_LIMIT})`;

/** @returns false where none was due */
export function makeDueReady(db: Database, now: number): boolean {
  return db.query(MAKE_DUE_READY).run({ now }).changes > 0;
}
