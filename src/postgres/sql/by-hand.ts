/**
 * Cancels, retries, places and deletes tasks by hand. Each locks its tasks first, in the order of the ids, and waits for
 * runs that are being settled.
 */
import { noSuchTask } from "../../errors.ts";
import { BY_HAND, moveRefused } from "../../store/by-hand-words.ts";
import type { CleanOptions, ManyMove, Place, ReadFilter } from "../../store/looking.ts";
import { KEPT_ATTEMPTS, type Task } from "../../task.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { recordingRuns, RUN_COLUMNS } from "./attempts.ts";
import { noteEnds } from "./ended.ts";
import { getTask } from "./looking.ts";
import { Parameters } from "./parameters.ts";
import { elements, unseen } from "./planned.ts";
import { taskConditions } from "./task-conditions.ts";
import { storable } from "./text.ts";

/** Locks the tasks of $1 for which a condition holds. */
const locking = (condition: string): string => `
  run AS (
    SELECT ${RUN_COLUMNS}
      FROM tq.task
     WHERE id = ANY (${elements("$1::bigint[]")}) AND ${condition}
     ORDER BY id
       FOR UPDATE)`;

const COUNT = "SELECT count(*)::integer AS count FROM done";

async function countOf(db: Connection, text: string, values: readonly SqlValue[]): Promise<number> {
  return (await db.get<{ count: number }>(text, values))?.count ?? 0;
}

const CANCEL = `
  WITH ${locking("state IN ('ready', 'scheduled', 'running')")},
  ${recordingRuns("attempts + 1", "$2::bigint, 'cancelled', $3::text, NULL", "state = 'running'")},
  done AS (
    UPDATE tq.task AS task
       SET attempts = task.attempts + CASE task.state WHEN 'running' THEN 1 ELSE 0 END,
           state = 'cancelled', finished_at = $2, reason = $3,
           worker = NULL, thread = NULL, suspect = 0, begun = false
      FROM run WHERE task.id = run.id
    RETURNING task.id, task.finished_at),
  noted AS (${noteEnds("done")})
  ${COUNT}`;

/** @throws TqError "not_found", or "conflict" when the task has ended. */
export async function cancel(
  db: Connection,
  id: number,
  reason: string,
  now: number,
): Promise<Task> {
  const count = await cancelMany(db, [id], reason, now);
  const task = await existing(db, id, "cancel");
  if (count === 1) return task;
  throw moveRefused("cancel", task);
}

function cancelMany(
  db: Connection,
  ids: readonly number[],
  reason: string,
  now: number,
): Promise<number> {
  return countOf(db, CANCEL, [ids, now, storable(reason)]);
}

/** A task that was cancelled before the time that its push asked for still waits for that. */
const IS_EARLY =
  "(task.state = 'cancelled' AND task.postponed_at IS NULL AND task.scheduled_at > $2)";

/** A run chose the time of the next one: an error, a snooze or a busy database put the task off. */
const WAS_PUT_OFF = "state = 'scheduled' AND postponed_at IS NOT NULL";

/**
 * `deadline` stays: the task keeps its place among those that were due before and after it. The run that finished it is
 * kept: after the retry the row no longer shows it.
 */
const RETRY = `
  WITH ${locking(`(state IN ('finished', 'failed', 'cancelled') OR ${WAS_PUT_OFF})`)},
  ${recordingRuns("attempts", "finished_at, 'finished', reason, NULL", "state = 'finished'")},
  forgotten AS (
    DELETE FROM tq.attempt AS attempt
     USING run
     WHERE attempt.task = run.id AND run.state = 'finished' AND attempt.number <= run.attempts - ${KEPT_ATTEMPTS}),
  done AS (
    UPDATE tq.task AS task
       SET state = CASE WHEN ${IS_EARLY} THEN 'scheduled' ELSE 'ready' END, finished_at = NULL, dequeued_at = NULL,
           scheduled_at = CASE WHEN ${IS_EARLY} THEN task.scheduled_at ELSE $2 END,
           postponed_at = CASE WHEN ${IS_EARLY} THEN NULL ELSE $2 END,
           expires_at = CASE WHEN ${IS_EARLY} THEN task.expires_at END,
           crashes = 0, suspect = 0, postponed = 0, failures = 0, snoozes = 0, result = NULL, reason = NULL
      FROM run WHERE task.id = run.id
    RETURNING task.id)
  ${COUNT}`;

/**
 * Makes an ended task ready again, or one that a run has put off.
 *
 * @throws TqError "not_found", or "conflict" where the task waits for its first run, or runs.
 */
export async function retryByHand(db: Connection, id: number, now: number): Promise<Task> {
  const count = await countOf(db, RETRY, [[id], now]);
  const task = await existing(db, id, "retry");
  if (count === 1) return task;
  throw moveRefused("retry", task);
}

const IS_MADE_READY = "$4::bigint IS NOT NULL AND task.state = 'scheduled'";

/** A column that is not given stays. */
const PLACE = `
  WITH ${locking("state IN ('ready', 'scheduled')")},
  done AS (
    UPDATE tq.task AS task
       SET queue = coalesce($2::text, task.queue), priority = coalesce($3::bigint, task.priority),
           state = CASE WHEN ${IS_MADE_READY} THEN 'ready' ELSE task.state END,
           scheduled_at = CASE WHEN ${IS_MADE_READY} THEN $4 ELSE task.scheduled_at END,
           deadline = CASE WHEN ${IS_MADE_READY} AND task.expected_at IS NULL THEN $4 ELSE task.deadline END
      FROM run WHERE task.id = run.id
    RETURNING task.id)
  ${COUNT}`;

