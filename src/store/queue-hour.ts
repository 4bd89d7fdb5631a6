/** How late the queues were in an hour, from what a database has added up. */
import { RUN_ENDS } from "../statistics/counts.ts";
import { Histogram } from "../statistics/histogram.ts";
import { spreadOf } from "../statistics/summary.ts";
import type { QueueHour } from "./looking.ts";

/** The measures that are shown. */
export const SHOWN = ["wait", "late_start", "late_end"] as const;

type Ends = Pick<QueueHour, (typeof RUN_ENDS)[number]>;
type Lengths = Record<`${(typeof SHOWN)[number]}_${"sum" | "worst"}`, number>;

/** The ends of a queue's runs, and the sums and worst values of what is shown, in µs. */
export type HourSums = { readonly queue: string } & Ends & Lengths;

/** The encoded histogram of a minute of a queue. */
export interface HourBuckets {
  readonly queue: string;
  readonly buckets: Uint8Array;
}

/** @param buckets those of each shown measure. */
export function hoursOf(
  sums: readonly HourSums[],
  buckets: readonly (readonly HourBuckets[])[],
): QueueHour[] {
  const [waits, starts, ends] = buckets.map(histograms);
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

function histograms(rows: readonly HourBuckets[]): Map<string, Histogram> {
  const found = new Map<string, Histogram>();
  for (const { queue, buckets } of rows) {
    let histogram = found.get(queue);
    if (!histogram) found.set(queue, (histogram = new Histogram()));
    histogram.addEncoded(buckets, 0, 0);
  }
  return found;
}
