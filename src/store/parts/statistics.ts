/** The statistics of runs. */
import { nextTurn } from "../../next-turn.ts";
import type { Soon } from "../../soon.ts";
import { type RunCounts, type Series, seriesKey } from "../../statistics/counts.ts";
import type { Measurements } from "../measurements.ts";
import { addedEnds } from "../statistics-rows.ts";
import { piecesOf, type Slice } from "../statistics-slices.ts";
import type {
  SeriesEnds,
  StatisticsPart,
  StatisticsQuery,
  StatisticsRow,
  StatisticsStore,
} from "../statistics-store.ts";
import type { Access } from "./access.ts";

export interface StatisticsStatements<Db> {
  addPart(db: Db, part: StatisticsPart): Soon<void>;
  sumRows(
    db: Db,
    slice: Slice,
    of: Required<Pick<StatisticsQuery, "queue" | "by">>,
    into: (row: StatisticsRow) => RunCounts,
  ): Soon<void>;
  sumTotals(db: Db, into: (series: Series) => RunCounts): Soon<void>;
  endsOf(db: Db, slice: Slice, queue: string | undefined): Soon<SeriesEnds[]>;
  firstSlice(db: Db, slice: Slice): Soon<Slice | null>;
  hasOldRows(db: Db, now: number): Soon<boolean>;
  tidyRows(db: Db, now: number): Soon<boolean>;
  forgetAhead(db: Db, now: number): Soon<void>;
}

export class Statistics<Db> implements StatisticsStore {
  readonly #access: Access<Db>;
  readonly #statements: StatisticsStatements<Db>;
  readonly measure: (queues: readonly string[]) => Promise<Measurements>;

  constructor(
    access: Access<Db>,
    statements: StatisticsStatements<Db>,
    measure: StatisticsStore["measure"],
  ) {
    this.#access = access;
    this.#statements = statements;
    this.measure = measure;
  }

  add(part: StatisticsPart): Promise<void> {
    return this.#access.write((db) => this.#statements.addPart(db, part));
  }

  async sum(query: StatisticsQuery, into: (row: StatisticsRow) => RunCounts): Promise<void> {
    const { queue, by = "method" } = query;
    for await (const slice of this.#slicesOf(query)) {
      await this.#access.read((db) => this.#statements.sumRows(db, slice, { queue, by }, into));
    }
  }

  totals(into: (series: Series) => RunCounts): Promise<void> {
    return this.#access.read((db) => this.#statements.sumTotals(db, into));
  }

  async ends(query: Omit<StatisticsQuery, "by" | "longest">): Promise<SeriesEnds[]> {
    const sums = new Map<string, SeriesEnds>();
    for await (const slice of this.#slicesOf(query)) {
      const all = await this.#access.read((db) => this.#statements.endsOf(db, slice, query.queue));
      for (const ends of all) {
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
        const slice = await this.#access.read((db) => this.#statements.firstSlice(db, rest));
        if (slice === null) break;
        yield slice;
        rest = { ...piece, from: slice.to };
        await nextTurn();
      }
    }
  }

  async tidy(now: number): Promise<boolean> {
    const isAny = await this.#access.read((db) => this.#statements.hasOldRows(db, now));
    return isAny && this.#access.write((db) => this.#statements.tidyRows(db, now));
  }

  forgetAhead(): Promise<void> {
    return this.#access.write((db, now) => this.#statements.forgetAhead(db, now));
  }
}
