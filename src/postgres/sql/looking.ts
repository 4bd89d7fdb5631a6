/** Reads the queue: one task, how tasks stand, their names. */
import { FUNCTION_METHOD, type Task } from "../../task.ts";
import type { FailedTask, Standing, TaskNames } from "../../store/looking.ts";
import { EXPIRED, type TaskRow, toTask } from "../../store/task-rows.ts";
import type { Connection } from "../connection.ts";
import { isStorable } from "./parameters.ts";
import { TASK_COLUMNS } from "./task-columns.ts";

const GET = `SELECT ${TASK_COLUMNS} FROM tq.task AS task WHERE task.id = $1::bigint`;
const GET_BY_REF = `SELECT ${TASK_COLUMNS} FROM tq.task AS task WHERE task.ref = $1`;

export async function getTask(db: Connection, id: number, now: number): Promise<Task | null> {
  if (!Number.isSafeInteger(id)) return null;
  const row = await db.get<TaskRow>(GET, [id]);
  return row && toTask(row, now);
}

export async function getTaskByRef(db: Connection, ref: string, now: number): Promise<Task | null> {
  if (!isStorable(ref)) return null;
  const row = await db.get<TaskRow>(GET_BY_REF, [ref]);
  return row && toTask(row, now);
}

/** With the same reason as `toTask` gives: a watch compares them. */
const STANDINGS = `
  SELECT id::float8 AS id, state, attempts, result, NULL AS progress,
         CASE WHEN state = 'running' THEN NULL
              WHEN expires_at < $2::bigint AND attempts = 0 AND state IN ('ready', 'scheduled') THEN '${EXPIRED}'
              ELSE reason END AS reason
    FROM tq.task
   WHERE id = ANY ($1::bigint[])`;

export async function standingsOf(
  db: Connection,
  ids: readonly number[],
  now: number,
): Promise<Standing[]> {
  const asked = ids.filter((id) => Number.isSafeInteger(id));
  return asked.length === 0 ? [] : db.all<Standing>(STANDINGS, [asked, now]);
}

/** The names of so many of the newest tasks are read: some 50 ms. */
const NAMED_IDS = 100_000;

const NAMES = `
  SELECT DISTINCT queue, model,
         CASE WHEN method = '${FUNCTION_METHOD}' AND instances = '[]' THEN NULL ELSE method END AS method
    FROM tq.task WHERE id > (SELECT max(id) FROM tq.task) - ${NAMED_IDS}`;

interface NameRow {
  readonly queue: string;
  readonly model: string;
  readonly method: string | null;
}

/** Lists the queues, models and calls of the newest tasks. */
export async function listNames(db: Connection): Promise<TaskNames> {
  const rows = await db.all<NameRow>(NAMES);
  const calls = new Map(
    rows.map(({ model, method }) => [JSON.stringify([model, method]), { model, method }]),
  );
  return {
    queues: [...new Set(rows.map(({ queue }) => queue))],
    models: [...new Set(rows.map(({ model }) => model))],
    calls: [...calls.values()],
  };
}

/** Long reasons are cut: an error may have a megabyte. */
const LAST_FAILED = `
  SELECT id::float8 AS id, model, method, left(instances, 3) AS instances, left(reason, 1000) AS reason,
         finished_at::float8 AS finished_at
    FROM tq.task AS task
   WHERE state = 'failed' AND task.finished_at IS NOT NULL
   ORDER BY task.finished_at DESC, task.id DESC
   LIMIT $1::bigint`;

export function lastFailed(db: Connection, most: number): Promise<FailedTask[]> {
  return db.all<FailedTask>(LAST_FAILED, [most]);
}
