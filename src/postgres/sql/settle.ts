/** Ends runs. Each statement names the claim, and changes nothing where that was lost. */
import { type ErrorData, errorWords, type Settlement } from "../../outcome.ts";
import type { AfterFailure } from "../../store/known-follow-ups.ts";
import { type AttemptOutcome, type Claim, KEPT_ATTEMPTS } from "../../task.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { forgetAttempts, recordingRuns, RUN_COLUMNS } from "./attempts.ts";
import { noteEnds } from "./ended.ts";
import { afterFailure } from "./failures.ts";
import { unseen } from "./planned.ts";
import { errorValues, forgetErrors, recordingError } from "./task-errors.ts";
import { numbersAsText, storable } from "./text.ts";

/** Ends a run with its outcome; false when the claim was lost: then nothing has changed. */
export async function settle(
  db: Connection,
  run: Claim,
  outcome: Settlement,
  after: AfterFailure,
  now: number,
): Promise<boolean> {
  switch (outcome.kind) {
    case "finished":
      return (await finish(db, [{ claim: run, ...outcome }], now)) === 1;
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
      return (await crash(db, run, outcome, after, now)) !== null;
  }
}

/** A run that has finished: with a result as JSON, and why the method was not called. */
export interface FinishedRun {
  readonly claim: Claim;
  readonly result: string | null;
  readonly reason: string | null;
}

/**
 * The guard is the claim number and a worker, not the state: with that the planner may walk all that runs. Each claim has
 * a number of its own, so no other run can have it.
 */
const HELD = "task.claim = given.claim AND worker IS NOT NULL";

const finishing = (answer: string): string => `
  WITH done AS (
    UPDATE tq.task AS task
       SET state = 'finished', finished_at = $5, result = given.result, reason = given.reason, attempts = attempts + 1,
           worker = NULL, thread = NULL, suspect = 0, begun = false
      FROM unnest(${unseen("$1::text::bigint[]")}, $2::text::integer[], $3::text[], $4::text[]) AS given (id, claim, result, reason)
     WHERE task.id = given.id AND ${HELD}
    RETURNING task.id, task.finished_at),
  noted AS (${noteEnds("done")})
  SELECT ${answer} FROM done`;

const FINISH = finishing("count(*)::integer AS count");

/** Fails where a claim was lost: the COMMIT that is behind it on its way then undoes all. */
const FINISH_OR_FAIL = finishing("tq.hold(count(*) = cardinality($1::text::bigint[]))");

function finishedValues(runs: readonly FinishedRun[], now: number): SqlValue[] {
  // In the order of the ids, as all that locks many tasks.
  const sorted = runs.length === 1 ? runs : runs.toSorted((a, b) => a.claim.id - b.claim.id);
  return [
    numbersAsText(sorted.map(({ claim }) => claim.id)),
    numbersAsText(sorted.map(({ claim }) => claim.claim)),
    sorted.map(({ result }) => result),
    sorted.map(({ reason }) => storable(reason)),
    now,
  ];
}

async function finish(db: Connection, runs: readonly FinishedRun[], now: number): Promise<number> {
  const row = await db.get<{ count: number }>(FINISH, finishedValues(runs, now));
  return row?.count ?? 0;
}

/** Finishes runs of different tasks. @throws TqError "conflict" where one has lost its claim: the transaction is undone. */
export async function finishAll(
  db: Connection,
  runs: readonly FinishedRun[],
  now: number,
): Promise<void> {
  await db.all(FINISH_OR_FAIL, finishedValues(runs, now));
}

/** The columns of a task that nobody runs any more. */
const RELEASED = "worker = NULL, thread = NULL, begun = false";

/**
 * A statement that ends a run. Parameters: $1 the id, $2 the claim, $3 the time, $4 the outcome, $5 the reason of the
 * attempt, then those of the error, where it has one, and its own.
 */
function ending(changes: string, { hasError }: { readonly hasError: boolean }): string {
  const error = hasError ? "(SELECT id FROM recorded)" : "NULL";
  return `
  WITH run AS (
    SELECT ${RUN_COLUMNS}, attempts + 1 AS number
      FROM tq.task
     WHERE id = $1 AND claim = $2 AND worker IS NOT NULL
       FOR NO KEY UPDATE),
  ${hasError ? `${recordingError(6, "$3::bigint")},` : ""}
  ${recordingRuns("number", `$3::bigint, $4::text, $5::text, ${error}`)},
  done AS (
    UPDATE tq.task AS task
       SET attempts = task.attempts + 1, ${changes}, ${RELEASED}
      FROM run WHERE task.id = run.id
    RETURNING task.id, task.state, task.crashes, task.finished_at, run.number),
  noted AS (${noteEnds("done")})
  SELECT state, crashes, number FROM done`;
}

/** The first parameter of its own that a statement with an error has. */
const FIRST_OWN = 10;

/** How a run ended that did not finish its task. */
interface EndedRun {
  readonly outcome: AttemptOutcome;
  readonly reason?: string;
  readonly error?: ErrorData;
  readonly now: number;
}

interface Ended {
  readonly state: "ready" | "scheduled" | "failed" | "cancelled";
  readonly crashes: number;
  readonly number: number;
}

