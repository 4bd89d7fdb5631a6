/** Runs that a cancel by hand ended, and tasks that expired, in the statistics. */
import { expect, test } from "bun:test";
import { currentTask, task } from "../../src/index.ts";
import { runtime } from "../../src/transaction/runtime.ts";
import { makeRuntime } from "../model/support.ts";

const cancelled = task("statistics.cancelled", {}, async () => {
  await runtime().store.cancel(currentTask()?.id ?? 0);
});

const late = task("statistics.late", {}, () => {});

test("a run whose task was cancelled meanwhile counts as cancelled, with its wait and its length", async () => {
  await using tq = makeRuntime();
  const id = await cancelled.push();
  expect(await tq.runTask(id)).toMatchObject({ state: "cancelled" });
  const { ends, measures } = tq.counted();
  expect(ends).toMatchObject({ cancelled: 1, finished: 0 });
  expect([measures.wait.count, measures.run.count]).toEqual([1, 1]);
});

test("a run whose claim another worker has does not", async () => {
  await using tq = makeRuntime();
  const stolen = task("statistics.stolen", {}, () => {
    tq.sql("UPDATE tq__task SET claim = claim + 1");
  });
  await tq.runTask(await stolen.push());
  expect(tq.counted().runs).toBe(0);
});

test.each(["alone", "in a batch"])(
  "an expired task is cancelled without a run: %s",
  async (how) => {
    await using tq = makeRuntime();
    const soon = { expiresAt: "5m", expectedAt: "1m", scheduledAt: "1m" };
    const pushed = [await late.push.with(soon)(), await late.push.with(soon)()];
    const ids = pushed.map(({ id }) => id);
    tq.clock.time += 600_000;
    if (how === "alone") for (const id of ids) await tq.runTask(id);
    else await tq.runBatch(ids);
    const { ends, measures } = tq.counted();
    expect(ends.cancelled).toBe(2);
    const { wait, run, late_start, late_end } = measures;
    expect([wait, run, late_start, late_end].map(({ count }) => count)).toEqual([0, 0, 0, 2]);
    expect(tq.eventsOf("task.cancelled").map(({ attempt }) => attempt)).toEqual([0, 0]);
  },
);
