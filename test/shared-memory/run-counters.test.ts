/** What a thread counts, and what the main thread reads of it. */
import { beforeEach, expect, test } from "bun:test";
import { CounterReader, createRunCounters } from "../../src/shared-memory/counter-banks.ts";
import { RunCounters, SeriesNumbers } from "../../src/shared-memory/run-counters.ts";
import { OTHERS, SeriesCounts } from "../../src/statistics/counts.ts";
import type { ClaimedTask } from "../../src/task.ts";

const NOW = Date.parse("2026-11-29T12:00:00Z");

let buffer: SharedArrayBuffer;
let counters: RunCounters;
let reader: CounterReader;

beforeEach(() => {
  buffer = createRunCounters();
  counters = new RunCounters(buffer);
  numbers = new Map();
  reader = new CounterReader(buffer);
});

function task(changes: Partial<ClaimedTask> = {}): ClaimedTask {
  return {
    id: 1,
    claim: 1,
    model: "sale",
    method: "process",
    instances: "[1]",
    args: "[]",
    context: "{}",
    user: 0,
    queue: "default",
    priority: 0,
    deadline: NOW,
    enqueuedAt: NOW,
    scheduledAt: null,
    expectedAt: null,
    attempt: 1,
    suspect: false,
    postponed: 0,
    failures: 0,
    expiresAt: null,
    policy: null,
    ref: null,
    again: false,
    ...changes,
  };
}

let numbers: Map<string, SeriesNumbers>;

/** A thread has one for each method. */
function numbersOf(model: string, method: string): SeriesNumbers {
  const key = `${model}.${method}`;
  const known = numbers.get(key) ?? new SeriesNumbers();
  numbers.set(key, known);
  return known;
}

/** Counts runs that have just ended and took this long. */
function count(changes: Partial<ClaimedTask> = {}, took = 10, times = 1): void {
  counters.committed(NOW);
  const started = performance.now() - took;
  const { model, method } = task(changes);
  for (let run = 0; run < times; run++) {
    counters.count(task(changes), numbersOf(model, method), "finished", started, took);
  }
}

function taken(): SeriesCounts {
  const counts = new SeriesCounts();
  reader.take(counts);
  return counts;
}

const SALE = { queue: "default", model: "sale", method: "process" };

test("a run is counted with its end, its wait and its length", () => {
  count({ enqueuedAt: NOW - 1_000 }, 200);
  reader.switch();
  const { ends, measures } = taken().of(SALE);
  expect(ends.finished).toBe(1);
  expect(measures.run.worst).toBe(200);
  expect(measures.wait.worst).toBeCloseTo(800, -1); // it began 200 ms ago
  expect([measures.late_start.count, measures.late_end.count]).toEqual([0, 0]);
});

test("lateness is counted of tasks that have a time alone", () => {
  count({ scheduledAt: NOW - 5_000, enqueuedAt: NOW - 60_000, expectedAt: NOW - 3_000 }, 0);
  count({ expectedAt: NOW + 3_000 }, 0);
  reader.switch();
  const { measures } = taken().of(SALE);
  expect(measures.late_start.count).toBe(1);
  expect(measures.late_start.worst).toBeCloseTo(5_000, -1);
  expect(measures.late_end).toMatchObject({ count: 2, worst: 3_000 });
});

test("a run that does not end its task has no lateness of its end, and a later run no wait", () => {
  counters.committed(NOW);
  const late = task({ expectedAt: NOW - 9_000 });
  counters.count(late, numbersOf("sale", "process"), "retry", performance.now(), 1);
  // Its reason was lost where its claim was handed back once, and a retry by hand has none.
  count({ attempt: 2, again: false, enqueuedAt: NOW - 9_000, scheduledAt: NOW - 1_000 });
  reader.switch();
  const { ends, measures } = taken().of(SALE);
  expect([ends.retried, ends.finished]).toEqual([1, 1]);
  expect([measures.late_end.count, measures.wait.count]).toEqual([0, 1]);
  expect(measures.late_start.count).toBe(0);
});

test("a clock that was wrong at the push counts the run, and no wait", () => {
  count({ enqueuedAt: 1_000 });
  count({ enqueuedAt: Date.parse("2099-01-01") });
  reader.switch();
  const { ends, measures } = taken().of(SALE);
  expect(ends.finished).toBe(2);
  expect(measures.wait).toMatchObject({ count: 1, worst: 0 });
});

test("each run is in one bank alone: the main thread reads one while the thread counts in the other", () => {
  count({}, 1, 3);
  reader.switch();
  count({}, 1, 2);
  expect(taken().of(SALE).runs).toBe(3);
  expect(taken().size).toBe(0);
  reader.switch();
  expect(taken().of(SALE).runs).toBe(2);
  reader.switch();
  expect(taken().size).toBe(0);
});

test("a thread that has slept through two switches counts on", () => {
  count();
  reader.switch();
  taken();
  reader.switch();
  taken();
  count({}, 1, 4);
  expect(reader.hasCounted).toBe(true);
  reader.switch();
  expect(taken().of(SALE).runs).toBe(4);
});

test("the thread in the place of a dead one adds to its counts", () => {
  count({}, 1, 2);
  count({ method: "ship" });
  counters = new RunCounters(buffer);
  numbers = new Map();
  count({}, 1, 5);
  const counts = new SeriesCounts();
  reader.takeAll(counts);
  expect(counts.of(SALE).runs).toBe(7);
  expect(counts.of({ ...SALE, method: "ship" }).runs).toBe(1);
});

test("ten thousand methods have some series of their own, and each queue counts all of its runs", () => {
  for (let method = 0; method < 10_000; method++) {
    count({ method: `m${method}`, queue: `q${method % 20}` });
  }
  reader.switch();
  const counts = taken();
  expect(counts.size).toBe(220);
  const ofQueue = new Map<string, number>();
  for (const [{ queue }, { runs }] of counts) ofQueue.set(queue, (ofQueue.get(queue) ?? 0) + runs);
  expect([...ofQueue.values()]).toEqual(Array.from({ length: 20 }, () => 500));
  expect(counts.of({ queue: "q7", model: OTHERS, method: OTHERS }).runs).toBe(490);
});

test("ten thousand queues lose no run", () => {
  for (let queue = 0; queue < 10_000; queue++) count({ queue: `q${queue}` });
  reader.switch();
  const counts = taken();
  expect([...counts].reduce((sum, [, { runs }]) => sum + runs, 0)).toBe(10_000);
  reader.switch();
  expect(taken().size).toBe(0);
});

test("names that are too long for the memory are counted with the others", () => {
  const long = (letter: string) => letter.repeat(1_000);
  for (let index = 0; index < 100; index++) {
    count({ queue: long("q"), model: long("ü"), method: long("m").slice(3) + String(index) });
  }
  reader.switch();
  const counts = taken();
  expect([...counts].reduce((sum, [, { runs }]) => sum + runs, 0)).toBe(100);
  expect([...counts][0]?.[0].model).toBe(long("ü"));
});
