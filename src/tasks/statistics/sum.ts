/** Adds statistics up without keeping others waiting: an admin API answers other requests meanwhile. */
import { nextTurn } from "../../next-turn.ts";
import { RUN_ENDS, type RunCounts, seriesKey } from "../../statistics/counts.ts";
import type { SeriesEnds, StatisticsQuery, StatisticsRow } from "../../store/statistics-store.ts";
import type { Store } from "../../store/store.ts";
import { HOUR_MS } from "../../values/duration.ts";

/** Statistics of this span are read in one piece: with a hundred busy methods, some 20 ms. */
const SLICE_MS = 2 * HOUR_MS;

/** As `store.statistics.sum`, slice by slice. */
export async function sumStatistics(
  store: Store,
  query: StatisticsQuery,
  into: (row: StatisticsRow) => RunCounts,
): Promise<void> {
  for await (const slice of slicesOf(query)) await store.statistics.sum(slice, into);
}

/** As `store.statistics.ends`, slice by slice. @param tell called with each slice. */
export async function sumEnds(
  store: Store,
  query: StatisticsQuery,
  tell: () => void,
): Promise<SeriesEnds[]> {
  const sums = new Map<string, SeriesEnds>();
  for await (const slice of slicesOf(query)) {
    tell();
    for (const ends of await store.statistics.ends(slice)) {
      const key = seriesKey(ends);
      const before = sums.get(key);
      sums.set(key, before === undefined ? ends : added(before, ends));
    }
  }
  return [...sums.values()];
}

function added(one: SeriesEnds, other: SeriesEnds): SeriesEnds {
  const sums = RUN_ENDS.map((end) => [end, one[end] + other[end]] as const);
  return { ...one, ...Object.fromEntries(sums) };
}

async function* slicesOf({ since, until, ...query }: StatisticsQuery) {
  for (let from = since; from < until; from += SLICE_MS) {
    if (from > since) await nextTurn();
    yield { ...query, since: from, until: Math.min(from + SLICE_MS, until) };
  }
}
