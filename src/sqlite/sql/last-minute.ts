/** The tasks that ended in the last minute: the statistics know a minute only once it is over. */
import type { Database } from "bun:sqlite";
import { addEnds, ENDS_SAMPLED, type SampledEnds } from "../../store/queue-minute.ts";
import type { QueueMinute } from "../../store/looking.ts";
import { MINUTE_MS } from "../../values/duration.ts";

const NEWEST = `
  SELECT queue, count(*) AS ended, min(finished_at) AS first
    FROM (SELECT queue, finished_at FROM tq__task
           WHERE state = $state AND finished_at IS NOT NULL AND finished_at >= $since
           ORDER BY finished_at DESC LIMIT ${ENDS_SAMPLED})
   GROUP BY queue`;

export function lastMinute(db: Database, now: number): QueueMinute[] {
  const since = now - MINUTE_MS;
  return addEnds((state) => db.query(NEWEST).all({ state, since }) as SampledEnds[], now);
}
