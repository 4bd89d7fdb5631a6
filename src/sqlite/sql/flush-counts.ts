/** How long flushes took, of all programs since the beginning: a row for each bucket of a histogram, and their sum. */
import type { Database } from "bun:sqlite";
import { Histogram } from "../../statistics/histogram.ts";
import type { SessionOptions } from "../transaction.ts";

const BUCKET = "flush_bucket_";
const SUM = "flush_sum_us";

const ADD = `
  INSERT INTO tq__total (name, total) VALUES ($name, $count)
  ON CONFLICT (name) DO UPDATE SET total = total + excluded.total`;

/** Adds what this thread has measured, if that is due. Call it in a transaction that writes. */
export function keepFlushTimes(
  db: Database,
  { flush, clock }: Pick<SessionOptions, "flush" | "clock">,
): void {
  const times = flush.times.take(clock.monotonic());
  if (times === null) return;
  const add = db.query(ADD);
  for (const [bucket, count] of times.pairs()) add.run({ name: `${BUCKET}${bucket}`, count });
  add.run({ name: SUM, count: Math.round(times.sum * 1_000) });
}

/** @param totals by their names. */
export function keptFlushTimes(totals: Readonly<Record<string, number>>): Histogram {
  const times = new Histogram();
  const pairs = Object.entries(totals)
    .filter(([name]) => name.startsWith(BUCKET))
    .map(([name, count]) => [Number(name.slice(BUCKET.length)), count] as const);
  times.addCounts(pairs, (totals[SUM] ?? 0) / 1_000, 0);
  return times;
}
