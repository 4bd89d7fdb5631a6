/** The statistics of runs on PostgreSQL. */
import { nextTurn } from "../next-turn.ts";
import { type RunCounts, type Series, seriesKey } from "../statistics/counts.ts";
import type { Measurements } from "../store/measurements.ts";
import { addedEnds } from "../store/statistics-rows.ts";
import { piecesOf, type Slice } from "../store/statistics-slices.ts";
import type {
  SeriesEnds,
  StatisticsPart,
  StatisticsQuery,
  StatisticsRow,
  StatisticsStore,
} from "../store/statistics-store.ts";
import type { Access } from "./access.ts";
import { measure } from "./sql/measurements.ts";
import {
  addPart,
  endsOf,
  firstSlice,
  forgetAhead,
  hasOldRows,
  sumRows,
  sumTotals,
  tidyRows,
} from "./sql/statistics.ts";

export class PostgresStatistics implements StatisticsStore {
  readonly #access: Access;

  constructor(access: Access) {
    this.#access = access;
  }

  add(part: StatisticsPart): Promise<void> {
    return this.#access.write((db) => addPart(db, part));
  }

  async sum(query: StatisticsQuery, into: (row: StatisticsRow) => RunCounts): Promise<void> {
    const { queue, by = "method" } = query;
    for await (const slice of this.#slicesOf(query)) {
      await this.#access.read((db) => sumRows(db, slice, { queue, by }, into));
    }
  }

  totals(into: (series: Series) => RunCounts): Promise<void> {
    return this.#access.read((db) => sumTotals(db, into));
  }

  measure(queues: readonly string[]): Promise<Measurements> {
    return this.#access.snapshot((db) => measure(db, queues, this.#access.now()));
  }

  async ends(query: Omit<StatisticsQuery, "by" | "longest">): Promise<SeriesEnds[]> {
    const sums = new Map<string, SeriesEnds>();
    for await (const slice of this.#slicesOf(query)) {
      for (const ends of await this.#access.read((db) => endsOf(db, slice, query.queue))) {
        const key = seriesKey(ends);
        const before = sums.get(key);
        sums.set(key, before === undefined ? ends : addedEnds(before, ends));
      }
    }
    return [...sums.values()];
  }

  /** An admin API answers other requests between two of them. */
  async *#slicesOf(query: StatisticsQuery): AsyncGenerator<Slice, void> {
    for (const piece of piecesOf(query, this.#access.now())) {
      for (let rest = piece; ;) {
        const slice = await this.#access.read((db) => firstSlice(db, rest));
        if (slice === null) break;
        yield slice;
        rest = { ...piece, from: slice.to };
        await nextTurn();
      }
    }
  }

  async tidy(now: number): Promise<boolean> {
    const isAny = await this.#access.read((db) => hasOldRows(db, now));
    return isAny && this.#access.write((db) => tidyRows(db, now));
  }

  forgetAhead(): Promise<void> {
    return this.#access.write(forgetAhead);
  }
}
