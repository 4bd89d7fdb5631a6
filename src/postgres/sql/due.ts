/** Scheduled tasks that come due. */
import type { Connection } from "../connection.ts";

/** How many due tasks become ready in one transaction: a million at once would take seconds. */
export const DUE_LIMIT = 500;

/** Another process may be making some of them ready: these are passed over. */
const MAKE_DUE_READY = `
  UPDATE tq.task SET state = 'ready'
   WHERE id = ANY (ARRAY(SELECT id
                           FROM tq.task
                          WHERE state = 'scheduled' AND scheduled_at <= $1
                          ORDER BY scheduled_at, id
                          LIMIT ${DUE_LIMIT}
                            FOR NO KEY UPDATE SKIP LOCKED))`;

/** Makes those ready that have waited the longest. */
export async function makeDueReady(db: Connection, now: number): Promise<void> {
  await db.run(MAKE_DUE_READY, [now]);
}
