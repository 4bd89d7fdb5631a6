/** Foretells a queue whose tasks come and end at the present rates. Lengths of time are ms. */

/** How many tasks ended, and within which time. */
export interface EndedRate {
  readonly ended: number;
  readonly within: number;
}

/** Ready tasks that will end after their `expected_at`; those that are late already are not among them. */
export interface Misses {
  readonly count: number;
  /** True: there may be more, as looking at millions takes long. */
  readonly at_least?: true;
  /** The id of the first of them that runs. */
  readonly first: number;
  /** How late that one will end. */
  readonly by: number;
}

export interface Forecast {
  readonly ended_per_minute: number;
  /** The time whose rate this is. */
  readonly within: number;
  /** Tasks pushed, which are ready at once; null: not known. */
  readonly come_per_minute: number | null;
  /** null: the queue does not become shorter. */
  readonly empty_in: number | null;
  /** True: `empty_in` is the least, as only a part of the ready tasks was counted. */
  readonly at_least?: true;
  /** null: none. */
  readonly misses: Misses | null;
}

export interface QueueDepth {
  readonly ready: number;
  readonly at_least?: true;
}

/** Fewer ends, or in less time, are no rate. */
const LEAST_ENDED = 5;
const LEAST_MS = 2_000;

/** False where too few tasks have ended for a forecast. */
export function isRate({ ended, within }: EndedRate): boolean {
  return ended >= LEAST_ENDED && within >= LEAST_MS;
}

const YOUNG_MS = 120_000;

/** True where the push that began to fill the queue may be the last one. @param age since when the queue has had tasks to run */
export function isYoungRate({ within }: EndedRate, age: number): boolean {
  return age < 2 * within && age < YOUNG_MS;
}

/**
 * As many as would come at the pace of the slower one of the last two quarters of a time; null: no tasks came in one of
 * them.
 *
 * @param last those that were pushed in the last quarter. @param half in the last two
 */
export function comeSteadily(last: number, half: number): number | null {
  const slower = Math.min(last, half - last);
  return slower > 0 ? 4 * slower : null;
}

/** More queues get no forecast: there may be thousands. */
export const MOST_FORECAST = 20;

/** @param come tasks that came in the time of the rate; null: not known. */
export function forecast(
  { ready, at_least }: QueueDepth,
  { ended, within }: EndedRate,
  come: number | null,
  misses: Misses | null,
): Forecast {
  const less = ended - (come ?? 0);
  return {
    ended_per_minute: perMinute(ended, within),
    within,
    come_per_minute: come === null ? null : perMinute(come, within),
    empty_in: less > 0 ? Math.round((ready * within) / less) : null,
    ...(at_least && less > 0 ? { at_least } : {}),
    misses,
  };
}

function perMinute(count: number, within: number): number {
  return Math.round((count * 60_000 * 100) / within) / 100;
}

/** Ready tasks of one priority, in the order in which they run. */
export interface Level {
  /** Tasks of this queue that run before the first of these. */
  readonly before: number;
  /** Those with an `expected_at` that has not come. */
  readonly expected: Iterable<{ readonly id: number; readonly deadline: number }>;
}

/** Finds the tasks that will end too late. A level may end early: its later tasks are in time. */
export function findMisses(
  levels: Iterable<Level>,
  { ended, within }: EndedRate,
  { now, ready }: { readonly now: number; readonly ready: number },
): Misses | null {
  const each = within / ended;
  const emptyAt = now + ready * each;
  let count = 0;
  let first: Pick<Misses, "first" | "by"> | null = null;
  for (const { before, expected } of levels) {
    let place = before;
    for (const { id, deadline } of expected) {
      place += 1;
      if (deadline >= emptyAt) break;
      const late = now + place * each - deadline;
      if (late <= 0) continue;
      count += 1;
      first ??= { first: id, by: Math.round(late) };
    }
  }
  return first && { count, ...first };
}
