/** How late the queues were in the last hour. `tq status` reads it, so it adds up in SQL what SQL can. */
import type { Database } from "bun:sqlite";
import { RUN_ENDS } from "../../statistics/counts.ts";
import type { QueueHour } from "../../store/looking.ts";
import { type HourBuckets, hoursOf, type HourSums, SHOWN } from "../../store/queue-hour.ts";
import { HOUR_MS, MINUTE_MS } from "../../values/duration.ts";

const IN_HOUR = `span = ${MINUTE_MS} AND at >= $since AND at < $now AND whole = 1`;

const SUMS = `
  SELECT queue, ${RUN_ENDS.map((end) => `sum(${end}) AS ${end}`).join(", ")},
         ${SHOWN.map((of) => `sum(${of}_sum) AS ${of}_sum, max(${of}_worst) AS ${of}_worst`).join(", ")}
    FROM tq__statistic WHERE ${IN_HOUR}
   GROUP BY queue`;

const BUCKETS = SHOWN.map(
  (of) =>
    `SELECT queue, ${of}_buckets AS buckets FROM tq__statistic WHERE ${IN_HOUR} AND ${of}_count > 0`,
);

export function lastHour(db: Database, now: number): QueueHour[] {
  const hour = { since: now - HOUR_MS, now };
  const sums = db.query(SUMS).all(hour) as HourSums[];
  return hoursOf(
    sums,
    BUCKETS.map((statement) => db.query(statement).all(hour) as HourBuckets[]),
  );
}
