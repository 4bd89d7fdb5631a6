/** Keeps the runs of a task that ended. A task that finishes at its first run has none before it is retried. */
import { UNSEEN_DEATHS } from "../../store/rescue.ts";
import { type Attempt, KEPT_ATTEMPTS } from "../../task.ts";
import type { Connection } from "../connection.ts";
import { codeOf } from "./task-errors.ts";

/** The columns of a task's row that `recordingRuns` needs, before it changes. */
export const RUN_COLUMNS = `id, attempts, state, coalesce(scheduled_at, enqueued_at) AS due_at, dequeued_at, finished_at,
           reason, worker, thread`;

/**
 * A part of a statement that keeps the runs of `run`, which has the columns of RUN_COLUMNS, all as they were before. A
 * run could have begun once it was due, and once the run before it had ended.
 *
 * @param ended SQL for: when, how, why, and with which error it has ended.
 */
export function recordingRuns(number: string, ended: string, where = "true"): string {
  return `
  kept AS (
    INSERT INTO tq.attempt AS attempt (task, number, due_at, started_at, ended_at, outcome, reason, error, worker, thread)
    SELECT id, ${number},
           greatest(due_at, (SELECT max(ended_at) FROM tq.attempt AS before WHERE before.task = run.id)),
           dequeued_at, ${ended}, worker, thread
      FROM run WHERE ${where}
    ON CONFLICT (task, number) DO UPDATE
      SET due_at = excluded.due_at, started_at = excluded.started_at, ended_at = excluded.ended_at,
          outcome = excluded.outcome, reason = excluded.reason, error = excluded.error,
          worker = excluded.worker, thread = excluded.thread)`;
}

const FORGET_OLD = "DELETE FROM tq.attempt WHERE task = $1 AND number <= $2";

/** Forgets the attempts before the last ones. @param number of the newest */
export async function forgetAttempts(db: Connection, task: number, number: number): Promise<void> {
  await db.run(FORGET_OLD, [task, number - KEPT_ATTEMPTS]);
}

/** Greatest ignores what is not known. */
const notBelow = (sql: string): string => `CASE WHEN ${sql} < 0 THEN 0 ELSE ${sql} END::float8`;

/** All runs of a task: those that were kept, and the one that runs or has ended it. */
const ATTEMPTS = `
  SELECT run.task::float8 AS task, run.number, run.outcome, run.started_at::float8 AS started_at,
         run.ended_at::float8 AS ended_at, ${notBelow("(run.started_at - run.due_at)")} AS waited,
         CASE WHEN run.outcome IN ('interrupted', 'crashed') AND coalesce(run.reason, error.message) = ANY ($2::text[])
              THEN NULL ELSE (run.ended_at - run.started_at)::float8 END AS ran,
         ${notBelow("(run.ended_at - task.expected_at)")} AS late,
         run.reason, error.name, error.code, error.message, error.stack, run.worker, run.thread
    FROM tq.attempt AS run
    JOIN tq.task AS task ON task.id = run.task
    LEFT JOIN tq.error AS error ON error.id = run.error
   WHERE run.task = $1
  UNION ALL
  SELECT id::float8, attempts + CASE state WHEN 'running' THEN 1 ELSE 0 END, state, dequeued_at::float8, finished_at::float8,
         ${notBelow(`(dequeued_at - greatest(coalesce(scheduled_at, enqueued_at),
                       (SELECT max(ended_at) FROM tq.attempt AS run WHERE run.task = task.id)))`)},
         (finished_at - dequeued_at)::float8, ${notBelow("(finished_at - expected_at)")},
         CASE WHEN state <> 'running' THEN reason END, NULL, NULL, NULL, NULL, worker, thread
    FROM tq.task AS task
   WHERE id = $1 AND state IN ('running', 'finished')
   ORDER BY number`;

interface AttemptRow extends Omit<Attempt, "code"> {
  /** As JSON. */
  readonly code: string | null;
}

/** The runs of a task, the first one first. */
export async function attemptsOf(db: Connection, task: number): Promise<Attempt[]> {
  const rows = await db.all<AttemptRow>(ATTEMPTS, [task, UNSEEN_DEATHS]);
  return rows.map((row) => ({ ...row, code: codeOf(row.code) }));
}
