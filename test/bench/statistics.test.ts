import { describe, expect, test } from "bun:test";
import {
  formatNumber,
  formatSpread,
  median,
  quantile,
  ratios,
  spread,
} from "../../bench/support/statistics.ts";

describe("quantiles", () => {
  test("the median of an odd number is the one in the middle, whatever the order", () => {
    const values = [9, 1, 5];
    expect(median(values)).toBe(5);
    expect(values).toEqual([9, 1, 5]);
  });

  test("the median of an even number lies between the two in the middle", () => {
    expect(median([4, 1, 3, 2])).toBe(2.5);
  });

  test("p99 of a hundred and one is the last but one", () => {
    expect(
      quantile(
        Array.from({ length: 101 }, (_, index) => index),
        0.99,
      ),
    ).toBe(99);
  });

  test("no values have no quantile", () => {
    expect(() => median([])).toThrow("No values");
  });

  test("a spread is the median with the least and the most", () => {
    expect(spread([3, 1, 2])).toEqual({ median: 2, min: 1, max: 3 });
  });
});

test("ratios are taken round by round: a slow minute slows both", () => {
  expect(
    ratios([
      { tq: 90, raw: 100 },
      { tq: 9, raw: 10 },
    ]),
  ).toEqual([0.9, 0.9]);
});

describe("numbers for people", () => {
  test.each([
    [82_345, "82 300"],
    [1_234_567, "1 230 000"],
    [4_120, "4 120"],
    [999.7, "1 000"],
    [16.34, "16.3"],
    [0.042_14, "0.0421"],
    [0, "0"],
  ])("%d is written %s", (value, text) => {
    expect(formatNumber(value)).toBe(text);
  });

  test("a rate has its unit at once, a length of time behind a space", () => {
    expect(formatSpread({ median: 81_200, min: 78_000, max: 83_100 }, "/s")).toBe(
      "81 200/s (78 000–83 100)",
    );
    expect(formatSpread({ median: 0.5, min: 0.4, max: 2 }, "ms")).toBe("0.5 ms (0.4–2)");
  });
});
