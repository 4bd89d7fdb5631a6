/** Ends runs. Each statement names the claim, and changes nothing where that was lost. */
import type { Database } from "bun:sqlite";
import { type ErrorData, errorWords, type Settlement } from "../../outcome.ts";
import type { Claim } from "../../task.ts";
import { listIds } from "./claim.ts";
import { type EndedRun, recordAttempt } from "./attempts.ts";
import type { AfterFailure } from "../../store/known-follow-ups.ts";
import { afterFailure } from "./failures.ts";

/** Ends a run with its outcome; false when the claim was lost: then nothing has changed. */
export function settle(
  db: Database,
  run: Claim,
  outcome: Settlement,
  after: AfterFailure,
  now: number,
): boolean {
  switch (outcome.kind) {
    case "finished":
      return finish(db, run, outcome, now);
    case "failed":
      return fail(db, run, outcome.error, after, now);
    case "cancelled":
      return outcome.neverRan
        ? cancelUnrun(db, run, outcome.reason, now)
        : cancelRun(db, run, outcome.reason, now);
    case "retry":
    case "snoozed":
    case "postponed":
      return runLater(db, run, outcome, now);
    case "interrupted":
      return interrupt(db, run, outcome.reason, now);
    case "crashed":
      return crash(db, run, outcome, after, now) !== null;
  }
}

const finishing = (which: string, held: string): string => `
  UPDATE tq__task
     SET state = 'finished', finished_at = ?1, result = ?2, reason = ?5, attempts = attempts + 1,
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE ${which} AND ${held} AND claim = ?4`;

const FINISH = finishing("id = ?3", "state = 'running'");

/**
 * Finishes runs of tasks with the same result, and by chance the same claim number, in one statement, which costs less. The sign makes SQLite search
 * by id: otherwise it may walk all running tasks.
 */
const FINISH_ALL = finishing("id IN (SELECT value FROM json_each(?3))", "+state = 'running'");

function finish(db: Database, run: Claim, { result, reason }: FinishedWith, now: number): boolean {
  return db.query(FINISH).run(now, result, run.id, run.claim, reason).changes === 1;
}

/** Finishes runs of different tasks; false when one has lost its claim: then some of them have changed. */
export function finishAll(db: Database, runs: readonly FinishedRun[], now: number): boolean {
  const [only] = runs;
  if (!only) return true;
  if (runs.length === 1) return finish(db, only.claim, only, now);
  /** By the claim number. */
  const plain = new Map<number, Claim[]>();
  for (const run of runs) {
    const { claim } = run;
    const same = plain.get(claim.claim);
    if (!isPlain(run)) {
      if (!finish(db, claim, run, now)) return false;
    } else if (same) same.push(claim);
    else plain.set(claim.claim, [claim]);
  }
  for (const [number, claims] of plain) {
    const { changes } = db.query(FINISH_ALL).run(now, null, listIds(claims), number, null);
    if (changes !== claims.length) return false;
  }
  return true;
}

/** A result as JSON, and why the method was not called. */
interface FinishedWith {
  readonly result: string | null;
  readonly reason: string | null;
}

/** A run that has finished. */
export interface FinishedRun extends FinishedWith {
  readonly claim: Claim;
}

/** True where all that the runs write may be the same: no result, no reason. */
function isPlain({ result, reason }: FinishedWith): boolean {
  return result === null && reason === null;
}

/** Keeps the run among the task's attempts, then changes the task; false when the claim was lost. */
function end(
  db: Database,
  run: Claim,
  ended: EndedRun,
  statement: string,
  values: Record<string, string | number | null>,
): boolean {
  if (!recordAttempt(db, run, ended)) return false;
  db.query(statement).run({ ...values, id: run.id });
  return true;
}

const FAIL = `
  UPDATE tq__task
     SET state = 'failed', finished_at = $now, reason = $reason, attempts = attempts + 1, failures = failures + 1,
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE id = $id`;

function fail(
  db: Database,
  run: Claim,
  error: ErrorData,
  after: AfterFailure,
  now: number,
): boolean {
  const reason = errorWords(error);
  if (!end(db, run, { outcome: "failed", error, now }, FAIL, { reason, now })) return false;
  afterFailure(db, run.id, after, now);
  return true;
}

