/** Records the errors of tasks: the same message of a task is kept once, with a count. */
import type { ErrorData } from "../../outcome.ts";
import type { TaskError } from "../../task.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { storable } from "./text.ts";

/** Where the values of an error stand among those of a statement. */
const at = (first: number) => ({
  name: `$${first}::text`,
  message: `$${first + 1}::text`,
  stack: `$${first + 2}::text`,
  code: `$${first + 3}::text`,
});

/**
 * The parts of a statement that record an error for each row of `run` (id, number), which has one row at most. Its id is
 * in `recorded`.
 *
 * @param first the number of the first of the values of `errorValues`.
 * @param now the parameter of the time.
 */
export function recordingError(first: number, now: string): string {
  const { name, message, stack, code } = at(first);
  return `
  again AS (
    UPDATE tq.error AS error
       SET count = count + 1, attempt = run.number, last_at = ${now}, code = ${code}
      FROM run
     WHERE error.task = run.id AND error.name = ${name} AND error.message = ${message}
    RETURNING error.id),
  added AS (
    INSERT INTO tq.error (task, name, message, stack, code, attempt, first_at, last_at)
    SELECT id, ${name}, ${message}, ${stack}, ${code}, number, ${now}, ${now}
      FROM run WHERE NOT EXISTS (SELECT FROM again)
    RETURNING id),
  recorded AS (SELECT id FROM again UNION ALL SELECT id FROM added LIMIT 1)`;
}

/** The values of an error: its name, its message, its stack, its code as JSON. */
export function errorValues({ name, message, stack, code = null }: ErrorData): SqlValue[] {
  const json = code === null ? null : JSON.stringify(code);
  return [storable(name), storable(message), storable(stack), json];
}

const FORGET_OLD = "DELETE FROM tq.error WHERE task = $1 AND attempt <= $2";

/** Forgets the errors that no attempt after this one has met. */
export async function forgetErrors(db: Connection, task: number, attempt: number): Promise<void> {
  await db.run(FORGET_OLD, [task, attempt]);
}

/** The traces of a run: an error, and the words of it in the row. */
interface LeftBehind {
  readonly task: number;
  readonly attempt: number;
  readonly error: ErrorData;
  readonly reason: string;
}

/** The row is locked first: the run that has finished it may be about to commit. */
const LEFT_BEHIND = `
  WITH run AS (SELECT id, $2::integer AS number FROM tq.task WHERE id = $1 FOR NO KEY UPDATE),
  ${recordingError(5, "$3::bigint")},
  said AS (
    UPDATE tq.task SET reason = $4
      FROM run
     WHERE task.id = run.id AND state = 'finished' AND reason IS NULL AND attempts = run.number)
  SELECT id FROM recorded`;

/** The task may have been cleaned since. */
export async function recordLeftBehind(
  db: Connection,
  { task, attempt, error, reason }: LeftBehind,
  now: number,
): Promise<void> {
  await db.all(LEFT_BEHIND, [task, attempt, now, storable(reason), ...errorValues(error)]);
}

const ERRORS = `
  SELECT id::float8 AS id, task::float8 AS task, name, code, message, stack, attempt, count,
         first_at::float8 AS first_at, last_at::float8 AS last_at
    FROM tq.error
   WHERE task = $1
   ORDER BY error.last_at, error.id`;

interface ErrorRow extends Omit<TaskError, "code"> {
  /** As JSON. */
  readonly code: string | null;
}

/** The errors of a task, the latest last. */
export async function errorsOf(db: Connection, task: number): Promise<TaskError[]> {
  const rows = await db.all<ErrorRow>(ERRORS, [task]);
  return rows.map((row) => ({ ...row, code: codeOf(row.code) }));
}

/** The code of an error, as JSON kept it. */
export function codeOf(json: string | null): string | number | null {
  return json === null ? null : (JSON.parse(json) as string | number);
}
