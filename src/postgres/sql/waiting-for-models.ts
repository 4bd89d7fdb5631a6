/** Tasks that wait for models that no worker had loaded. */
import { LONGEST_WAIT_MS, WAITS_FOR_MODELS } from "../../store/waiting-for-models.ts";
import type { Connection } from "../connection.ts";

/** They are among the next ones to come due. A run that settles one meanwhile keeps it. */
const WAITING = `
  SELECT id FROM tq.task
   WHERE state = 'scheduled' AND scheduled_at > $1 AND scheduled_at <= $1 + ${LONGEST_WAIT_MS} AND snoozes > 0
     AND right(reason, ${WAITS_FOR_MODELS.length}) = '${WAITS_FOR_MODELS}'`;

const IS_ANY_WAITING = `SELECT EXISTS (${WAITING}) AS any`;

export async function isAnyWaitingForModels(db: Connection, now: number): Promise<boolean> {
  return (await db.get<{ any: boolean }>(IS_ANY_WAITING, [now]))?.any === true;
}

const END_WAIT = `
  UPDATE tq.task SET scheduled_at = $1
   WHERE id = ANY (ARRAY(${WAITING} ORDER BY id FOR UPDATE SKIP LOCKED)) AND state = 'scheduled'`;

/** @returns how many are due now */
export function endWaitForModels(db: Connection, now: number): Promise<number> {
  return db.run(END_WAIT, [now]);
}
