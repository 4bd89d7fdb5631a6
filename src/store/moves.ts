/** The moves that a person makes: cancel, retry, clean. */
import type { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import type { Task } from "../task.ts";
import { getTask } from "./looking.ts";
import type { CleanOptions } from "./store.ts";

const CANCEL = `
  UPDATE tq__task
     SET state = 'cancelled', finished_at = $now, reason = $reason,
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE id = $id AND state IN ('ready', 'scheduled', 'running')`;

/** @throws TqError "not_found", or "conflict" when the task has ended. */
export function cancel(db: Database, id: number, reason: string, now: number): Task {
  if (db.query(CANCEL).run({ id, reason, now }).changes === 1) return existing(db, id, "cancel");
  const task = existing(db, id, "cancel");
  throw new TqError("conflict", `Cannot cancel task ${id}: it is ${task.state} already`);
}

const RETRY = `
  UPDATE tq__task
     SET state = 'ready', finished_at = NULL, dequeued_at = NULL, scheduled_at = NULL,
         deadline = coalesce(expected_at, enqueued_at), crashes = 0, suspect = 0, result = NULL, reason = NULL
   WHERE id = $id AND state IN ('finished', 'failed', 'cancelled')`;

/** @throws TqError "not_found", or "conflict" when the task has not ended. */
export function retryByHand(db: Database, id: number): Task {
  if (db.query(RETRY).run({ id }).changes === 1) return existing(db, id, "retry");
  const task = existing(db, id, "retry");
  const hint = task.state === "running" ? "; cancel it first" : "; it will run by itself";
  throw new TqError("conflict", `Cannot retry task ${id}: it is ${task.state}${hint}`);
}

function existing(db: Database, id: number, move: string): Task {
  const task = getTask(db, id);
  if (task) return task;
  throw new TqError(
    "not_found",
    `Cannot ${move} task ${id}: there is no such task; it may have been cleaned`,
  );
}

/** What ended before it was pushed was run under a clock that was behind: it may have ended only now. */
const CLEANABLE = `
  SELECT id FROM tq__task WHERE state = 'finished' AND finished_at < $finishedBefore AND enqueued_at < $finishedBefore
  UNION ALL
  SELECT id FROM tq__task WHERE state = 'cancelled' AND finished_at < $finishedBefore AND enqueued_at < $finishedBefore
  UNION ALL
  SELECT id FROM tq__task WHERE state = 'failed' AND finished_at < $failedBefore AND enqueued_at < $failedBefore
  LIMIT $limit`;

const CLEAN = `DELETE FROM tq__task WHERE id IN (${CLEANABLE}) RETURNING id`;

const CLEAN_ERRORS = `DELETE FROM tq__error WHERE task = $task`;

/** Deletes what ended long ago, with its errors; returns how many tasks. */
export function clean(db: Database, options: CleanOptions): number {
  const rows = db.query(CLEAN).values({ ...options }) as [number][];
  const statement = db.query(CLEAN_ERRORS);
  for (const [task] of rows) statement.run({ task });
  return rows.length;
}
