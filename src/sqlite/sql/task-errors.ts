/** Records the errors of tasks: the same message of a task is kept once, with a count. */
import type { Database } from "bun:sqlite";
import type { ErrorData } from "../../outcome.ts";
import type { TaskError } from "../../task.ts";

const COUNT_AGAIN = `
  UPDATE tq__error
     SET count = count + 1, attempt = $attempt, last_at = $now, code = $code
   WHERE task = $task AND name = $name AND message = $message
  RETURNING id`;

const RECORD = `
  INSERT INTO tq__error (task, name, message, stack, code, attempt, first_at, last_at)
  VALUES ($task, $name, $message, $stack, $code, $attempt, $now, $now)
  RETURNING id`;

/** @returns the id of the error. */
export function recordError(
  db: Database,
  task: number,
  attempt: number,
  { name, message, stack, code = null }: ErrorData,
  now: number,
): number {
  const row =
    db.query(COUNT_AGAIN).get({ task, name, message, code, attempt, now }) ??
    db.query(RECORD).get({ task, name, message, stack, code, attempt, now });
  return (row as { id: number }).id;
}

const FORGET_OLD = `DELETE FROM tq__error WHERE task = $task AND attempt <= $attempt`;

/** Forgets the errors that no attempt after this one has met. */
export function forgetErrors(db: Database, task: number, attempt: number): void {
  db.query(FORGET_OLD).run({ task, attempt });
}

const EXISTS = `SELECT 1 FROM tq__task WHERE id = $task`;

const SAY_IN_ROW = `
  UPDATE tq__task SET reason = $reason
   WHERE id = $task AND state = 'finished' AND reason IS NULL AND attempts = $attempt`;

/** The traces of a run: an error, and the words of it in the row. */
interface LeftBehind {
  readonly task: number;
  readonly attempt: number;
  readonly error: ErrorData;
  readonly reason: string;
}

/** The task may have been cleaned since. */
export function recordLeftBehind(
  db: Database,
  { task, attempt, error, reason }: LeftBehind,
  now: number,
): void {
  if (!db.query(EXISTS).get({ task })) return;
  recordError(db, task, attempt, error, now);
  db.query(SAY_IN_ROW).run({ task, attempt, reason });
}

const ERRORS = `SELECT * FROM tq_errors WHERE task = $task ORDER BY last_at, id`;

/** The errors of a task, the latest last. */
export function errorsOf(db: Database, task: number): TaskError[] {
  return db.query(ERRORS).all({ task }) as TaskError[];
}
