/** How late the queues were in the last hour. `tq status` reads it, so it adds up in SQL what SQL can. */
import type { Database } from "bun:sqlite";
import { RUN_ENDS } from "../../statistics/counts.ts";
import { Histogram } from "../../statistics/histogram.ts";
import { spreadOf } from "../../statistics/summary.ts";
import type { QueueHour } from "../../store/looking.ts";
import { HOUR_MS, MINUTE_MS } from "../../values/duration.ts";

const SHOWN = ["wait", "late_start", "late_end"] as const;

const IN_HOUR = `span = ${MINUTE_MS} AND at >= $since AND at < $now AND whole = 1`;

const SUMS = `
  SELECT queue, ${RUN_ENDS.map((end) => `sum(${end}) AS ${end}`).join(", ")},
         ${SHOWN.map((of) => `sum(${of}_sum) AS ${of}_sum, max(${of}_worst) AS ${of}_worst`).join(", ")}
    FROM tq__statistic WHERE ${IN_HOUR}
   GROUP BY queue`;

const BUCKETS = SHOWN.map(
  (of) => `SELECT queue, ${of}_buckets FROM tq__statistic WHERE ${IN_HOUR} AND ${of}_count > 0`,
);

type Ends = Pick<QueueHour, (typeof RUN_ENDS)[number]>;
type Lengths = Record<`${(typeof SHOWN)[number]}_${"sum" | "worst"}`, number>;
type Sums = { readonly queue: string } & Ends & Lengths;

export function lastHour(db: Database, now: number): QueueHour[] {
  const hour = { since: now - HOUR_MS, now };
  const sums = db.query(SUMS).all(hour) as Sums[];
  const [waits, starts, ends] = BUCKETS.map((statement) => histograms(db, statement, hour));
  const hours = sums.map((row) => {
    const spread = (of: (typeof SHOWN)[number], found: Map<string, Histogram> | undefined) => {
      const histogram = found?.get(row.queue) ?? new Histogram();
      histogram.addCounts([], row[`${of}_sum`] / 1_000, row[`${of}_worst`] / 1_000);
      return spreadOf(histogram);
    };
    const counts = Object.fromEntries(RUN_ENDS.map((end) => [end, row[end]])) as Ends;
    return {
      queue: row.queue,
      ...counts,
      wait: spread("wait", waits),
      late_start: spread("late_start", starts),
      late_end: spread("late_end", ends),
    };
  });
  return hours.sort((a, b) => Buffer.compare(Buffer.from(a.queue), Buffer.from(b.queue)));
}

function histograms(
  db: Database,
  statement: string,
  hour: { readonly since: number; readonly now: number },
): Map<string, Histogram> {
  const found = new Map<string, Histogram>();
  const rows = db.query(statement).values(hour) as [queue: string, buckets: Uint8Array][];
  for (const [queue, buckets] of rows) {
    let histogram = found.get(queue);
    if (!histogram) found.set(queue, (histogram = new Histogram()));
    histogram.addEncoded(buckets, 0, 0);
  }
  return found;
}
