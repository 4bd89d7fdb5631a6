/** Cancels, retries, places and deletes tasks by hand. */
import type { Database } from "bun:sqlite";
import { noSuchTask } from "../../errors.ts";
import { BY_HAND, moveRefused } from "../../store/by-hand-words.ts";
import type { Task } from "../../task.ts";
import { forgettingOld, recordingCancelled, recordingFinished } from "./attempts.ts";
import { getTask } from "./looking.ts";
import { taskConditions } from "./task-conditions.ts";
import type { CleanOptions, ManyMove, Place, ReadFilter } from "../../store/looking.ts";

const ONE = "id = $id";
const MANY = "id IN (SELECT value FROM json_each($ids))";

const cancelling = (which: string): string => `
  UPDATE tq__task
     SET attempts = attempts + iif(state = 'running', 1, 0),
         state = 'cancelled', finished_at = $now, reason = $reason,
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE ${which} AND state IN ('ready', 'scheduled', 'running')`;

const CANCEL = cancelling(ONE);
const CANCEL_MANY = cancelling(MANY);
const RECORD_CANCELLED = recordingCancelled(ONE);
const RECORD_CANCELLED_MANY = recordingCancelled(MANY);

/** @throws TqError "not_found", or "conflict" when the task has ended. */
export function cancel(db: Database, id: number, reason: string, now: number): Task {
  db.query(RECORD_CANCELLED).run({ id, reason, now });
  if (db.query(CANCEL).run({ id, reason, now }).changes === 1) return existing(db, id, "cancel");
  const task = existing(db, id, "cancel");
  throw moveRefused("cancel", task);
}

/** A task that was cancelled before the time that its push asked for still waits for that. */
const IS_EARLY = "state = 'cancelled' AND postponed_at IS NULL AND scheduled_at > $now";

/** A run chose the time of the next one: an error, a snooze or a busy database put the task off. */
const WAS_PUT_OFF = "state = 'scheduled' AND postponed_at IS NOT NULL";

/** `deadline` stays: the task keeps its place among those that were due before and after it. */
const retrying = (which: string): string => `
  UPDATE tq__task
     SET state = iif(${IS_EARLY}, 'scheduled', 'ready'), finished_at = NULL, dequeued_at = NULL,
         scheduled_at = iif(${IS_EARLY}, scheduled_at, $now),
         postponed_at = iif(${IS_EARLY}, NULL, $now),
         expires_at = iif(${IS_EARLY}, expires_at, NULL),
         crashes = 0, suspect = 0, postponed = 0, failures = 0, snoozes = 0, result = NULL, reason = NULL
   WHERE ${which} AND (state IN ('finished', 'failed', 'cancelled') OR (${WAS_PUT_OFF}))`;

const RETRY = retrying(ONE);
const RETRY_MANY = retrying(MANY);
const RECORD_FINISHED = recordingFinished(ONE);
const RECORD_FINISHED_MANY = recordingFinished(MANY);
const FORGET_OLD = forgettingOld(ONE);
const FORGET_OLD_MANY = forgettingOld(MANY);

/**
 * Makes an ended task ready again, or one that a run has put off.
 *
 * @throws TqError "not_found", or "conflict" where the task waits for its first run, or runs.
 */
export function retryByHand(db: Database, id: number, now: number): Task {
  if (db.query(RECORD_FINISHED).run({ id }).changes > 0) db.query(FORGET_OLD).run({ id });
  if (db.query(RETRY).run({ id, now }).changes === 1) return existing(db, id, "retry");
  const task = existing(db, id, "retry");
  throw moveRefused("retry", task);
}

const IS_MADE_READY = "$dueAt IS NOT NULL AND state = 'scheduled'";

/** A column that is not given stays. */
const placing = (which: string): string => `
  UPDATE tq__task
     SET queue = coalesce($queue, queue), priority = coalesce($priority, priority),
         state = iif(${IS_MADE_READY}, 'ready', state),
         scheduled_at = iif(${IS_MADE_READY}, $dueAt, scheduled_at),
         deadline = iif(${IS_MADE_READY} AND expected_at IS NULL, $dueAt, deadline)
   WHERE ${which} AND state IN ('ready', 'scheduled')`;

const PLACE = placing(ONE);
const PLACE_MANY = placing(MANY);