/** Keeps the run among the task's attempts, and changes the task; null when the claim was lost. */
async function endRun(
  db: Connection,
  { id, claim }: Claim,
  { outcome, reason, error, now }: EndedRun,
  statement: string,
  own: readonly SqlValue[],
): Promise<Ended | null> {
  const recorded = error ? errorValues(error) : [];
  const values = [id, claim, now, outcome, storable(reason ?? null), ...recorded, ...own];
  const ended = await db.get<Ended>(statement, values);
  if (ended && ended.number > KEPT_ATTEMPTS) {
    await forgetAttempts(db, id, ended.number);
    await forgetErrors(db, id, ended.number - KEPT_ATTEMPTS);
  }
  return ended;
}

const FAIL = ending(
  `state = 'failed', finished_at = $3, reason = $${FIRST_OWN}::text, failures = failures + 1, suspect = 0`,
  { hasError: true },
);

async function fail(
  db: Connection,
  run: Claim,
  error: ErrorData,
  after: AfterFailure,
  now: number,
): Promise<boolean> {
  const reason = storable(errorWords(error));
  if (!(await endRun(db, run, { outcome: "failed", error, now }, FAIL, [reason]))) return false;
  await afterFailure(db, run.id, after, now);
  return true;
}

const CANCEL_RUN = ending("state = 'cancelled', finished_at = $3, reason = $5, suspect = 0", {
  hasError: false,
});

async function cancelRun(
  db: Connection,
  run: Claim,
  reason: string,
  now: number,
): Promise<boolean> {
  return (await endRun(db, run, { outcome: "cancelled", reason, now }, CANCEL_RUN, [])) !== null;
}

const CANCEL_UNRUN = `
  WITH done AS (
    UPDATE tq.task AS task
       SET state = 'cancelled', finished_at = $3, reason = $4, suspect = 0, ${RELEASED}
     WHERE id = $1 AND claim = $2 AND worker IS NOT NULL
    RETURNING task.id, task.finished_at),
  noted AS (${noteEnds("done")})
  SELECT id FROM done`;

/** Cancels a task that was claimed, and whose method was not called: that is no run of it. */
async function cancelUnrun(
  db: Connection,
  { id, claim }: Claim,
  reason: string,
  now: number,
): Promise<boolean> {
  return (await db.get(CANCEL_UNRUN, [id, claim, now, storable(reason)])) !== null;
}

/** `postponed_at` is when a run chose the time of the next one: the repair of a clock that was ahead needs it. */
const later = (first: number): string => `
           state = 'scheduled', scheduled_at = $${first}, reason = $${first + 1}::text, failures = failures + $${first + 2},
           snoozes = snoozes + $${first + 3}, postponed = postponed + $${first + 4}, postponed_at = $3,
           dequeued_at = NULL, suspect = 0`;

const SNOOZE = ending(later(6), { hasError: false });
const RETRY = ending(later(FIRST_OWN), { hasError: true });

type Later = Extract<Settlement, { readonly delay: number }>;

async function runLater(db: Connection, run: Claim, outcome: Later, now: number): Promise<boolean> {
  const { kind } = outcome;
  const at = now + outcome.delay;
  if (kind === "snoozed") {
    const reason = outcome.reason ?? "snoozed";
    const own = [at, storable(reason), 0, 1, 0];
    return (await endRun(db, run, { outcome: kind, reason, now }, SNOOZE, own)) !== null;
  }
  const { error } = outcome;
  const isRetry = kind === "retry";
  const own = [at, storable(errorWords(error)), isRetry ? 1 : 0, 0, isRetry ? 0 : 1];
  const ended: EndedRun = { outcome: isRetry ? "failed" : kind, error, now };
  return (await endRun(db, run, ended, RETRY, own)) !== null;
}

/** A suspect stays one: this run has not cleared it. */
const INTERRUPT = ending("state = 'ready', reason = $5, dequeued_at = NULL", { hasError: false });

export async function interrupt(
  db: Connection,
  run: Claim,
  reason: string,
  now: number,
): Promise<boolean> {
  return (await endRun(db, run, { outcome: "interrupted", reason, now }, INTERRUPT, [])) !== null;
}

const IS_LAST = `task.crashes + 1 >= $${FIRST_OWN + 1}`;

const CRASH = ending(
  `
           state = CASE WHEN ${IS_LAST} THEN 'failed' ELSE 'ready' END,
           finished_at = CASE WHEN ${IS_LAST} THEN $3 END,
           dequeued_at = CASE WHEN ${IS_LAST} THEN task.dequeued_at END,
           crashes = task.crashes + 1,
           suspect = CASE WHEN ${IS_LAST} THEN 0 ELSE 1 END,
           reason = CASE WHEN ${IS_LAST}
                         THEN 'Set aside after ' || (task.crashes + 1) || CASE task.crashes WHEN 0 THEN ' crash: ' ELSE ' crashes: ' END
                              || $${FIRST_OWN}::text
                         ELSE $${FIRST_OWN}::text END`,
  { hasError: true },
);

export type Crash = Omit<Extract<Settlement, { readonly kind: "crashed" }>, "kind">;

/** Counts a crash, and sets the task aside after the last one allowed; null when the claim was lost. */
export async function crash(
  db: Connection,
  run: Claim,
  { reason, maxCrashes }: Crash,
  after: AfterFailure,
  now: number,
): Promise<{ state: "ready" | "failed"; crashes: number } | null> {
  const error = { name: "Crash", message: reason, stack: null };
  const ended: EndedRun = { outcome: "crashed", error, now };
  const row = await endRun(db, run, ended, CRASH, [storable(reason), maxCrashes]);
  if (row === null) return null;
  if (row.state === "failed") await afterFailure(db, run.id, after, now);
  return { state: row.state as "ready" | "failed", crashes: row.crashes };
}
