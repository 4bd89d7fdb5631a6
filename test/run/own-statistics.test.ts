/** `queue.worker = false`: the runs of a program are in the statistics, as those of a worker are. */
import { afterEach, expect, jest, test } from "bun:test";
import { leave } from "../../src/run/without-worker.ts";
import { RunCounts } from "../../src/statistics/counts.ts";
import type { Store } from "../../src/store/store.ts";
import { makeRuntime, onSqlite } from "../model/support.ts";
import { Job } from "./job.ts";

afterEach(() => void jest.useRealTimers());

async function counted(store: Store): Promise<RunCounts> {
  const all = new RunCounts();
  await store.statistics.sum({ since: 0, until: Infinity }, () => all);
  return all;
}

test("a program writes what it has run when it signs off", async () => {
  await using tq = makeRuntime({ worker: false });
  await Job.__queue__.note([1], "a");
  await Job.__queue__.fail([1], "b");
  await leave(tq.store);
  const { ends, measures } = await counted(tq.store);
  expect(ends).toMatchObject({ finished: 1, failed: 1 });
  expect([measures.wait.count, measures.run.count]).toEqual([2, 2]);
  expect(await tq.store.workers()).toEqual([]);
});

onSqlite("its timers need answers that come at once").test(
  "a program that goes on writes the runs of a minute once it is over",
  async () => {
    jest.useFakeTimers();
    await using tq = makeRuntime({ worker: false, late: false });
    const pass = async (ms: number) => {
      tq.clock.time += ms;
      for (let tick = 0; tick < 2; tick++) {
        jest.advanceTimersByTime(20_000);
        for (let turn = 0; turn < 10; turn++) await Promise.resolve();
      }
    };
    await Job.__queue__.note([1], "a");
    await pass(0);
    expect((await counted(tq.store)).runs).toBe(0);
    await pass(60_000);
    expect((await counted(tq.store)).runs).toBe(1);
    await leave(tq.store);
    expect((await counted(tq.store)).runs).toBe(1);
  },
);

test("a task whose model there is none of counts as failed, and has no length", async () => {
  await using tq = makeRuntime({ worker: false, models: "gone.ts" });
  await Job.__queue__.note([1], "a");
  await leave(tq.store);
  const { ends, measures } = await counted(tq.store);
  expect([ends.failed, measures.run.count]).toEqual([1, 0]);
});
