import { describe, expect, test } from "bun:test";
import { factorRow, formatTable, limitRow, rateRow } from "../../bench/support/row.ts";

describe("rows", () => {
  test("a rate is held against the raw rate of its own round", () => {
    const row = rateRow(
      { measure: "push", unit: "/s" },
      [
        { tq: 50, raw: 100 },
        { tq: 600, raw: 1000 },
        { tq: 7, raw: 10 },
      ],
      0.6,
    );
    expect(row.ratio).toBe("0.60 (0.50–0.70)");
    expect(row.reached).toBe(true);
    expect(row.samples).toEqual({ tq: [50, 600, 7], raw: [100, 1000, 10] });
  });

  test("a rate below its share of the raw limit has not reached its bar", () => {
    expect(rateRow({ measure: "push", unit: "/s" }, [{ tq: 1, raw: 2 }], 0.6).reached).toBe(false);
  });

  test("without a bar there is nothing to reach", () => {
    const row = rateRow({ measure: "push", unit: "/s" }, [{ tq: 1, raw: 2 }], null);
    expect([row.bar, row.reached]).toEqual(["", null]);
  });

  test("a limit looks at the quantile it is for", () => {
    const times = Array.from({ length: 101 }, (_, index) => index);
    const median = limitRow({ measure: "wake", unit: "ms" }, times, [1], { bar: 60 });
    const tail = limitRow({ measure: "wake", unit: "ms" }, times, [1], { bar: 60, share: 0.99 });
    expect([median.reached, tail.reached]).toEqual([true, false]);
    expect(tail.figure).toBe("p99 99 ms (0–100)");
    expect(tail.bar).toBe("p99 < 60 ms");
  });

  test("a factor must reach its bar", () => {
    const row = factorRow({ measure: "cores", unit: "times" }, [1.9, 1.8, 2], [2], 1.85);
    expect([row.figure, row.ratio, row.reached]).toEqual(["1.9 times (1.8–2)", "0.95", true]);
  });
});

test("the table aligns its columns and says what was not reached", () => {
  const rows = [
    rateRow({ measure: "push one", unit: "/s" }, [{ tq: 1, raw: 2 }], 0.6),
    limitRow({ measure: "open", unit: "ms" }, [1], [1], { bar: 200 }),
  ];
  const lines = formatTable(rows).split("\n");
  expect(lines[2]).toMatch(/^push one .* NO$/);
  expect(lines[3]).toMatch(/^open {6}.* yes$/);
});
