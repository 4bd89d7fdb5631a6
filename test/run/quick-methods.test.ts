import { describe, expect, test } from "bun:test";
import { MethodRuns, QuickMethods } from "../../src/run/quick-methods.ts";
import { MAX_CLAIMS } from "../../src/shared-memory/progress.ts";

const SERVER = { maxBatch: 60, maxSavepoints: 60, quickMs: 3, batchMs: 20 };
const TRAITS = { maxBatch: 500, maxSavepoints: 500, quickMs: 1, batchMs: 5 };

function ran(runs: MethodRuns, times: number, duration: number): void {
  for (let run = 0; run < times; run++) runs.settledAtOnce(duration);
}

describe("a method is quick", () => {
  test("after twenty runs that settled at once in less than a millisecond each", () => {
    const runs = new MethodRuns(TRAITS);
    ran(runs, 19, 0.1);
    expect(runs.isQuick).toBe(false);
    ran(runs, 1, 0.1);
    expect(runs.isQuick).toBe(true);
  });

  test("not when they take longer", () => {
    const runs = new MethodRuns(TRAITS);
    ran(runs, 100, 1.5);
    expect(runs.isQuick).toBe(false);
  });

  test("no longer, as soon as it once waits, and again after twenty more", () => {
    const runs = new MethodRuns(TRAITS);
    ran(runs, 50, 0.1);
    runs.startOver();
    expect(runs.isQuick).toBe(false);
    ran(runs, 20, 0.1);
    expect(runs.isQuick).toBe(true);
  });

  test("no longer, when its runs become slow; a single slow one is forgiven", () => {
    const runs = new MethodRuns(TRAITS);
    ran(runs, 50, 0.1);
    ran(runs, 1, 5);
    expect(runs.isQuick).toBe(true);
    ran(runs, 20, 5);
    expect(runs.isQuick).toBe(false);
  });
});

describe("a batch", () => {
  test("makes about five milliseconds of work", () => {
    const runs = new MethodRuns(TRAITS);
    ran(runs, 20, 0.1);
    expect(runs.batchSize).toBeWithin(45, 51);
  });

  test("is one run of a method that is not quick or not known", () => {
    const runs = new MethodRuns(TRAITS);
    expect(runs.batchSize).toBe(1);
    ran(runs, 20, 2);
    expect(runs.batchSize).toBe(1);
  });

  test("is bounded for methods that take no time at all", () => {
    const runs = new MethodRuns(TRAITS);
    ran(runs, 20, 0);
    expect(runs.batchSize).toBe(MAX_CLAIMS);
  });
});

test("the runs of a method are its own", () => {
  const methods = new QuickMethods(TRAITS);
  const task = { model: "sale.line", method: "process" };
  ran(methods.of(task), 20, 0.1);
  expect(methods.of({ ...task }).isQuick).toBe(true);
  expect(methods.of({ model: "sale.line", method: "print" }).isQuick).toBe(false);
  expect(methods.of({ model: "sale", method: "process" }).isQuick).toBe(false);
  expect(methods.of({ model: "sale", method: "line.process" }).isQuick).toBe(false);
});

describe("the batches of a quick method", () => {
  const quick = () => {
    const runs = new MethodRuns(SERVER);
    ran(runs, 50, 0.1);
    return runs;
  };

  test("have half the runs after one that met the rows of others, down to a run by itself", () => {
    const runs = quick();
    const sizes = [];
    for (let batch = 0; batch < 7; batch++) {
      sizes.push(runs.batchSize);
      runs.metAnother(runs.batchSize);
    }
    expect(sizes).toEqual([60, 30, 15, 7, 3, 1, 1]);
    expect(runs.isQuick).toBe(false);
  });

  test("have half the runs of the batch that met others, which may have been a small one", () => {
    const runs = quick();
    runs.metAnother(8);
    expect(runs.batchSize).toBe(4);
  });

  test("have one more after each that met nobody, up to what the store takes", () => {
    const runs = quick();
    runs.metAnother(60);
    const sizes = [];
    for (let batch = 0; batch < 40; batch++) {
      runs.metNobody();
      sizes.push(runs.batchSize);
    }
    expect(sizes.slice(0, 3)).toEqual([31, 32, 33]);
    expect(sizes.slice(-10)).toEqual(Array(10).fill(60));
  });

  test("come back after a thousand runs by themselves", () => {
    const runs = quick();
    runs.metAnother(2);
    ran(runs, 999, 0.1);
    expect(runs.isQuick).toBe(false);
    ran(runs, 1, 0.1);
    expect(runs.batchSize).toBe(2);
    runs.metAnother(2);
    ran(runs, 999, 0.1);
    expect(runs.isQuick).toBe(false);
  });
});

describe("an answer of a server", () => {
  const answered = (runs: MethodRuns, count: number, ms: number, own: number) => {
    for (let run = 0; run < 100; run++) runs.settledAtOnce(own + ms, { count, ms });
  };

  test("makes no method slow, however long it takes", () => {
    const runs = new MethodRuns(SERVER);
    answered(runs, 2, 10, 0.1);
    expect(runs.isQuick).toBe(true);
  });

  test("makes batches no smaller, until one takes ten times as long as without", () => {
    const runs = new MethodRuns(SERVER);
    answered(runs, 1, 0.3, 0.1);
    const size = runs.batchSize;
    expect(size).toBeGreaterThan(20);
    answered(runs, 1, 2, 0.1);
    expect(runs.batchSize).toBeWithin(size - 20, size);
    answered(runs, 1, 20, 0.1);
    expect(runs.batchSize).toBeWithin(5, 11);
  });

  test("counts where there are many", () => {
    const runs = new MethodRuns(SERVER);
    answered(runs, 8, 30, 0.1);
    expect(runs.isQuick).toBe(false);
  });

  test("does not hide the method's own time", () => {
    const runs = new MethodRuns(SERVER);
    answered(runs, 1, 10, 3.5);
    expect(runs.isQuick).toBe(false);
  });
});

describe("a method of which a run had to be undone", () => {
  test("has savepoints in its batches for a hundred runs, which are no more than the store takes", () => {
    const runs = new MethodRuns({ ...SERVER, maxBatch: 120 });
    ran(runs, 50, 0.1);
    expect(runs.isTrusted).toBe(true);
    expect(runs.batchSize).toBe(120);
    runs.undone();
    ran(runs, 99, 0.1);
    expect(runs.isTrusted).toBe(false);
    expect(runs.batchSize).toBe(60);
    ran(runs, 1, 0.1);
    expect(runs.isTrusted).toBe(true);
  });
});
