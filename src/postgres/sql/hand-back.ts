/** Gives back claims that have not begun. */
import type { Claim } from "../../task.ts";
import type { Connection } from "../connection.ts";
import { unseen } from "./planned.ts";

/** `claimOne` may have claimed a task before its time. */
const HAND_BACK = `
  UPDATE tq.task AS task
     SET state = CASE WHEN scheduled_at > $3 THEN 'scheduled' ELSE 'ready' END,
         worker = NULL, thread = NULL, dequeued_at = NULL, begun = false
    FROM unnest(${unseen("$1::bigint[]")}, ${unseen("$2::integer[]")}) AS given (id, claim)
   WHERE task.id = given.id AND task.claim = given.claim AND worker IS NOT NULL`;

/** Returns claims to the queue without counting an attempt. */
export async function handBack(
  db: Connection,
  claims: readonly Claim[],
  now: number,
): Promise<void> {
  if (claims.length === 0) return;
  const sorted = claims.toSorted((a, b) => a.id - b.id);
  await db.run(HAND_BACK, [sorted.map(({ id }) => id), sorted.map((one) => one.claim), now]);
}
