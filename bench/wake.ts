/**
 * Time from a push in one process to the method's start in an idle worker of another process, beside the two commits
 * that this needs at least: an insert and a claim on one plain connection.
 */
import type { Store } from "../src/store/store.ts";
import { measure } from "./support/measure.ts";
import { Probe } from "./support/models.ts";
import { Raw } from "./support/raw.ts";
import { limitRow } from "./support/row.ts";
import { median } from "./support/statistics.ts";
import { startTq, stopTq, useDatabase } from "./support/tq.ts";
import { until } from "./support/until.ts";

/** Pushes that do not count: they run every path once. */
const WARM_UP_PUSHES = 20;

await measure(async (bench) => {
  const { folder, pick } = bench;
  const pushes = bench.tasks ?? pick(600, 300);
  const path = folder.database();
  const store = useDatabase(bench, path);
  const worker = startTq(bench, path, { threads: 2 });
  using raw = new Raw(folder.database(), bench);

  const latencies: number[] = [];
  /** From the return of the push, when it is on disk. */
  const afterwards: number[] = [];
  const plain: number[] = [];
  for (let push = -WARM_UP_PUSHES; push < pushes; push++) {
    const called = now();
    const id = await Probe.__queue__.stamp(1);
    const returned = now();
    const began = await beginOf(store, id);
    const limit = msOfTwoCommits(raw);
    if (push >= 0) {
      latencies.push(began - called);
      afterwards.push(began - returned);
      plain.push(limit);
    }
    await Bun.sleep(20 + Math.random() * 40); // until the worker is idle again
  }
  await stopTq(worker, path);
  await store.close();
  const notes = { pushes, startAfterAcknowledgementMedian: median(afterwards), afterwards };
  const common = { unit: "ms", notes };
  return [
    limitRow({ ...common, measure: "push to start, worker idle" }, latencies, plain, { bar: 1 }),
    limitRow({ ...common, measure: "  the same, p99", notes: {} }, latencies, plain, {
      bar: 3,
      share: 0.99,
    }),
  ];
});

/** In ms since 1970 UTC with fractions, as `Probe.stamp` of the worker says it. */
function now(): number {
  return performance.timeOrigin + performance.now();
}

/** The time at which the method began, which is its result; resolves once the task has finished. */
function beginOf(store: Store, id: number): Promise<number> {
  return until("the task's end", async () => {
    const task = await store.get(id);
    return task?.state === "finished" ? Number(task.result) : null;
  });
}

function msOfTwoCommits(raw: Raw): number {
  const started = performance.now();
  raw.push({ model: "probe", method: "stamp", args: "[]" }, 1);
  raw.claim(1);
  return performance.now() - started;
}
