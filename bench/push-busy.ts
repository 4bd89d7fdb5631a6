/** Pushes by the main thread while 4 threads of its program drain, beside plain inserts into an idle database. */
import { copyFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { push, startWorker } from "../src/index.ts";
import { measure } from "./support/measure.ts";
import { Raw } from "./support/raw.ts";
import { limitRow } from "./support/row.ts";
import { quantile } from "./support/statistics.ts";
import { until } from "./support/until.ts";

const CALL = { model: "item", method: "process", args: "[42]" } as const;

await measure(async (bench) => {
  const { folder, pick } = bench;
  const pushes = pick(500, 200);
  const backlog = bench.tasks ?? pick(1_000_000, 300_000);
  const path = folder.database();
  using raw = new Raw(path, bench);
  raw.fillItems(backlog);
  raw.fill(CALL, backlog);
  using beside = new Raw(folder.database(), bench);

  const models = join(dirname(path), "models.ts");
  copyFileSync(join(import.meta.dir, "support/models.ts"), models);
  process.env["TQ_LOG__LEVEL"] = "warn";
  process.env["TQ_QUEUE__WORKER"] = "true";
  process.env["TQ_DATABASE__DURABILITY"] = bench.durability;
  const worker = await startWorker({ database: path, models, threads: 4 });
  const isBusy = () =>
    raw.db.query("SELECT 1 FROM tq__task WHERE state = 'ready' LIMIT 1").get() !== null;
  await until("the first tasks", () =>
    raw.db.query("SELECT id FROM tq__task WHERE state = 'finished' LIMIT 1 OFFSET 500").get(),
  );
  const started = performance.now();
  const times: number[] = [];
  while (times.length < pushes && isBusy()) {
    const called = performance.now();
    await push({ model: "item", method: "process", instances: 1, args: [42], queue: "aside" });
    times.push(performance.now() - called);
    await Bun.sleep(1 + Math.random() * 8);
  }
  const seconds = (performance.now() - started) / 1000;
  await worker.stop("now");

  const plain = Array.from({ length: pushes }, () => {
    const called = performance.now();
    beside.push(CALL, 1);
    return performance.now() - called;
  });
  const notes = { pushes: times.length, seconds, median: quantile(times, 0.5) };
  const named = { measure: "push by the main thread, 4 threads drain", unit: "ms", notes };
  return [limitRow(named, times, plain, { bar: 50, share: 0.99 })];
});
