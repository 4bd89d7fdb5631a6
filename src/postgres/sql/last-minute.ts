/** The tasks that ended in the last minute: the statistics know a minute only once it is over. */
import { addEnds, ENDED_STATES, ENDS_SAMPLED, type SampledEnds } from "../../store/queue-minute.ts";
import type { QueueMinute } from "../../store/looking.ts";
import { MINUTE_MS } from "../../values/duration.ts";
import type { Connection } from "../connection.ts";

const NEWEST = `
  SELECT states.state, ends.queue, count(*)::float8 AS ended, min(ends.finished_at)::float8 AS first
    FROM unnest($1::text[]) AS states (state)
   CROSS JOIN LATERAL (
         SELECT queue, finished_at FROM tq.task
          WHERE task.state = states.state AND finished_at IS NOT NULL AND finished_at >= $2::bigint
          ORDER BY finished_at DESC LIMIT ${ENDS_SAMPLED}) AS ends
   GROUP BY states.state, ends.queue`;

interface Row extends SampledEnds {
  readonly state: string;
}

export async function lastMinute(db: Connection, now: number): Promise<QueueMinute[]> {
  const rows = await db.all<Row>(NEWEST, [[...ENDED_STATES], now - MINUTE_MS]);
  return addEnds((state) => rows.filter((row) => row.state === state), now);
}
