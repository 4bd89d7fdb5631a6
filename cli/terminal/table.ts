/** Rows under headings, as wide as their text but never wider than the terminal. */
import { printable } from "../../src/printable.ts";
import { cut, pad } from "./text.ts";

export interface Column {
  readonly title: string;
  readonly align?: "left" | "right";
  /** How narrow it may get before others shrink more; a column without it keeps its width. */
  readonly min?: number;
}

export interface TableOptions {
  /** Columns of the terminal; null: nothing is cut. */
  readonly width: number | null;
  readonly heading?: (text: string) => string;
}

const GAP = 2;

/** The lines of a table; texts may hold anything, what could act on the terminal is written out. */
export function table(
  columns: readonly Column[],
  rows: readonly (readonly string[])[],
  { width, heading = (text) => text }: TableOptions,
): string {
  const texts = rows.map((row) => columns.map((_, at) => printable(row[at] ?? "")));
  const natural = columns.map(({ title }, at) =>
    Math.max(Bun.stringWidth(title), ...widths(texts, at)),
  );
  const fitted = width === null ? natural : shrink(columns, natural, width);
  const line = (cells: readonly string[]): string =>
    cells
      .map((cell, at) => pad(cut(cell, fitted[at] ?? 0), fitted[at] ?? 0, columns[at]?.align))
      .join(" ".repeat(GAP))
      .trimEnd();
  const lines = [heading(line(columns.map(({ title }) => title))), ...texts.map(line)];
  // Where even the narrowest columns are too wide, the end of the line goes.
  return lines.map((text) => (width === null ? text : cut(text, width))).join("\n");
}

/** A loop, because a call with a million arguments is too much for the stack. */
function widths(texts: readonly (readonly string[])[], at: number): [number] {
  let widest = 0;
  for (const row of texts) widest = Math.max(widest, Bun.stringWidth(row[at] ?? ""));
  return [widest];
}

/** Takes a column from the widest that may shrink, until all fit. */
function shrink(columns: readonly Column[], natural: readonly number[], width: number): number[] {
  const fitted = [...natural];
  let excess = fitted.reduce((sum, one) => sum + one, 0) + GAP * (columns.length - 1) - width;
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

/** Names and values below each other: `state   failed`. What is empty is left out. */
export function block(pairs: readonly (readonly [name: string, value: string])[]): string {
  const shown = pairs.filter(([, value]) => value !== "");
  const width = Math.max(0, ...shown.map(([name]) => Bun.stringWidth(name)));
  return shown.map(([name, value]) => `${pad(name, width)}  ${printable(value)}`).join("\n");
}
