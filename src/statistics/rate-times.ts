/** The times and the numbers of tasks by which a database finds out how fast tasks end and come. */
import { HOUR_MS, MINUTE_MS } from "../values/duration.ts";

export type TakesQueue = (queue: string) => boolean;

/** Where fewer tasks ended in the first time, the rate is that of the second one. */
const RATE_SPANS = [5 * MINUTE_MS, HOUR_MS];

/** The statistics have whole minutes: fewer of them are not enough. */
const LEAST_MINUTES_MS = 2 * MINUTE_MS;

export interface Minutes {
  readonly from: number;
  readonly until: number;
}

/**
 * The times of which the statistics may have a rate: that of the first which has one counts.
 *
 * @param last the last minute that they have.
 * @param since from then on the queues had tasks to run all the time.
 */
export function* minutesFor(last: number, now: number, since: number): Generator<Minutes, void> {
  const minute = Math.floor(now / MINUTE_MS) * MINUTE_MS;
  // The workers may be about to write the minute that is just over.
  const until = last >= minute - MINUTE_MS ? minute : minute - MINUTE_MS;
  const first = Math.ceil(since / MINUTE_MS) * MINUTE_MS;
  for (const span of RATE_SPANS) {
    const from = Math.max(until - span, first);
    if (until - from < LEAST_MINUTES_MS) return;
    yield { from, until };
  }
}

/** Runs that ended longer ago say nothing of the present rate. */
export const RATE_MS = 600_000;

/** The ends of each state are counted up to this number, by the index alone; of so many the queue is read: 1 or 2 ms each. */
export const MOST_ENDED = 50_000;
export const QUEUES_READ = 1_000;

/** More tasks are not counted one by one: of so many others the queue is read, which is near enough. */
export const COUNTED = 500;
export const SAMPLED = 400;
