/** Scheduled tasks that come due. */
import type { Connection } from "../connection.ts";
import { isThere, unseen } from "./planned.ts";

/** How many due tasks become ready in one transaction: a million at once would take seconds. */
const DUE_LIMIT = 500;

/** True where a task is due. @param now a parameter. @param from where to begin to look for it. */
export const isDue = (now: string, from = "0"): string =>
  isThere(
    `state = 'scheduled' AND scheduled_at >= ${from} AND scheduled_at <= ${now}`,
    "scheduled_at, id",
  );

const IS_CROWD_DUE = `
  SELECT coalesce((SELECT scheduled_at FROM tq.task WHERE state = 'scheduled'
                    ORDER BY scheduled_at, id OFFSET ${DUE_LIMIT} LIMIT 1) <= $1, false) AS "isCrowdDue"`;

/** True when more tasks are due than one claim makes ready. */
export async function isCrowdDue(db: Connection, now: number): Promise<boolean> {
  return (await db.get<{ isCrowdDue: boolean }>(IS_CROWD_DUE, [now]))?.isCrowdDue === true;
}

/** Another process may be making some of them ready: these are passed over. */
const MAKE_DUE_READY = `
  UPDATE tq.task SET state = 'ready'
   WHERE id = ANY (ARRAY(SELECT id
                           FROM tq.task
                          WHERE state = 'scheduled' AND scheduled_at <= $1
                          ORDER BY scheduled_at, id
                          LIMIT ${unseen(String(DUE_LIMIT))}
                            FOR NO KEY UPDATE SKIP LOCKED))`;

/** Makes those ready that have waited the longest. @returns false where there was none */
export async function makeDueReady(db: Connection, now: number): Promise<boolean> {
  return (await db.run(MAKE_DUE_READY, [now])) > 0;
}
