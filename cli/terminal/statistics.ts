/** The statistics of runs as tables for people. */
import { OTHERS } from "../../src/statistics/counts.ts";
import type { RunSummary, Spread } from "../../src/statistics/summary.ts";
import { callName, FUNCTION_METHOD } from "../../src/task.ts";
import { DAY_MS, HOUR_MS, MINUTE_MS, SECOND_MS } from "../../src/values/duration.ts";
import { type Column, table } from "./table.ts";
import { paint, type Terminal } from "./terminal.ts";

/** Runs that are counted together, and their name for people. */
export interface NamedSummary extends RunSummary {
  readonly name: string;
}

interface Named {
  readonly model: string;
  readonly method: string;
}

/**
 * `sale.process`, the name of a function, or the word for the methods that have no row of their own.
 *
 * @param isMethod true for a method of a model that has the name which the statistics give all functions.
 */
export function taskName({ model, method }: Named, isMethod: boolean): string {
  if (model === OTHERS) return OTHERS;
  return callName(model, method === FUNCTION_METHOD && !isMethod ? null : method);
}

/** A length of time in one unit, as a table has room for: `0.2 ms`, `1.5 s`, `12 min`. */
export function shortLength(ms: number): string {
  // Each bound is where rounding would reach the next unit.
  if (ms < 999.5) return inUnit(ms, "ms");
  if (ms < 59.95 * SECOND_MS) return inUnit(ms / SECOND_MS, "s");
  if (ms < 59.95 * MINUTE_MS) return inUnit(ms / MINUTE_MS, "min");
  if (ms < 23.95 * HOUR_MS) return inUnit(ms / HOUR_MS, "h");
  return inUnit(ms / DAY_MS, "d");
}

function inUnit(amount: number, unit: string): string {
  return `${amount < 9.95 ? Math.round(amount * 10) / 10 : Math.round(amount)} ${unit}`;
}

/** A count for each minute: `0.3`, `12`. */
export function perMinute(count: number, within: number): string {
  return rateWords((count * MINUTE_MS) / within);
}

/** `0.3`, `12` */
export function rateWords(rate: number): string {
  if (rate > 0 && rate < 0.05) return "<0.1";
  return `${rate < 9.95 ? Math.round(rate * 10) / 10 : Math.round(rate)}`;
}

function right(title: string): Column {
  return { title, align: "right" };
}

/** How the runs ended. A column stands only where a row has a number in it. */
export function endsTable(
  by: string,
  rows: readonly NamedSummary[],
  within: (row: NamedSummary) => number,
  terminal: Terminal,
): string {
  const columns = [
    ["finished", (row: RunSummary) => row.finished],
    ["failed", (row: RunSummary) => row.failed],
    ["retried", (row: RunSummary) => row.retried],
    ["crashed", (row: RunSummary) => row.crashed],
    ["other", (row: RunSummary) => others(row)],
  ] as const;
  const shown = columns.filter(
    ([title, of]) => title === "finished" || rows.some((row) => of(row) > 0),
  );
  return tableOf(
    [{ title: by, min: 8 }, right("a minute"), ...shown.map(([title]) => right(title))],
    rows.map((row) => [
      row.name,
      perMinute(row.ended, within(row)),
      ...shown.map(([, of]) => String(of(row))),
    ]),
    terminal,
  );
}

function others({ snoozed, cancelled, postponed, interrupted }: RunSummary): number {
  return snoozed + cancelled + postponed + interrupted;
}

/** Two lengths of time, such as the wait and the run; null where no row has one of them. */
export function spreadTable<Row extends { readonly name: string }>(
  by: string,
  rows: readonly Row[],
  pairs: readonly (readonly [title: string, of: (row: Row) => Spread | null])[],
  terminal: Terminal,
): string | null {
  const shown = pairs.filter(([, of]) => rows.some((row) => of(row) !== null));
  if (shown.length === 0) return null;
  return tableOf(
    [
      { title: by, min: 8 },
      ...shown.flatMap(([title]) => [right(`${title} p50`), right("p99"), right("worst")]),
    ],
    rows
      .filter((row) => shown.some(([, of]) => of(row) !== null))
      .map((row) => [row.name, ...shown.flatMap(([, of]) => spreadCells(of(row)))]),
    terminal,
  );
}

function spreadCells(spread: Spread | null): string[] {
  if (spread === null) return ["", "", ""];
  return [spread.p50, spread.p99, spread.worst].map(shortLength);
}

function tableOf(
  columns: readonly Column[],
  rows: readonly string[][],
  terminal: Terminal,
): string {
  const heading = (line: string): string => paint(terminal, "bold", line);
  return table(columns, rows, { width: terminal.width, heading });
}
