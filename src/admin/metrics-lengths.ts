/** The histograms of `/metrics`: lengths of time, in buckets that add up. */
import { type Measure, type RunCounts, type Series, SeriesCounts } from "../statistics/counts.ts";
import type { Histogram } from "../statistics/histogram.ts";
import type { Family, HistogramValue, Labels } from "./exposition.ts";

/** Powers of four in ms, from 0.25 ms to three days: a bucket of the statistics begins at each. */
const BOUNDS_MS = Array.from({ length: 16 }, (_, index) => 4 ** (index - 1));
const BOUNDS = BOUNDS_MS.map((ms) => ms / 1_000);

export function labelsOf({ queue, model, method }: Series): Labels {
  return { queue, model, method };
}

/** Those of runs by their series or their queue, and of flushes. */
export function lengthFamilies(totals: SeriesCounts, flushes: Histogram): Family[] {
  const byQueue = new SeriesCounts();
  for (const [{ queue }, counts] of totals) {
    byQueue.of({ queue, model: "", method: "" }).merge(counts);
  }
  const ofQueue = ({ queue }: Series) => ({ queue });
  return [
    lengths("tq_run_seconds", "How long runs took", "run", totals, labelsOf),
    lengths(
      "tq_wait_seconds",
      "How long tasks waited to run for the first time",
      "wait",
      byQueue,
      ofQueue,
    ),
    lengths(
      "tq_late_start_seconds",
      "How late tasks with a scheduled_at began",
      "late_start",
      byQueue,
      ofQueue,
    ),
    lengths(
      "tq_late_end_seconds",
      "How late tasks with an expected_at ended",
      "late_end",
      byQueue,
      ofQueue,
    ),
    histograms("tq_flush_seconds", "How long the disk took to keep a commit", [[{}, flushes]]),
  ];
}

function lengths(
  name: string,
  help: string,
  measure: Measure,
  counts: Iterable<readonly [Series, RunCounts]>,
  labels: (series: Series) => Labels,
): Family {
  const samples = Array.from(
    counts,
    ([series, { measures }]) => [labels(series), measures[measure]] as const,
  );
  return histograms(name, help, samples);
}

function histograms(
  name: string,
  help: string,
  all: readonly (readonly [Labels, Histogram])[],
): Family {
  const samples = all
    .filter(([, { count }]) => count > 0)
    .map(([labels, histogram]) => [labels, histogramValue(histogram)] as const);
  return { name, help, type: "histogram", unit: "seconds", bounds: BOUNDS, samples };
}

function histogramValue(histogram: Histogram): HistogramValue {
  const { count, sum } = histogram;
  return { upTo: histogram.shorterThan(BOUNDS_MS), count, sum: Math.round(sum * 1_000) / 1e6 };
}
