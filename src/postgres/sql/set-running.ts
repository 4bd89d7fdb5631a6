/** Makes tasks those of a thread. */

/** A ready task has a reason only where a run of it did not end it. */
const CLAIMED_COLUMNS = `
         id::float8 AS id, claim, model, method, instances, args, context, "user"::float8 AS "user", queue,
         priority::float8 AS priority, deadline::float8 AS deadline, enqueued_at::float8 AS "enqueuedAt",
         scheduled_at::float8 AS "scheduledAt", expected_at::float8 AS "expectedAt", attempts + 1 AS attempt, begun AS suspect, postponed,
         failures, expires_at::float8 AS "expiresAt", policy, ref, reason IS NOT NULL AS again`;

/**
 * Chance chooses the number of a task's first claim. A standby that takes over without the last commits gives ids out again:
 * a run of a task that is gone must not end another one that has its id.
 */
const NEXT_CLAIM = "CASE claim WHEN 0 THEN 1 + (random() * 1e9)::integer ELSE claim + 1 END";

/**
 * `begun` is true for suspects alone: once this claim is committed, the death of the worker counts against them. The
 * reason of an earlier run stays for a claim that is handed back; no view shows it of a task that runs. Parameters: $1 the
 * worker, $2 its thread, $3 the time.
 */
export const settingRunning = (which: string): string => `
  UPDATE tq.task
     SET state = 'running', claim = ${NEXT_CLAIM}, worker = $1, thread = $2, dequeued_at = $3, suspect = suspect & 1,
         begun = suspect & 1 = 1
   WHERE ${which}
  RETURNING ${CLAIMED_COLUMNS}`;
