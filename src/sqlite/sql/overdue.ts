/** Scheduled tasks that are due, and that no worker has made ready yet: one that lives does so at once. */
import type { Database } from "bun:sqlite";
import type { OldestReady } from "../../store/measurements.ts";
import { HELD_BY, heldNames, IS_HELD } from "./held-tasks.ts";
import { pausesInForce } from "./pauses.ts";

/** More are not looked at: some ms. */
const MOST = 10_000;

const overdue = (columns: string, where: string): string => `
  SELECT queue, min(since) AS since
    FROM (SELECT queue, scheduled_at AS since${columns} FROM tq__task
           WHERE state = 'scheduled' AND scheduled_at <= $now ORDER BY scheduled_at LIMIT ${MOST})
   ${where} GROUP BY queue ORDER BY queue`;

const OF_ALL = overdue("", "");
const OF_UNHELD = overdue(`, ${HELD_BY}`, `WHERE NOT ${IS_HELD}`);

/** The queues that have some, since when; no paused method's. */
export function overdueQueues(db: Database, now: number): OldestReady[] {
  const held = heldNames(pausesInForce(db, now));
  const rows =
    held === null ? db.query(OF_ALL).all({ now }) : db.query(OF_UNHELD).all({ now, held });
  return rows as OldestReady[];
}
