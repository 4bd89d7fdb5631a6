/** Reads how late the queues were in the last hour. */
import { RUN_ENDS } from "../../statistics/counts.ts";
import type { QueueHour } from "../../store/looking.ts";
import { type HourBuckets, hoursOf, type HourSums, SHOWN } from "../../store/queue-hour.ts";
import { HOUR_MS, MINUTE_MS } from "../../values/duration.ts";
import type { Connection } from "../connection.ts";

const IN_HOUR = `span = ${MINUTE_MS} AND at >= $1::bigint AND at < $2::bigint AND whole = 1`;

const SUMS = `
  SELECT queue, ${RUN_ENDS.map((end) => `sum(${end})::float8 AS ${end}`).join(", ")},
         ${SHOWN.map((of) => `sum(${of}_sum)::float8 AS ${of}_sum, max(${of}_worst)::float8 AS ${of}_worst`).join(", ")}
    FROM tq.statistic WHERE ${IN_HOUR}
   GROUP BY queue`;

const BUCKETS = SHOWN.map(
  (of) =>
    `SELECT queue, ${of}_buckets AS buckets FROM tq.statistic WHERE ${IN_HOUR} AND ${of}_count > 0`,
);

export async function lastHour(db: Connection, now: number): Promise<QueueHour[]> {
  const hour = [now - HOUR_MS, now];
  const [sums, ...buckets] = await Promise.all([
    db.all<HourSums>(SUMS, hour),
    ...BUCKETS.map((statement) => db.all<HourBuckets>(statement, hour)),
  ]);
  return hoursOf(sums, buckets);
}
