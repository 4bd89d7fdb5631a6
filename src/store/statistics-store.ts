/** The statistics of runs, as a store keeps them: by minute, hour and day, queue, model and method. */
import type { RunCounts, RunEnd, Series, SeriesCounts } from "../statistics/counts.ts";
import type { Measurements } from "./measurements.ts";

/** Counts that a worker hands over. */
export interface StatisticsPart {
  /** The id of a registered worker. */
  readonly worker: string;
  /** Counts from 1, for each worker: a part that is written already is not added again. */
  readonly number: number;
  /** The start of the minute, in ms since 1970 UTC. */
  readonly at: number;
  readonly counts: SeriesCounts;
}

export interface StatisticsQuery {
  /** Times in ms since 1970 UTC: rows from the first one on, and before the second one. */
  readonly since: number;
  readonly until: number;
  /** A name or a pattern. */
  readonly queue?: string | undefined;
  /**
   * Which rows are apart: of a queue all methods may be together, and of all queues, too. That is quicker; the names
   * that are not apart mean nothing then. Default: method.
   */
  readonly by?: "method" | "queue" | "all";
  /**
   * How long the rows may be, in ms: where it is an hour or more, those of hours or days stand for their minutes, which is
   * quicker. Default: a day.
   */
  readonly longest?: number;
}

/** How the runs of one method in one queue ended. */
export interface SeriesEnds extends Series, Record<RunEnd, number> {}

/** The subject of a row. */
export interface StatisticsRow extends Series {
  readonly at: number;
  /** How long it lasts: ms. */
  readonly span: number;
}

export interface StatisticsStore {
  /** Adds the counts, once. */
  add(part: StatisticsPart): Promise<void>;
  /** Adds each row to the counts that `into` chooses for it. */
  sum(query: StatisticsQuery, into: (row: StatisticsRow) => RunCounts): Promise<void>;
  /** How the runs of each method ended, in any order: without lengths of time, which is quicker. */
  ends(query: Omit<StatisticsQuery, "by" | "longest">): Promise<SeriesEnds[]>;
  /**
   * Adds the totals of each series since the beginning to the counts that `into` chooses. They never fall; of more than a few
   * hundred series the later ones are added up under "(others)".
   */
  totals(into: (series: Series) => RunCounts): Promise<void>;
  /** @param queues those whose oldest ready task is looked for. */
  measure(queues: readonly string[]): Promise<Measurements>;
  /**
   * Deletes minutes of more than eight days ago, and hours and days of more than a year ago: a slice of some ms.
   *
   * @returns true where more is to be done.
   */
  tidy(now: number): Promise<boolean>;
  /** Deletes the statistics of a time that has not come yet: call it once it is known that the clock was ahead. */
  forgetAhead(): Promise<void>;
}
