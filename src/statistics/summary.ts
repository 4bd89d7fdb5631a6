/** Counts as people and programs read them. All lengths of time are ms. */
import { MEASURES, type Measure, RUN_ENDS, type RunCounts, type RunEnd } from "./counts.ts";
import type { Histogram } from "./histogram.ts";

/** Lengths of time: half of them are `p50` at most, 99 of 100 are `p99` at most. */
export interface Spread {
  readonly count: number;
  readonly mean: number;
  /** Off by 12 % at most, as the next one. */
  readonly p50: number;
  readonly p99: number;
  readonly worst: number;
}

/** Runs: how many ended how, and their lengths of time; null where none was measured. */
export interface RunSummary extends Record<RunEnd, number>, Record<Measure, Spread | null> {
  readonly runs: number;
  /** Tasks that have finished, failed or were cancelled by their run. */
  readonly ended: number;
}

export function summarize(counts: RunCounts): RunSummary {
  const { runs, ended, ends, measures } = counts;
  const spreads = MEASURES.map((measure) => [measure, spreadOf(measures[measure])]);
  const numbers = RUN_ENDS.map((end) => [end, ends[end]]);
  return { runs, ended, ...Object.fromEntries([...numbers, ...spreads]) } as RunSummary;
}

/** null: nothing was measured. */
export function spreadOf(histogram: Histogram): Spread | null {
  const { count, worst, mean } = histogram;
  const [p50, p99] = [histogram.quantile(0.5), histogram.quantile(0.99)];
  if (mean === null || p50 === null || p99 === null) return null;
  return { count, mean: exact(mean), p50: exact(p50), p99: exact(p99), worst: exact(worst) };
}

/** To the µs. */
function exact(ms: number): number {
  return Math.round(ms * 1_000) / 1_000;
}
