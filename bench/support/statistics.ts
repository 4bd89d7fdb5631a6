/** Medians, quantiles, spreads, and their text. No function changes its input. */

/** @throws RangeError when there is no value. */
export function quantile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) throw new RangeError("No values");
  return below + (above - below) * (position - Math.floor(position));
}

export function median(values: readonly number[]): number {
  return quantile(values, 0.5);
}

export interface Spread {
  readonly median: number;
  readonly min: number;
  readonly max: number;
}

export function spread(values: readonly number[]): Spread {
  return { median: median(values), min: quantile(values, 0), max: quantile(values, 1) };
}

/** A figure of tq and one of the raw limit, measured right after each other. */
export interface Pair {
  readonly tq: number;
  readonly raw: number;
}

/** The ratio of each round: a slow phase of the machine slows both figures of a round. */
export function ratios(pairs: readonly Pair[]): number[] {
  return pairs.map(({ tq, raw }) => tq / raw);
}

/** Three significant digits, with a space between thousands: 82 300, 4 120, 16.3, 0.0421. */
export function formatNumber(value: number): string {
  const rounded = Number(value.toPrecision(3));
  if (Math.abs(rounded) < 1000) return String(rounded);
  return String(rounded).replaceAll(/\B(?=(?:\d{3})+$)/g, " ");
}

/** `81 200/s (78 000–83 100)`; a space precedes a unit that does not start with a slash. */
export function formatSpread({ median: middle, min, max }: Spread, unit: string): string {
  const gap = unit.startsWith("/") ? "" : " ";
  return `${formatNumber(middle)}${gap}${unit} (${formatNumber(min)}–${formatNumber(max)})`;
}
