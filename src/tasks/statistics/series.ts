/** The statistics as a series of steps, for charts. */
import { TqError } from "../../errors.ts";
import { RunCounts } from "../../statistics/counts.ts";
import { type RunSummary, summarize } from "../../statistics/summary.ts";
import type { Store } from "../../store/store.ts";
import {
  DAY_MS,
  formatDuration,
  HOUR_MS,
  MINUTE_MS,
  parseDuration,
} from "../../values/duration.ts";
import { ClosedSteps } from "./closed-steps.ts";
import { sinceOf } from "./span.ts";

/** A chart has no more points than this on a phone, and needs no more on a wide screen. */
const USUAL_STEPS = 100;
const MOST_STEPS = 500;

const STEPS = [1, 5, 15, 30, 60, 120, 360, 720].map((minutes) => minutes * MINUTE_MS);

/** Of an older time there are whole hours alone. */
const MINUTES_DAYS = 8;

export interface Step extends RunSummary {
  /** Its start, in ms since 1970 UTC. */
  readonly at: number;
  /** About how many tasks were pushed; null: not known. */
  readonly pushed: number | null;
}

export interface StatisticsSeries {
  readonly since: number;
  readonly until: number;
  readonly queue: string | null;
  /** In ms. */
  readonly step: number;
  /** One for each step, the earliest first; the last one is not over yet. */
  readonly steps: readonly Step[];
}

/** The step for so long a span where none is said. */
export function usualStep(length: number): number {
  return (
    STEPS.find((step) => length / step <= USUAL_STEPS) ??
    Math.ceil(length / DAY_MS / USUAL_STEPS) * DAY_MS
  );
}

/** @param name of the field, for the sentence of a refusal. @returns ms. @throws TqError "invalid" */
export function readStep(text: string, name: string, length: number): number {
  const step = parseDuration(text, name);
  const why = refusalOf(step, length);
  if (why === null) return step;
  throw new TqError("invalid", `${name} cannot be ${formatDuration(step)}: ${why}`);
}

function refusalOf(step: number, length: number): string | null {
  if (step < MINUTE_MS || step % MINUTE_MS !== 0) return "it must be a number of whole minutes";
  if (length / step > MOST_STEPS) {
    return `more than ${MOST_STEPS} of them are in the time that is asked for; give a longer one`;
  }
  if (length > MINUTES_DAYS * DAY_MS && step % HOUR_MS !== 0) {
    return `statistics of more than ${MINUTES_DAYS} days ago are kept by the hour; give whole hours`;
  }
  return null;
}

export interface WantedSeries {
  /** undefined: all. */
  readonly queue: string | undefined;
  /** In ms, up to now. */
  readonly length: number;
  /** In ms. */
  readonly step: number;
}

/** @param closed steps that earlier calls have read. */
export async function statisticsSeries(
  store: Store,
  { queue, length, step }: WantedSeries,
  closed = new ClosedSteps(),
): Promise<StatisticsSeries> {
  const until = store.now();
  const since = Math.floor(sinceOf(until, length) / step) * step;
  const starts = Array.from({ length: Math.floor((until - since) / step) + 1 }, (_, index) => {
    return since + index * step;
  });
  const of = JSON.stringify([queue ?? null, step]);
  const firstOpen = starts.find((at) => closed.get(of, at) === undefined) ?? until;
  const counts = starts.map(() => new RunCounts());
  const longest = [DAY_MS, HOUR_MS, MINUTE_MS].find((span) => step % span === 0) ?? MINUTE_MS;
  const rows = { since: firstOpen, until, queue, by: "all", longest } as const;
  await store.statistics.sum(rows, ({ at }) => {
    return counts[Math.floor((at - since) / step)] ?? new RunCounts();
  });
  const pushed = queue === undefined ? await pushedIn(store, [...starts, until + 1]) : [];
  const steps = starts.map((at, index) => {
    const known = at < firstOpen ? closed.get(of, at) : undefined;
    const summary = known ?? summarize(counts[index] ?? new RunCounts());
    closed.keep(of, at, at + step, until, summary);
    return { at, pushed: pushed[index] ?? null, ...summary };
  });
  return { since, until, queue: queue ?? null, step, steps };
}

/**
 * Counts the ids that were given between each of these times and the next one. Of tasks that are deleted the ids are
 * counted, too; nothing is known of a time before the first task that is left.
 */
async function pushedIn(store: Store, times: readonly number[]): Promise<(number | null)[]> {
  const isComplete = (await store.get(1)) !== null;
  const lasts: number[] = [];
  for (const time of times) lasts.push(await store.lastPushedBefore(time));
  return lasts.slice(1).map((last, index) => {
    const before = lasts[index] ?? 0;
    return before === 0 && !isComplete ? null : Math.max(last - before, 0);
  });
}
