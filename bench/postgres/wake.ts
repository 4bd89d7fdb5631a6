/**
 * Time from a push in one process to the method's start in an idle worker of another process, beside what that needs at
 * least: an insert, a notification, and a claim by the connection that hears it.
 */
import type { Store } from "../../src/store/store.ts";
import { measure } from "../support/measure.ts";
import { Probe } from "../support/models.ts";
import { limitRow } from "../support/row.ts";
import { median } from "../support/statistics.ts";
import { startTq, stopTq, useDatabase } from "../support/tq.ts";
import { until } from "../support/until.ts";
import { Database } from "./support/database.ts";
import { PlainPair } from "./support/plain-pair.ts";

/** Pushes that do not count: they run every path once. */
const WARM_UP_PUSHES = 20;

await measure(async (bench) => {
  const pushes = bench.tasks ?? bench.pick(600, 200);
  await using ours = await Database.make(bench);
  await using other = await Database.make(bench);
  const store = useDatabase(bench, ours.url);
  const worker = startTq(bench, ours.path, { url: ours.url, threads: 2 });
  await using plain = await PlainPair.open(other.url);

  const latencies: number[] = [];
  /** From the return of the push, when it is on disk. */
  const afterwards: number[] = [];
  const limits: number[] = [];
  for (let push = -WARM_UP_PUSHES; push < pushes; push++) {
    const called = now();
    const id = await Probe.__queue__.stamp(1);
    const returned = now();
    const began = await beginOf(store, id);
    const limit = await plain.pushToClaim();
    if (push >= 0) {
      latencies.push(began - called);
      afterwards.push(began - returned);
      limits.push(limit);
    }
    await Bun.sleep(20 + Math.random() * 40); // until the worker is idle again
  }
  await stopTq(worker, ours.path);
  await store.close();
  const notes = { pushes, startAfterAcknowledgementMedian: median(afterwards), afterwards };
  const common = { unit: "ms", notes };
  return [
    limitRow({ ...common, measure: "push to start, worker idle" }, latencies, limits, { bar: 2.5 }),
    limitRow({ ...common, measure: "  the same, p99", notes: {} }, latencies, limits, {
      bar: 10,
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
