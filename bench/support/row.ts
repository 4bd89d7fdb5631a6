/** One line of the table: a figure, its raw limit, and the bar that it must reach. */
import {
  type Pair,
  formatNumber,
  formatSpread,
  median,
  quantile,
  ratios,
  spread,
} from "./statistics.ts";

export interface Row {
  readonly measure: string;
  /** That of tq, ready to print. */
  readonly figure: string;
  /** The same of the plain program that tq is compared with; `notes.rawIs` says where it is something else. */
  readonly raw: string;
  readonly ratio: string;
  readonly bar: string;
  /** True when the figure reaches the bar, or stays below it in a row of limits; null without a bar. */
  readonly reached: boolean | null;
  /** The figures of all rounds. */
  readonly samples: Readonly<Record<string, readonly number[]>>;
  readonly unit: string;
  readonly notes: Readonly<Record<string, unknown>>;
}

interface Labels {
  readonly measure: string;
  readonly unit: string;
  readonly notes?: Readonly<Record<string, unknown>>;
}

/** A row of rates, each beside the raw rate of the same round. `bar` is the share of the raw limit to reach. */
export function rateRow(
  { measure, unit, notes = {} }: Labels,
  pairs: readonly Pair[],
  bar: number | null,
): Row {
  const tq = pairs.map((pair) => pair.tq);
  const raw = pairs.map((pair) => pair.raw);
  const ratio = spread(ratios(pairs));
  return {
    measure,
    unit,
    figure: formatSpread(spread(tq), unit),
    raw: formatSpread(spread(raw), unit),
    ratio: `${ratio.median.toFixed(2)} (${ratio.min.toFixed(2)}–${ratio.max.toFixed(2)})`,
    bar: bar === null ? "" : `≥ ${bar} of raw`,
    reached: bar === null ? null : ratio.median >= bar,
    samples: { tq, raw },
    notes,
  };
}

/** A row of values that must stay below `bar`; `share` picks the quantile of both lists (default: the median). */
export function limitRow(
  { measure, unit, notes = {} }: Labels,
  tq: readonly number[],
  raw: readonly number[],
  { bar, share = 0.5 }: { bar: number | null; share?: number },
): Row {
  const figure = quantile(tq, share);
  const limit = quantile(raw, share);
  const name = share === 0.5 ? "" : `p${Math.round(share * 100)} `;
  return {
    measure,
    unit,
    figure: `${name}${formatSpread({ ...spread(tq), median: figure }, unit)}`,
    raw: `${name}${formatSpread({ ...spread(raw), median: limit }, unit)}`,
    ratio: limit === 0 ? "" : formatNumber(figure / limit),
    bar: bar === null ? "" : `${name}< ${formatNumber(bar)} ${unit}`,
    reached: bar === null ? null : figure < bar,
    samples: { tq, raw },
    notes,
  };
}

/** A row of factors, such as a gain in speed; their median must reach `bar`. */
export function factorRow(
  { measure, unit, notes = {} }: Labels,
  tq: readonly number[],
  raw: readonly number[],
  bar: number,
): Row {
  const figure = median(tq);
  return {
    measure,
    unit,
    figure: formatSpread(spread(tq), unit),
    raw: raw.length === 0 ? "" : formatSpread(spread(raw), unit),
    ratio: raw.length === 0 ? "" : (figure / median(raw)).toFixed(2),
    bar: `≥ ${bar}`,
    reached: figure >= bar,
    samples: { tq, raw },
    notes,
  };
}

const HEADER = ["measure", "tq (min–max)", "raw limit (min–max)", "ratio", "bar", "reached"];

/** The table, ready to print. */
export function formatTable(rows: readonly Row[]): string {
  const lines = [HEADER, ...rows.map(cells)];
  const widths = HEADER.map((_, column) => Math.max(...lines.map((line) => width(line[column]))));
  const text = lines.map((line) =>
    line
      .map((cell, column) => cell.padEnd((widths[column] ?? 0) + cell.length - width(cell)))
      .join("  ")
      .trimEnd(),
  );
  return [text[0], widths.map((length) => "─".repeat(length)).join("  "), ...text.slice(1)].join(
    "\n",
  );
}

function cells({ measure, figure, raw, ratio, bar, reached }: Row): string[] {
  return [measure, figure, raw, ratio, bar, reached === null ? "" : reached ? "yes" : "NO"];
}

function width(text = ""): number {
  return Bun.stringWidth(text);
}
