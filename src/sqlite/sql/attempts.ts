/** Keeps the runs of a task that ended. A task that finishes at its first run has none before it is retried. */
import type { Database } from "bun:sqlite";
import type { ErrorData } from "../../outcome.ts";
import { type Attempt, type AttemptOutcome, type Claim, KEPT_ATTEMPTS } from "../../task.ts";
import { forgetErrors, recordError } from "./task-errors.ts";

/** How a run ended. */
export interface EndedRun {
  readonly outcome: AttemptOutcome;
  readonly reason?: string;
  readonly error?: ErrorData;
  readonly now: number;
}

const HELD = `
  SELECT attempts + 1 AS number FROM tq__task WHERE id = $id AND state = 'running' AND claim = $claim`;

/** A run could have begun once it was due, and once the run before it had ended. */
const recording = (number: string, ended: string, which: string): string => `
  INSERT OR REPLACE INTO tq__attempt (task, number, due_at, started_at, ended_at, outcome, reason, error, worker, thread)
  SELECT id, ${number},
         max(coalesce(scheduled_at, enqueued_at),
             coalesce((SELECT max(ended_at) FROM tq__attempt WHERE task = tq__task.id), 0)),
         dequeued_at, ${ended}, worker, thread
    FROM tq__task WHERE ${which}`;

const RECORD = recording("$number", "$now, $outcome, $reason, $error", "id = $id");

const FORGET_OLD = `DELETE FROM tq__attempt WHERE task = $id AND number <= $number - ${KEPT_ATTEMPTS}`;

/** Call it before the task's row changes. @returns false when the claim was lost: then nothing has changed. */
export function recordAttempt(
  db: Database,
  { id, claim }: Claim,
  { outcome, reason, error, now }: EndedRun,
): boolean {
  const held = db.query(HELD).get({ id, claim }) as { number: number } | null;
  if (!held) return false;
  const { number } = held;
  const recorded = error ? recordError(db, id, number, error, now) : null;
  db.query(RECORD).run({ id, number, outcome, reason: reason ?? null, error: recorded, now });
  if (number > KEPT_ATTEMPTS) {
    db.query(FORGET_OLD).run({ id, number });
    forgetErrors(db, id, number - KEPT_ATTEMPTS);
  }
  return true;
}

/**
 * Keeps the runs that a cancel by hand ends; execute it before the cancel.
 *
 * @param which the condition for the tasks; the statement also takes $reason and $now.
 */
export function recordingCancelled(which: string): string {
  const ended = "$now, 'cancelled', $reason, NULL";
  return recording("attempts + 1", ended, `${which} AND state = 'running'`);
}

/** Keeps the runs that finished tasks, before a retry by hand; after it a task's row no longer shows that run. */
export function recordingFinished(which: string): string {
  const ended = "finished_at, 'finished', reason, NULL";
  return recording("attempts", ended, `${which} AND state = 'finished'`);
}

/** The same as FORGET_OLD for many tasks. */
export function forgettingOld(which: string): string {
  return `
    DELETE FROM tq__attempt
     WHERE (task, number) IN (SELECT id, number
                                FROM tq__task JOIN tq__attempt ON task = id
                               WHERE ${which} AND number <= attempts - ${KEPT_ATTEMPTS})`;
}

const ATTEMPTS = `SELECT * FROM tq_attempts WHERE task = $task`;

/** The runs of a task, the first one first. */
export function attemptsOf(db: Database, task: number): Attempt[] {
  const attempts = db.query(ATTEMPTS).all({ task }) as Attempt[];
  return attempts.sort((a, b) => a.number - b.number);
}
