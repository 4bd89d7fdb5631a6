import { expect, test } from "bun:test";
import { bucketOf, BUCKETS, Histogram } from "../../src/statistics/histogram.ts";

/** Lengths from a hundredth of a ms to a year, evenly spread over their logarithms. */
const LENGTHS = Array.from({ length: 2_000 }, (_, index) => 0.02 * 1.012 ** index).filter(
  (ms) => ms < 31_536_000_000,
);

function of(...lengths: readonly number[]): Histogram {
  const histogram = new Histogram();
  for (const ms of lengths) histogram.add(ms);
  return histogram;
}

test("a length of time that is read from a histogram is off by 12 % at most", () => {
  const errors = LENGTHS.map((ms) => {
    const read = of(ms, 1e10).quantile(0.5) ?? 0;
    return Math.abs(read - ms) / ms;
  });
  expect(Math.max(...errors)).toBeLessThan(0.12);
  expect(Math.max(...errors)).toBeGreaterThan(0.1); // the buckets are not finer than they need be
});

test("longer times have later buckets, and all have one", () => {
  const buckets = LENGTHS.map(bucketOf);
  expect(buckets).toEqual(buckets.toSorted((a, b) => a - b));
  expect([bucketOf(-5), bucketOf(0), bucketOf(Number.NaN), bucketOf(0.000_1)]).toEqual([
    0, 0, 0, 0,
  ]);
  expect(bucketOf(2 ** 35 - 1)).toBe(BUCKETS - 1);
});

test("a histogram keeps the worst length, the sum and the count exactly", () => {
  const histogram = of(1.234, 77.7, 0, 5_000.001);
  expect([histogram.count, histogram.worst, histogram.sum]).toEqual([4, 5_000.001, 5_078.935]);
  expect(histogram.mean).toBeCloseTo(1_269.734, 3);
  expect(histogram.quantile(1)).toBeLessThanOrEqual(5_000.001);
});

test("a histogram counts those that are shorter than lengths at which its buckets begin", () => {
  const histogram = of(0, 0.1, 0.9, 1, 3.99, 4, 70_000, 1e9);
  expect(histogram.shorterThan([0.25, 1, 4, 65_536, 262_144])).toEqual([2, 3, 5, 6, 7]);
});

test("an empty histogram has no mean and no percentile", () => {
  expect([of().mean, of().quantile(0.5)]).toEqual([null, null]);
});

test("histograms merge by adding, and survive being stored", () => {
  const [left, right] = [of(...LENGTHS.slice(0, 500)), of(...LENGTHS.slice(300), 0)];
  const whole = of(...LENGTHS.slice(0, 500), ...LENGTHS.slice(300), 0);
  left.merge(right);
  const stored = new Histogram();
  stored.addEncoded(left.encode(), left.sum, left.worst);
  for (const share of [0.01, 0.5, 0.9, 0.99, 1]) {
    expect(left.quantile(share)).toBe(whole.quantile(share));
    expect(stored.quantile(share)).toBe(whole.quantile(share));
  }
  expect(stored.count).toBe(whole.count);
});

test("a count of billions survives being stored, in a few bytes", () => {
  const many = new Histogram();
  many.addCounts([[7, 5_000_000_000]], 1, 1);
  const bytes = many.encode();
  expect(bytes.length).toBeLessThan(8);
  const stored = new Histogram();
  stored.addEncoded(bytes, 1, 1);
  expect(stored.count).toBe(5_000_000_000);
});

test("damaged bytes of a histogram are read as far as they go", () => {
  for (const bytes of [[255, 255, 255], [200], [3], [250, 250, 1, 7], [1, 2, 255, 255, 127, 9]]) {
    const histogram = new Histogram();
    histogram.addEncoded(Uint8Array.from(bytes), 0, 0);
    expect(histogram.count).toBeGreaterThanOrEqual(0);
  }
});

test("a length of more than a year comes from a wrong clock, and is not counted", () => {
  expect(of(2 ** 35, Infinity, Number.NaN, 5).count).toBe(1);
});