const cancelling = (which: string, runs: 0 | 1): string => `
  UPDATE tq__task
     SET state = 'cancelled', finished_at = $now, reason = $reason, attempts = attempts + ${runs},
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE ${which}`;

const CANCEL_RUN = cancelling("id = $id", 1);
const CANCEL_UNRUN = cancelling("id = $id AND state = 'running' AND claim = $claim", 0);

function cancelRun(db: Database, run: Claim, reason: string, now: number): boolean {
  return end(db, run, { outcome: "cancelled", reason, now }, CANCEL_RUN, { reason, now });
}

/** Cancels a task that was claimed, and whose method was not called: that is no run of it. */
function cancelUnrun(db: Database, { id, claim }: Claim, reason: string, now: number): boolean {
  return db.query(CANCEL_UNRUN).run({ id, claim, reason, now }).changes === 1;
}

/** `postponed_at` is when a run chose the time of the next one: the repair of a clock that was ahead needs it. */
const RUN_LATER = `
  UPDATE tq__task
     SET state = 'scheduled', scheduled_at = $at, reason = $reason, attempts = attempts + 1,
         failures = failures + $failed, snoozes = snoozes + $snoozed, postponed = postponed + $postponed,
         postponed_at = $now,
         worker = NULL, thread = NULL, dequeued_at = NULL, suspect = 0, begun = 0
   WHERE id = $id`;

type Later = Extract<Settlement, { readonly delay: number }>;

function runLater(db: Database, run: Claim, later: Later, now: number): boolean {
  const { kind } = later;
  const reason = kind === "snoozed" ? (later.reason ?? "snoozed") : errorWords(later.error);
  const ended: EndedRun =
    kind === "snoozed"
      ? { outcome: kind, reason, now }
      : { outcome: kind === "retry" ? "failed" : kind, error: later.error, now };
  return end(db, run, ended, RUN_LATER, {
    reason,
    now,
    at: now + later.delay,
    failed: kind === "retry" ? 1 : 0,
    snoozed: kind === "snoozed" ? 1 : 0,
    postponed: kind === "postponed" ? 1 : 0,
  });
}

/** A suspect stays one: this run has not cleared it. */
const INTERRUPT = `
  UPDATE tq__task
     SET state = 'ready', reason = $reason, attempts = attempts + 1,
         worker = NULL, thread = NULL, dequeued_at = NULL, begun = 0
   WHERE id = $id`;

export function interrupt(db: Database, run: Claim, reason: string, now: number): boolean {
  return end(db, run, { outcome: "interrupted", reason, now }, INTERRUPT, { reason });
}

const CRASH = `
  UPDATE tq__task
     SET state = iif(crashes + 1 >= $maxCrashes, 'failed', 'ready'),
         finished_at = iif(crashes + 1 >= $maxCrashes, $now, NULL),
         dequeued_at = iif(crashes + 1 >= $maxCrashes, dequeued_at, NULL),
         crashes = crashes + 1,
         attempts = attempts + 1,
         suspect = iif(crashes + 1 >= $maxCrashes, 0, 1),
         reason = iif(crashes + 1 >= $maxCrashes,
                      'Set aside after ' || (crashes + 1) || iif(crashes = 0, ' crash: ', ' crashes: ') || $reason, $reason),
         worker = NULL, thread = NULL, begun = 0
   WHERE id = $id
  RETURNING state, crashes`;

export type Crash = Omit<Extract<Settlement, { readonly kind: "crashed" }>, "kind">;

/** Counts a crash, and sets the task aside after the last one allowed; null when the claim was lost. */
export function crash(
  db: Database,
  run: Claim,
  { reason, maxCrashes }: Crash,
  after: AfterFailure,
  now: number,
): { state: "ready" | "failed"; crashes: number } | null {
  const error = { name: "Crash", message: reason, stack: null };
  if (!recordAttempt(db, run, { outcome: "crashed", error, now })) return null;
  const row = db.query(CRASH).get({ id: run.id, reason, maxCrashes, now }) as {
    state: "ready" | "failed";
    crashes: number;
  };
  if (row.state === "failed") afterFailure(db, run.id, after, now);
  return row;
}
