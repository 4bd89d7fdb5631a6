/** Cancels and retries tasks by hand, and deletes ended ones. */
import type { Database } from "bun:sqlite";
import { TqError, noSuchTask } from "../../errors.ts";
import type { Task } from "../../task.ts";
import { forgettingOld, recordingCancelled, recordingFinished } from "./attempts.ts";
import { filterValues, getTask, MATCHES } from "./looking.ts";
import type { CleanOptions, MoveFilter } from "../../store/looking.ts";

const ONE = "id = $id";
/** Only those that are still in the wanted states: some may have changed since they were found. */
const MANY = `id IN (SELECT value FROM json_each($ids)) AND state IN (SELECT value FROM json_each($states))`;

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

/** The reason of a cancelled task whose caller gives none. */
export const BY_HAND = "cancelled by hand";

/** @throws TqError "not_found", or "conflict" when the task has ended. */
export function cancel(db: Database, id: number, reason: string, now: number): Task {
  db.query(RECORD_CANCELLED).run({ id, reason, now });
  if (db.query(CANCEL).run({ id, reason, now }).changes === 1) return existing(db, id, "cancel");
  const task = existing(db, id, "cancel");
  throw new TqError("conflict", `Cannot cancel task ${id}: it is ${task.state} already`);
}

/** A task that was cancelled before the time that its push asked for still waits for that. */
const IS_EARLY = "state = 'cancelled' AND postponed_at IS NULL AND scheduled_at > $now";

/** A run chose the time of the next one: an error, a snooze or a busy database put the task off. */
const WAS_PUT_OFF = "state = 'scheduled' AND postponed_at IS NOT NULL";

const retrying = (which: string): string => `
  UPDATE tq__task
     SET state = iif(${IS_EARLY}, 'scheduled', 'ready'), finished_at = NULL, dequeued_at = NULL,
         scheduled_at = iif(${IS_EARLY}, scheduled_at, $now),
         postponed_at = iif(${IS_EARLY}, NULL, $now),
         expires_at = iif(${IS_EARLY}, expires_at, NULL),
         deadline = coalesce(expected_at, iif(${IS_EARLY}, scheduled_at, NULL), enqueued_at),
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
  const hint = task.state === "running" ? "; cancel it first" : "; a worker runs it";
  throw new TqError("conflict", `Cannot retry task ${id}: it is ${task.state}${hint}`);
}

/** Tasks cancelled or retried in one transaction: some ms of the write lock. */
const MOVED_AT_ONCE = 500;

const MATCHING = `
  SELECT id
    FROM tq__task
   WHERE id < $before AND ${MATCHES}
   ORDER BY id DESC
   LIMIT ${MOVED_AT_ONCE}`;

/** Yields the ids of matching tasks in slices, the newest first. */
export function* matching(db: Database, filter: MoveFilter): Generator<number[], void> {
  const filters = filterValues(filter);
  let before = Number.MAX_SAFE_INTEGER;
  for (;;) {
    const ids = (db.query(MATCHING).values({ ...filters, before }) as [number][]).map(([id]) => id);
    const last = ids.at(-1);
    if (last === undefined) return;
    yield ids;
    before = last;
  }
}

type Which = Pick<MoveFilter, "states"> & { readonly ids: readonly number[] };

/** Cancels those that are still in these states; returns how many. */
export function cancelMany(db: Database, which: Which, reason: string, now: number): number {
  const values = { ...asJson(which), reason, now };
  db.query(RECORD_CANCELLED_MANY).run(values);
  return db.query(CANCEL_MANY).run(values).changes;
}

/** Makes those ready that are still in these states; returns how many. */
export function retryMany(db: Database, which: Which, now: number): number {
  const values = asJson(which);
  if (db.query(RECORD_FINISHED_MANY).run(values).changes > 0) db.query(FORGET_OLD_MANY).run(values);
  return db.query(RETRY_MANY).run({ ...values, now }).changes;
}

function asJson({ ids, states }: Which): { ids: string; states: string } {
  return { ids: JSON.stringify(ids), states: JSON.stringify(states) };
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

const CLEAN_ERRORS = `DELETE FROM tq__error WHERE task = $task`;
const CLEAN_ATTEMPTS = `DELETE FROM tq__attempt WHERE task = $task`;
const CLEAN_OUTPUTS = `DELETE FROM tq__output WHERE task = $task`;

/** Deletes tasks that ended before the given times, with their errors; returns how many. */
export function clean(db: Database, options: CleanOptions): number {
  const rows = db.query(CLEAN).values({ ...options }) as [number][];
  const statements = [CLEAN_ERRORS, CLEAN_ATTEMPTS, CLEAN_OUTPUTS].map((sql) => db.query(sql));
  for (const [task] of rows) for (const statement of statements) statement.run({ task });
  return rows.length;
}