/** @throws TqError "not_found", or "conflict" where the task does not wait. */
export function place(db: Database, id: number, to: Place, now: number): Task {
  if (db.query(PLACE).run({ id, ...placeValues(to, now) }).changes === 1)
    return existing(db, id, "move");
  const task = existing(db, id, "move");
  throw moveRefused("move", task);
}

function placeValues({ queue, priority, now: isNow = false }: Place, now: number) {
  return { queue: queue ?? null, priority: priority ?? null, dueAt: isNow ? now : null };
}

const DELETE_ENDED = `
  DELETE FROM tq__task WHERE ${MANY} AND state IN ('finished', 'failed', 'cancelled') RETURNING id`;

/** The other rows of a task; its id is never given again. */
const DELETE_HISTORY = ["tq__error", "tq__attempt", "tq__output"].map(
  (table) => `DELETE FROM ${table} WHERE task IN (SELECT value FROM json_each($ids))`,
);

/** @throws TqError "not_found", or "conflict" where the task has not ended. */
export function deleteOne(db: Database, id: number): Task {
  const task = existing(db, id, "delete");
  if (deleteMany(db, [id]) === 1) return task;
  throw moveRefused("delete", task);
}

function deleteMany(db: Database, ids: readonly number[]): number {
  const rows = db.query(DELETE_ENDED).values({ ids: JSON.stringify(ids) }) as [number][];
  return deleteHistory(db, rows);
}

function deleteHistory(db: Database, rows: readonly [number][]): number {
  const ids = JSON.stringify(rows.map(([id]) => id));
  if (rows.length > 0) for (const statement of DELETE_HISTORY) db.query(statement).run({ ids });
  return rows.length;
}

/** Moves those of these tasks that the filter holds for and that can be moved; returns how many. */
export function moveMany(
  db: Database,
  move: ManyMove,
  given: readonly number[],
  filter: ReadFilter,
  now: number,
): number {
  const { sql, values } = taskConditions(filter);
  const asked = `SELECT id FROM tq__task WHERE ${MANY} AND ${sql}`;
  const rows = db.query(asked).values({ ...values, ids: JSON.stringify(given) }) as [number][];
  const found = rows.map(([id]) => id);
  const ids = JSON.stringify(found);
  switch (move.kind) {
    case "cancel":
      return cancelMany(db, ids, move.reason ?? BY_HAND, now);
    case "retry":
      return retryMany(db, ids, now);
    case "delete":
      return deleteMany(db, found);
    case "place":
      return db.query(PLACE_MANY).run({ ids, ...placeValues(move, now) }).changes;
  }
}

function cancelMany(db: Database, ids: string, reason: string, now: number): number {
  db.query(RECORD_CANCELLED_MANY).run({ ids, reason, now });
  return db.query(CANCEL_MANY).run({ ids, reason, now }).changes;
}

function retryMany(db: Database, ids: string, now: number): number {
  if (db.query(RECORD_FINISHED_MANY).run({ ids }).changes > 0)
    db.query(FORGET_OLD_MANY).run({ ids });
  return db.query(RETRY_MANY).run({ ids, now }).changes;
}

function existing(db: Database, id: number, move: string): Task {
  const task = getTask(db, id, 0); // it has just been moved: it has not expired
  if (task) return task;
  throw noSuchTask(`${move} task ${id}`);
}

/** A task that ended before it was pushed ran while the clock was behind, and may have ended just now. */
const CLEANABLE = `
  SELECT id FROM tq__task WHERE state = 'finished' AND finished_at < $finishedBefore AND enqueued_at < $finishedBefore
  UNION ALL
  SELECT id FROM tq__task WHERE state = 'cancelled' AND finished_at < $finishedBefore AND enqueued_at < $finishedBefore
  UNION ALL
  SELECT id FROM tq__task WHERE state = 'failed' AND finished_at < $failedBefore AND enqueued_at < $failedBefore`;

const COUNT_CLEANABLE = `SELECT count(*) AS count FROM (${CLEANABLE})`;

export function countCleanable(db: Database, options: Omit<CleanOptions, "limit">): number {
  return (db.query(COUNT_CLEANABLE).get({ ...options }) as { count: number }).count;
}

const CLEAN = `DELETE FROM tq__task WHERE id IN (${CLEANABLE} LIMIT $limit) RETURNING id`;

/** Deletes tasks that ended before the given times, with their history; returns how many. */
export function clean(db: Database, options: CleanOptions): number {
  return deleteHistory(db, db.query(CLEAN).values({ ...options }) as [number][]);
}
