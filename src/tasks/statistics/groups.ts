/** How many tasks ran, how long they waited and took, and how late they were: by queue, task or hour. */
import { isPattern } from "../../patterns.ts";
import { RunCounts, type Series } from "../../statistics/counts.ts";
import { type RunSummary, summarize } from "../../statistics/summary.ts";
import type { SeriesEnds, StatisticsRow } from "../../store/statistics-store.ts";
import type { Store } from "../../store/store.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS } from "../../values/duration.ts";
import { sinceOf } from "./span.ts";

export const GROUPINGS = ["queue", "task", "hour"] as const;

export type Grouping = (typeof GROUPINGS)[number];

export interface GroupKey {
  /** By queue. */
  readonly queue?: string;
  /** By task, as the next one. */
  readonly model?: string;
  readonly method?: string;
  /** By hour: its start by the local clock, in ms since 1970 UTC. */
  readonly at?: number;
}

export interface Group extends GroupKey, RunSummary {}

export interface GroupedStatistics {
  readonly since: number;
  readonly until: number;
  readonly queue: string | null;
  readonly by: Grouping;
  readonly groups: readonly Group[];
  /** The methods whose runs have failed, were retried or crashed, the most frequent first. */
  readonly failures: readonly (Series & Pick<RunSummary, "failed" | "retried" | "crashed">)[];
}

export interface WantedStatistics {
  /** undefined: all. */
  readonly queue: string | undefined;
  readonly by: Grouping;
  /** In ms, up to now. */
  readonly length: number;
}

/** The grouping where none is said: by queue, or of one queue by method. */
export function defaultGrouping(queue: string | undefined): Grouping {
  return queue === undefined || isPattern(queue) ? "queue" : "task";
}

/** @param tell called again and again meanwhile, for a long wait. */
export async function groupStatistics(
  store: Store,
  { queue, by, length }: WantedStatistics,
  tell: () => void = () => {},
): Promise<GroupedStatistics> {
  const until = store.now();
  const since = sinceOf(until, length);
  const groups = new Map<string, { readonly key: GroupKey; readonly counts: RunCounts }>();
  const longest = by === "hour" ? hourRows(until) : DAY_MS;
  await store.statistics.sum({ since, until, queue, by: APART[by], longest }, (row) => {
    tell();
    const key = keyOf(row, by);
    const name = JSON.stringify(key);
    let group = groups.get(name);
    if (!group) groups.set(name, (group = { key, counts: new RunCounts() }));
    return group.counts;
  });
  const rows = Array.from(groups.values(), ({ key, counts }) => ({ ...key, ...summarize(counts) }));
  const ends = await store.statistics.ends({ since, until, queue });
  return {
    since,
    until,
    queue: queue ?? null,
    by,
    groups: sorted(rows),
    failures: failures(ends),
  };
}

const APART = { queue: "queue", task: "method", hour: "all" } as const;

/** Rows of hours begin with those of UTC: in India the minutes are read. */
function hourRows(now: number): number {
  return new Date(now).getTimezoneOffset() % 60 === 0 ? HOUR_MS : MINUTE_MS;
}

function keyOf({ at, queue, model, method }: StatisticsRow, by: Grouping): GroupKey {
  if (by === "queue") return { queue };
  if (by === "task") return { model, method };
  return { at: new Date(at).setMinutes(0, 0, 0) };
}

/** Hours in their order, all else by how often it ran. */
function sorted(groups: readonly Group[]): Group[] {
  return groups.toSorted((a, b) => (a.at ?? 0) - (b.at ?? 0) || b.runs - a.runs);
}

function failures(all: readonly SeriesEnds[]): GroupedStatistics["failures"] {
  return all
    .filter(({ failed, retried, crashed }) => failed + retried + crashed > 0)
    .map(({ queue, model, method, failed, retried, crashed }) => {
      return { queue, model, method, failed, retried, crashed };
    })
    .sort((a, b) => b.failed + b.crashed - a.failed - a.crashed || b.retried - a.retried);
}