/** @throws TqError "not_found", or "conflict" where the task does not wait. */
export async function place(db: Connection, id: number, to: Place, now: number): Promise<Task> {
  const count = await placeMany(db, [id], to, now);
  const task = await existing(db, id, "move");
  if (count === 1) return task;
  throw moveRefused("move", task);
}

function placeMany(
  db: Connection,
  ids: readonly number[],
  { queue, priority, now: isNow = false }: Place,
  now: number,
): Promise<number> {
  return countOf(db, PLACE, [ids, queue ?? null, priority ?? null, isNow ? now : null]);
}

/** Also deletes the other rows of the tasks of `done`; an id is never given again. */
const deleting = (which: string): string => `
  WITH done AS (DELETE FROM tq.task AS task WHERE ${which} RETURNING task.id),
  errors AS (DELETE FROM tq.error AS error USING done WHERE error.task = done.id),
  attempts AS (DELETE FROM tq.attempt AS attempt USING done WHERE attempt.task = done.id),
  outputs AS (DELETE FROM tq.output AS output USING done WHERE output.task = done.id)
  ${COUNT}`;

const DELETE = deleting(`
     id = ANY (ARRAY(SELECT id FROM tq.task WHERE id = ANY (${elements("$1::bigint[]")}) ORDER BY id FOR UPDATE))
       AND state IN ('finished', 'failed', 'cancelled')`);

/** @throws TqError "not_found", or "conflict" where the task has not ended. */
export async function deleteOne(db: Connection, id: number): Promise<Task> {
  const task = await existing(db, id, "delete");
  if ((await countOf(db, DELETE, [[id]])) === 1) return task;
  throw moveRefused("delete", await existing(db, id, "delete"));
}

/** Moves those of these tasks that the filter holds for and that can be moved; returns how many. */
export async function moveMany(
  db: Connection,
  move: ManyMove,
  given: readonly number[],
  filter: ReadFilter,
  now: number,
): Promise<number> {
  const ids = await lockMatching(db, given, filter);
  if (ids.length === 0) return 0;
  switch (move.kind) {
    case "cancel":
      return cancelMany(db, ids, move.reason ?? BY_HAND, now);
    case "retry":
      return countOf(db, RETRY, [ids, now]);
    case "delete":
      return countOf(db, DELETE, [ids]);
    case "place":
      return placeMany(db, ids, move, now);
  }
}

/** Locks the tasks for which the filter holds: it still does when they are moved. */
async function lockMatching(
  db: Connection,
  given: readonly number[],
  filter: ReadFilter,
): Promise<number[]> {
  const parameters = new Parameters();
  const ids = parameters.add(given, "bigint[]");
  const text = `
  SELECT id::float8 AS id FROM tq.task
   WHERE id = ANY (${elements(ids)}) AND ${taskConditions(filter, parameters)}
   ORDER BY task.id
     FOR UPDATE`;
  const rows = await db.all<{ id: number }>(text, parameters.values);
  return rows.map(({ id }) => id);
}

async function existing(db: Connection, id: number, move: string): Promise<Task> {
  const task = (await getTask(db, id, 0)) as Task | null; // it has just been moved: it has not expired
  if (task) return task;
  throw noSuchTask(`${move} task ${id}`);
}

/** A task that ended before it was pushed ran while the clock was behind, and may have ended just now. */
const cleanable = (state: string, before: string, order: string): string => `
  (SELECT id FROM tq.task
    WHERE state = '${state}' AND finished_at IS NOT NULL AND finished_at < ${before} AND enqueued_at < ${before}${order})`;

/** Parameters: $1 for finished and cancelled ones, $2 for failed ones. */
const allCleanable = (order = ""): string =>
  [
    cleanable("finished", "$1", order),
    cleanable("cancelled", "$1", order),
    cleanable("failed", "$2", order),
  ].join(" UNION ALL ");

const COUNT_CLEANABLE = `SELECT count(*)::float8 AS count FROM (${allCleanable()}) AS cleanable`;

export async function countCleanable(
  db: Connection,
  { finishedBefore, failedBefore }: Omit<CleanOptions, "limit">,
): Promise<number> {
  return countOf(db, COUNT_CLEANABLE, [finishedBefore, failedBefore]);
}

const OLDEST = ` ORDER BY state, finished_at LIMIT ${unseen("$3::bigint")}`;

/** Leaves out tasks that another transaction cleans or retries just now. */
const CLEAN = deleting(`
     id = ANY (ARRAY(SELECT id FROM tq.task
                      WHERE id = ANY (ARRAY(SELECT id FROM (${allCleanable(OLDEST)}) AS cleanable LIMIT $3))
                      ORDER BY id FOR UPDATE SKIP LOCKED))
       AND finished_at < CASE state WHEN 'failed' THEN $2 ELSE $1 END`);

/** Deletes tasks that ended before the given times, with their history; returns how many. */
export async function clean(
  db: Connection,
  { finishedBefore, failedBefore, limit }: CleanOptions,
): Promise<number> {
  return countOf(db, CLEAN, [finishedBefore, failedBefore, limit]);
}
