/** When a worker hands its counts to the store, and that each run is in one part alone. */
import { beforeEach, expect, test } from "bun:test";
import { RunCounters, SeriesNumbers } from "../../src/shared-memory/run-counters.ts";
import type { StatisticsPart } from "../../src/store/statistics-store.ts";
import type { Store } from "../../src/store/store.ts";
import type { ClaimedTask } from "../../src/task.ts";
import { RunStatistics } from "../../src/run/run-statistics.ts";
import { TestClock } from "../support/clock.ts";

const MINUTE = 60_000;
const START = Date.parse("2026-11-29T12:00:10Z");
const SALE = { queue: "mail", model: "sale", method: "process" };

let clock: TestClock;
let written: StatisticsPart[];
/** Fails the writes to come. */
let broken: boolean;
let statistics: RunStatistics;
let thread: RunCounters;

beforeEach(() => {
  clock = new TestClock(START);
  written = [];
  broken = false;
  const add = async (part: StatisticsPart) => {
    await Promise.resolve();
    if (broken) throw new Error("database is locked");
    written.push(part);
  };
  const store = { now: () => clock.now(), statistics: { add } } as unknown as Store;
  statistics = new RunStatistics({ id: "w", store });
  thread = new RunCounters(statistics.countersOf(1));
  statistics.tick();
});

function run(times = 1): void {
  const task = { ...SALE, enqueuedAt: clock.now(), scheduledAt: null, expectedAt: null };
  const numbers = new SeriesNumbers();
  thread.committed(clock.now());
  for (let count = 0; count < times; count++) {
    thread.count(task as ClaimedTask, numbers, "finished", performance.now(), 1);
  }
}

/** The time passes with the ticks of a worker, and what they start ends. */
async function pass(ms: number): Promise<void> {
  for (let passed = 0; passed < ms; passed += 10_000) {
    clock.advance(Math.min(10_000, ms - passed));
    statistics.tick();
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }
}

function parts(): (readonly [minute: string, number: number, runs: number])[] {
  return written.map(({ at, number, counts }) => {
    return [new Date(at).toISOString().slice(11, 16), number, counts.of(SALE).runs] as const;
  });
}

test("the runs of a minute are written once it is over, and a minute without runs writes nothing", async () => {
  run(3);
  await pass(49_999);
  expect(written).toEqual([]);
  await pass(20_000);
  expect(parts()).toEqual([["12:00", 1, 3]]);
  await pass(10 * MINUTE);
  expect(written).toHaveLength(1);
  run();
  await pass(2 * MINUTE);
  expect(parts()).toEqual([
    ["12:00", 1, 3],
    ["12:11", 2, 1],
  ]);
});

test("runs of all threads, and those that ended with their thread, are one part", async () => {
  const other = new RunCounters(statistics.countersOf(2));
  other.committed(clock.now());
  other.count(
    { ...SALE, attempt: 2, expectedAt: null } as ClaimedTask,
    new SeriesNumbers(),
    "failed",
    0,
    1,
  );
  run(2);
  statistics.count(SALE, "crashed", null);
  await pass(2 * MINUTE);
  expect(parts()).toEqual([["12:00", 1, 4]]);
  expect(written[0]?.counts.of(SALE).ends).toMatchObject({ finished: 2, failed: 1, crashed: 1 });
});

test("a part that cannot be written is written later under its number, and the runs meanwhile follow it", async () => {
  broken = true;
  run(3);
  await pass(2 * MINUTE);
  run(4);
  await pass(5 * MINUTE);
  expect(written).toEqual([]);
  broken = false;
  await pass(2 * MINUTE);
  expect(parts().map(([, number, runs]) => [number, runs])).toEqual([
    [1, 3],
    [2, 4],
  ]);
});

test("the end of the worker writes what is left, also of a minute that was just over", async () => {
  run(3);
  await pass(MINUTE - 10_000);
  run(2);
  await statistics.end();
  expect(parts().reduce((sum, [, , runs]) => sum + runs, 0)).toBe(5);
  await statistics.end();
  expect(parts().reduce((sum, [, , runs]) => sum + runs, 0)).toBe(5);
});

test("a clock that is set back, or forward by years, counts each run once", async () => {
  run(3);
  clock.advance(-3 * 365 * 24 * 60 * MINUTE);
  await pass(30_000);
  run(2);
  clock.advance(73 * 365 * 24 * 60 * MINUTE);
  await pass(30_000);
  run(4);
  await statistics.end();
  expect(parts().map(([, number, runs]) => [number, runs])).toEqual([
    [1, 3],
    [2, 2],
    [3, 4],
  ]);
});
