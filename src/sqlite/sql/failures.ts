/** Follows up a task's failure, in the transaction that settles it: pushes a task, and notes the failure for alerts. */
import type { Database } from "bun:sqlite";
import type { Failure } from "../../failure.ts";
import { OF_FOLLOW_UP } from "../../policies/read.ts";
import { areSame, type FollowUp, type FollowUpRow } from "../../store/failure-store.ts";
import { encode } from "../../values/encoding.ts";
import type { AfterFailure } from "../../store/known-follow-ups.ts";
import { CALL } from "./call.ts";
import { withoutSecrets } from "./redactions.ts";
import { noteFailure } from "./untold.ts";

/** The task of a follow-up has none itself. */
const FAILED = `
  SELECT ${CALL} AS call, reason, attempts, model, method
    FROM tq__task
   WHERE id = $id AND (policy IS NULL OR json_type(policy, '$.onFailed') IS NULL)`;

const CALLED = `
  SELECT calls_model AS model, calls_method AS method
    FROM tq__follow_up WHERE model = $model AND method = $method`;

/** The limits of the queue do not count: a full queue must not keep a task from failing. */
const PUSH = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        enqueued_at, policy)
  SELECT 'ready', queue, priority, $now, $model, $method, instances, $args, user, context, $now, $policy
    FROM tq__task WHERE id = $id`;

interface FailedRow extends Omit<Failure, "task"> {
  readonly model: string;
  readonly method: string;
}

/**
 * Call it once the row says that the task has failed, in the same transaction. Where the models of this process have the
 * method, their follow-up counts, and otherwise what another process has declared.
 */
export function afterFailure(
  db: Database,
  id: number,
  { known, onPushed }: AfterFailure,
  now: number,
): void {
  noteFailure(db, id, now);
  const failed = db.query(FAILED).get({ id }) as FailedRow | null;
  if (failed === null) return;
  const { model, method, ...rest } = failed;
  const declared = known.of(model, method);
  const calls = declared === undefined ? db.query(CALLED).get({ model, method }) : declared;
  if (calls === null) return;
  const reason = withoutSecrets(db, { id, ...failed }, known.secretNames);
  const failure: Failure = { task: id, ...rest, reason };
  const args = encode([failure], "args");
  const values = { ...(calls as FollowUp["calls"]), id, now, args, policy: OF_FOLLOW_UP };
  const pushed = db.query(PUSH).run(values);
  onPushed?.(Number(pushed.lastInsertRowid));
}

const DECLARED = `
  SELECT model, method, calls_model, calls_method FROM tq__follow_up
   WHERE model IN (SELECT value FROM json_each($models))`;

/** True where the table says something else of these models. */
export function isNewlyDeclared(
  db: Database,
  models: readonly string[],
  followUps: readonly FollowUp[],
): boolean {
  const rows = db.query(DECLARED).all({ models: JSON.stringify(models) }) as FollowUpRow[];
  return !areSame(rows, followUps);
}

const WITHDRAW = "DELETE FROM tq__follow_up WHERE model IN (SELECT value FROM json_each($models))";

const DECLARE = `
  INSERT INTO tq__follow_up (model, method, calls_model, calls_method)
  VALUES ($model, $method, $callsModel, $callsMethod)`;

export function declareFollowUps(
  db: Database,
  models: readonly string[],
  followUps: readonly FollowUp[],
): void {
  db.query(WITHDRAW).run({ models: JSON.stringify(models) });
  for (const { model, method, calls } of followUps) {
    db.query(DECLARE).run({ model, method, callsModel: calls.model, callsMethod: calls.method });
  }
}
