/** Tables whose columns are as wide as their text, but never wider together than the terminal. */
import { printable } from "../../src/printable.ts";
import { cut, pad } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** The least width that the column may shrink to; a column without it keeps its width. */
  readonly min?: number;
  /** The column is never wider, also where there is no terminal: one long name would widen each line. */
  readonly most?: number;
  /** In a terminal that is too narrow the column is left out where it says the same on each line. */
  readonly givesWay?: boolean;
  /** It is left out, whatever it says, where even the narrowest columns are wider than the terminal; the last one first. */
  readonly expendable?: boolean;
}

export interface TableOptions {
  /** Columns of the terminal; with null no text is cut. */
  readonly width: number | null;
  readonly heading?: (text: string) => string;
}

/** Spaces between two columns. */
export const GAP_WIDTH = 2;

/** Cells may hold any text: characters that could act on the terminal are escaped. */
export function table(
  allColumns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, heading = (text) => text }: TableOptions,
): string {
  const all = rows.map((row) => allColumns.map((_, at) => printable(row[at] ?? "")));
  const shown = width === null ? allColumns.map((_, at) => at) : shownIn(width, allColumns, all);
  const columns = shown.flatMap((at) => allColumns[at] ?? []);
  const texts = all.map((row) => shown.map((at) => row[at] ?? ""));
  const natural = naturalWidths(columns, texts);
  const fitted = width === null ? natural : shrink(columns, natural, width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => pad(cut(cell, fitted[at] ?? 0), fitted[at] ?? 0, columns[at]?.align))
      .join(" ".repeat(GAP_WIDTH))
      .trimEnd();
  const lines = [heading(line(columns.map(({ title }) => title))), ...texts.map(line)];
  // When even the narrowest columns are too wide, the end of the line is cut.
  return lines.map((text) => (width === null ? text : cut(text, width))).join("\n");
}

/**
 * The indexes of the columns that stay: of those that give way and say the same on each line, the first ones go until
 * the rest fits.
 */
function withoutSame(
  columns: readonly Column[],
  texts: readonly (readonly string[])[],
  width: number,
): number[] {
  const natural = naturalWidths(columns, texts);
  const shown = columns.map((_, at) => at);
  const excess = () =>
    shown.reduce((sum, at) => sum + (natural[at] ?? 0), GAP_WIDTH * (shown.length - 1)) - width;
  for (const [at, { givesWay }] of columns.entries()) {
    if (!givesWay || excess() <= 0 || texts.some((row) => row[at] !== texts[0]?.[at])) continue;
    shown.splice(shown.indexOf(at), 1);
  }
  return shown;
}

function shownIn(
  width: number,
  columns: readonly Column[],
  texts: readonly (readonly string[])[],
): number[] {
  const shown = withoutSame(columns, texts, width);
  const natural = naturalWidths(columns, texts);
  const least = (at: number) => Math.min(natural[at] ?? 0, columns[at]?.min ?? Infinity);
  const excess = () =>
    shown.reduce((sum, at) => sum + least(at), 0) + GAP_WIDTH * (shown.length - 1) - width;
  while (excess() > 0) {
    const at = shown.findLastIndex((one) => columns[one]?.expendable === true);
    if (at === -1) break;
    shown.splice(at, 1);
  }
  return shown;
}

function naturalWidths(
  columns: readonly Column[],
  texts: readonly (readonly string[])[],
): number[] {
  return columns.map(({ title, most = Infinity }, at) =>
    Math.min(Math.max(Bun.stringWidth(title), widest(texts, at)), most),
  );
}

/** The width of the widest line. A loop, as `Math.max` of a million arguments would overflow the stack. */
function widest(texts: readonly (readonly string[])[], at: number): number {
  let width = 0;
  for (const row of texts) width = Math.max(width, Bun.stringWidth(row[at] ?? ""));
  return width;
}

/** Narrows the widest column that may shrink, by one, until all fit. */
function shrink(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const fitted = [...natural];
  let excess = fitted.reduce((sum, one) => sum + one, 0) + GAP_WIDTH * (columns.length - 1) - width;
  for (; excess > 0; excess--) {
    let widest = -1;
    for (const [at, column] of columns.entries()) {
      const room = (fitted[at] ?? 0) > (column.min ?? Infinity);
      if (room && (fitted[at] ?? 0) > (fitted[widest] ?? 0)) widest = at;
    }
    if (widest === -1) break;
    fitted[widest] = (fitted[widest] ?? 0) - 1;
  }
  return fitted;
}

/** A line for each name and its value, such as `state   failed`; empty values are left out. */
export function block(pairs: readonly (readonly [name: string, value: string])[]): string {
  const shown = pairs.filter(([, value]) => value !== "");
  const width = Math.max(0, ...shown.map(([name]) => Bun.stringWidth(name)));
  return shown.map(([name, value]) => `${pad(name, width)}  ${printable(value)}`).join("\n");
}

/** The width of the widest line. A loop, as `Math.max` of a million arguments would overflow the stack. */
export function widthOf(lines: readonly string[]): number {
  let width = 0;
  for (const line of lines) width = Math.max(width, Bun.stringWidth(line));
  return width;
}
