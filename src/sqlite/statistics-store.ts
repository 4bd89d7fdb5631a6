/** The statistics of runs on SQLite. */
import type { Database } from "bun:sqlite";
import type { RunCounts, Series } from "../statistics/counts.ts";
import type { Measurements } from "../store/measurements.ts";
import type {
  SeriesEnds,
  StatisticsPart,
  StatisticsQuery,
  StatisticsRow,
  StatisticsStore,
} from "../store/statistics-store.ts";
import {
  addPart,
  endsOf,
  forgetAhead,
  hasOldRows,
  sumRows,
  sumTotals,
  tidyRows,
} from "./sql/statistics.ts";

export interface StatisticsAccess {
  now(): number;
  read<T>(fn: (db: Database) => T): Promise<T>;
  write<T>(fn: (db: Database, now: number) => T): Promise<T>;
}

export class SqliteStatistics implements StatisticsStore {
  readonly #access: StatisticsAccess;

  constructor(access: StatisticsAccess) {
    this.#access = access;
  }

  add(part: StatisticsPart): Promise<void> {
    return this.#access.write((db) => addPart(db, part));
  }

  sum(query: StatisticsQuery, into: (row: StatisticsRow) => RunCounts): Promise<void> {
    return this.#access.read((db) => sumRows(db, query, into));
  }

  totals(into: (series: Series) => RunCounts): Promise<void> {
    return this.#access.read((db) => sumTotals(db, into));
  }

  async measure(queues: readonly string[]): Promise<Measurements> {
    const { measure } = await import("./sql/measurements.ts");
    return this.#access.read((db) => measure(db, queues, this.#access.now()));
  }

  ends(query: Omit<StatisticsQuery, "whole">): Promise<SeriesEnds[]> {
    return this.#access.read((db) => endsOf(db, query));
  }

  async tidy(now: number): Promise<boolean> {
    const isAny = await this.#access.read((db) => hasOldRows(db, now));
    return isAny && this.#access.write((db) => tidyRows(db, now));
  }

  forgetAhead(): Promise<void> {
    return this.#access.write(forgetAhead);
  }
}
