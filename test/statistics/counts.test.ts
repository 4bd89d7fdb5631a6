import { expect, test } from "bun:test";
import { OTHERS, SeriesCounts } from "../../src/statistics/counts.ts";

function withRuns(names: readonly (readonly [queue: string, method: string, runs: number])[]) {
  const counts = new SeriesCounts();
  for (const [queue, method, runs] of names) {
    counts.of({ queue, model: "job", method }).ends.finished += runs;
  }
  return counts;
}

function read(counts: SeriesCounts): string[] {
  return [...counts].map(([{ queue, method }, { runs }]) => `${queue} ${method} ${runs}`).sort();
}

test("the methods with the most runs keep rows of their own, and the total of each queue stays exact", () => {
  const counts = withRuns([
    ["a", "one", 50],
    ["a", "two", 3],
    ["a", "three", 4],
    ["b", "one", 2],
    ["b", "two", 60],
  ]);
  expect(read(counts.top(2))).toEqual([`a ${OTHERS} 7`, "a one 50", `b ${OTHERS} 2`, "b two 60"]);
});

test("of ten thousand queues some have rows of their own, and the rest share one", () => {
  const names = Array.from({ length: 10_000 }, (_, index) => [`q${index}`, "run", 1] as const);
  const top = withRuns(names).top(100);
  expect(top.size).toBe(201);
  const total = [...top].reduce((sum, [, { runs }]) => sum + runs, 0);
  expect(total).toBe(10_000);
  expect(top.of({ queue: OTHERS, model: OTHERS, method: OTHERS }).runs).toBe(9_800);
});

test("few methods stay as they are", () => {
  const counts = withRuns([["a", "one", 1]]);
  expect(counts.top(1)).toBe(counts);
});
