/** The counts of runs: how they ended, and four lengths of time. */
import { Histogram } from "./histogram.ts";

/** How a run ended, in the words of the columns of `tq_stats`. */
export const RUN_ENDS = [
  "finished",
  "failed",
  "retried",
  "snoozed",
  "cancelled",
  "postponed",
  "interrupted",
  "crashed",
] as const;

export type RunEnd = (typeof RUN_ENDS)[number];

/** The ends after which the task is at its end, too. */
const TASK_ENDS = ["finished", "failed", "cancelled"] as const satisfies RunEnd[];

/**
 * The lengths of time: the wait of a task from when it could run, the run itself, how late a task with a `scheduled_at` began,
 * and how late a task with an `expected_at` ended.
 */
export const MEASURES = ["wait", "run", "late_start", "late_end"] as const;

export type Measure = (typeof MEASURES)[number];

/** The methods that had too few runs for a row of their own share one: this is their model and their method. */
export const OTHERS = "(others)";

/** The runs of one method in one queue, in some span of time. */
export class RunCounts {
  readonly ends: Record<RunEnd, number> = {
    finished: 0,
    failed: 0,
    retried: 0,
    snoozed: 0,
    cancelled: 0,
    postponed: 0,
    interrupted: 0,
    crashed: 0,
  };
  readonly measures: Record<Measure, Histogram> = {
    wait: new Histogram(),
    run: new Histogram(),
    late_start: new Histogram(),
    late_end: new Histogram(),
  };

  get runs(): number {
    return RUN_ENDS.reduce((sum, end) => sum + this.ends[end], 0);
  }

  /** Tasks that have ended: they do not run again by themselves. */
  get ended(): number {
    return TASK_ENDS.reduce((sum, end) => sum + this.ends[end], 0);
  }

  merge(other: RunCounts): void {
    for (const end of RUN_ENDS) this.ends[end] += other.ends[end];
    for (const measure of MEASURES) this.measures[measure].merge(other.measures[measure]);
  }
}

/** Names what is counted together. */
export interface Series {
  readonly queue: string;
  readonly model: string;
  readonly method: string;
}

/** No name has a NUL. */
const SEPARATOR = "\0";

export function seriesKey({ queue, model, method }: Series): string {
  return [queue, model, method].join(SEPARATOR);
}

export function readSeriesKey(key: string): Series {
  const [queue = "", model = "", method = ""] = key.split(SEPARATOR);
  return { queue, model, method };
}

/** The series of a queue's other methods. */
export function othersOf(queue: string): Series {
  return { queue, model: OTHERS, method: OTHERS };
}

/** Counts by series. */
export class SeriesCounts {
  readonly #counts = new Map<string, RunCounts>();

  get size(): number {
    return this.#counts.size;
  }

  of(series: Series): RunCounts {
    const key = seriesKey(series);
    let counts = this.#counts.get(key);
    if (!counts) this.#counts.set(key, (counts = new RunCounts()));
    return counts;
  }

  *[Symbol.iterator](): Generator<readonly [Series, RunCounts]> {
    for (const [key, counts] of this.#counts) yield [readSeriesKey(key), counts];
  }

  /**
   * The series with the most runs; all others of a queue are added up under its name, and queues beyond that many under
   * "(others)".
   */
  top(most: number): SeriesCounts {
    if (this.size <= most) return this;
    const sorted = [...this].sort(([, a], [, b]) => b.runs - a.runs);
    const kept = new SeriesCounts();
    for (const [series, counts] of sorted.slice(0, most)) kept.of(series).merge(counts);
    const queues = new Set<string>();
    for (const [{ queue }, counts] of sorted.slice(most)) {
      if (queues.size < most) queues.add(queue);
      kept.of(othersOf(queues.has(queue) ? queue : OTHERS)).merge(counts);
    }
    return kept;
  }
}
