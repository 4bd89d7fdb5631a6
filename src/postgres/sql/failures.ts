/** Follows up a task's failure, in the transaction that settles it: pushes a task, and notes the failure for alerts. */
import type { Failure } from "../../failure.ts";
import { OF_FOLLOW_UP } from "../../policies/read.ts";
import { areSame, type FollowUp, type FollowUpRow } from "../../store/failure-store.ts";
import type { AfterFailure } from "../../store/known-follow-ups.ts";
import { encode } from "../../values/encoding.ts";
import type { Connection } from "../connection.ts";
import { lock } from "../locks.ts";
import { CALL } from "./call.ts";
import { COUNTED_TOGETHER, countFree, NOTE } from "./noted-failures.ts";
import { withoutSecrets } from "./redactions.ts";

/** One round trip: most failures push nothing. */
const NOTE_AND_READ = `
  WITH noted AS (${NOTE})
  SELECT ${CALL} AS call, coalesce(reason, '') AS reason, attempts, model, method, policy, calls_model, calls_method,
         EXISTS (SELECT FROM noted WHERE id % ${COUNTED_TOGETHER} = 0) AS "isToCount"
    FROM tq.task LEFT JOIN tq.follow_up USING (model, method)
   WHERE id = $1::bigint`;

interface FailedRow extends Omit<Failure, "task"> {
  readonly model: string;
  readonly method: string;
  readonly policy: string | null;
  readonly calls_model: string | null;
  readonly calls_method: string | null;
  readonly isToCount: boolean;
}

/** The limits of the queue do not count: a full queue must not keep a task from failing. */
const PUSH = `
  INSERT INTO tq.task (state, queue, priority, deadline, model, method, instances, args, "user", context,
                       enqueued_at, policy)
  SELECT 'ready', queue, priority, $2::bigint, $3::text, $4::text, instances, $5::text, "user", context, $2::bigint, $6::text
    FROM tq.task WHERE id = $1::bigint
  RETURNING id::float8 AS id`;

/**
 * Call it once the row says that the task has failed, in the same transaction. Where the models of this process have the
 * method, their follow-up counts, and otherwise what another process has declared.
 */
export async function afterFailure(
  db: Connection,
  id: number,
  { known, onPushed }: AfterFailure,
  now: number,
): Promise<void> {
  const failed = await db.get<FailedRow>(NOTE_AND_READ, [id, now]);
  if (failed === null) return;
  if (failed.isToCount) await countFree(db);
  if (isOfFollowUp(failed)) return;
  const { model, method, call, attempts } = failed;
  const declared = known.of(model, method);
  const calls = declared === undefined ? declaredCalls(failed) : declared;
  if (calls === null) return;
  const reason = await withoutSecrets(db, { id, model, reason: failed.reason }, known.secretNames);
  const failure: Failure = { task: id, call, reason, attempts };
  const args = encode([failure], "args");
  const values = [id, now, calls.model, calls.method, args, OF_FOLLOW_UP];
  const pushed = await db.get<{ id: number }>(PUSH, values);
  if (pushed) onPushed?.(pushed.id);
}

/** The task of a follow-up has none itself. */
function isOfFollowUp({ policy }: FailedRow): boolean {
  return policy !== null && Object.hasOwn(JSON.parse(policy) as object, "onFailed");
}

function declaredCalls({ calls_model, calls_method }: FailedRow): FollowUp["calls"] | null {
  return calls_model === null || calls_method === null
    ? null
    : { model: calls_model, method: calls_method };
}

const DECLARED = `
  SELECT model, method, calls_model, calls_method FROM tq.follow_up WHERE model = ANY ($1::text[])`;

/** True where the table says something else of these models. */
export async function isNewlyDeclared(
  db: Connection,
  models: readonly string[],
  followUps: readonly FollowUp[],
): Promise<boolean> {
  return !areSame(await db.all<FollowUpRow>(DECLARED, [models]), followUps);
}

const WITHDRAW = "DELETE FROM tq.follow_up WHERE model = ANY ($1::text[])";

const DECLARE = `
  INSERT INTO tq.follow_up (model, method, calls_model, calls_method)
  SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::text[])`;

export async function declareFollowUps(
  db: Connection,
  models: readonly string[],
  followUps: readonly FollowUp[],
): Promise<void> {
  await lock(db, "definitions");
  const withdrawing = db.run(WITHDRAW, [models]);
  const declaring = db.run(DECLARE, [
    followUps.map(({ model }) => model),
    followUps.map(({ method }) => method),
    followUps.map(({ calls }) => calls.model),
    followUps.map(({ calls }) => calls.method),
  ]);
  await Promise.all([withdrawing, declaring]);
}
