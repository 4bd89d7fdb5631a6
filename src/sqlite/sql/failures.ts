/** Follows up a task's failure, in the transaction that settles it: pushes a task, and notes the failure for alerts. */
import type { Database } from "bun:sqlite";
import type { Failure } from "../../failure.ts";
import { OF_FOLLOW_UP } from "../../policies/read.ts";
import type { FollowUp } from "../../store/failure-store.ts";
import { encode } from "../../values/encoding.ts";
import { CALL } from "./call.ts";
import { noteFailure } from "./untold.ts";

const WANTED = `
  SELECT ${CALL} AS call, reason, attempts, calls_model AS model, calls_method AS method
    FROM tq__task JOIN tq__follow_up USING (model, method)
   WHERE id = $id AND (policy IS NULL OR json_type(policy, '$.onFailed') IS NULL)`;

/** The limits of the queue do not count: a full queue must not keep a task from failing. */
const PUSH = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        enqueued_at, policy)
  SELECT 'ready', queue, priority, $now, $model, $method, instances, $args, user, context, $now, $policy
    FROM tq__task WHERE id = $id`;

interface WantedRow extends Omit<Failure, "task"> {
  readonly model: string;
  readonly method: string;
}

/**
 * Call it once the row says that the task has failed, in the same transaction.
 *
 * @returns the id of the task that the failure pushes; null: it pushes none.
 */
export function afterFailure(db: Database, id: number, now: number): number | null {
  noteFailure(db, id, now);
  const wanted = db.query(WANTED).get({ id }) as WantedRow | null;
  if (wanted === null) return null;
  const { model, method, ...rest } = wanted;
  const failure: Failure = { task: id, ...rest };
  const args = encode([failure], "args");
  const pushed = db.query(PUSH).run({ id, now, model, method, args, policy: OF_FOLLOW_UP });
  return Number(pushed.lastInsertRowid);
}

const DECLARED = `
  SELECT model, method, calls_model, calls_method FROM tq__follow_up
   WHERE model IN (SELECT value FROM json_each($models)) ORDER BY model, method`;

/** True where the table says something else of these models. */
export function isNewlyDeclared(
  db: Database,
  models: readonly string[],
  followUps: readonly FollowUp[],
): boolean {
  const rows = db.query(DECLARED).values({ models: JSON.stringify(models) }) as string[][];
  const wanted = followUps.map(({ model, method, calls }) => [
    model,
    method,
    calls.model,
    calls.method,
  ]);
  const texts = (list: readonly string[][]) => list.map((row) => JSON.stringify(row)).sort();
  return !Bun.deepEquals(texts(rows), texts(wanted));
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
