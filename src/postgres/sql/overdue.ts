/** Scheduled tasks that are due, and that no worker has made ready yet: one that lives does so at once. */
import type { OldestReady } from "../../store/measurements.ts";
import type { Connection } from "../connection.ts";
import { HELD_BY, heldNames, isHeld } from "./paused-tasks.ts";
import { pausesInForce } from "./pauses.ts";

/** More are not looked at: some ms. */
const MOST = 10_000;

const overdue = (columns: string, where: string): string => `
  SELECT queue, min(since)::float8 AS since
    FROM (SELECT queue, scheduled_at AS since${columns} FROM tq.task
           WHERE state = 'scheduled' AND scheduled_at <= $1::bigint ORDER BY scheduled_at, id LIMIT ${MOST}) AS due
   ${where} GROUP BY queue ORDER BY queue`;

const OF_ALL = overdue("", "");
const OF_UNHELD = overdue(`, ${HELD_BY}`, `WHERE NOT ${isHeld("$2")}`);

/** The queues that have some, since when; no paused method's. */
export async function overdueQueues(db: Connection, now: number): Promise<OldestReady[]> {
  const held = heldNames(await pausesInForce(db, now));
  return held === null
    ? db.all<OldestReady>(OF_ALL, [now])
    : db.all<OldestReady>(OF_UNHELD, [now, held]);
}
