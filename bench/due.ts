/** How late an idle worker starts a scheduled task, beside a plain timer followed by a claim. */
import { Transaction } from "../src/index.ts";
import { measure } from "./support/measure.ts";
import { Probe } from "./support/models.ts";
import { Raw } from "./support/raw.ts";
import { limitRow } from "./support/row.ts";
import { startTq, stopTq, useDatabase } from "./support/tq.ts";
import { until } from "./support/until.ts";

const CALL = { model: "probe", method: "stamp", args: "[]" } as const;

await measure(async (bench) => {
  const { folder, pick } = bench;
  const tasks = bench.tasks ?? pick(300, 100);
  const path = folder.database();
  const store = useDatabase(bench, path);
  const worker = startTq(bench, path, { threads: 2 });
  using raw = new Raw(folder.database(), bench);
  raw.fill(CALL, tasks); // one to claim after each timer
  await until("the worker", async () => (await store.workers())[0], { interval: 10 });

  const late: number[] = [];
  const plain: number[] = [];
  for (let task = 0; task < tasks; task++) {
    const id = await Transaction.start(
      { context: { queue_scheduled_at: { milliseconds: 60 + Math.round(Math.random() * 100) } } },
      () => Probe.__queue__.stamp(1),
    );
    const done = await until("the task's end", async () => {
      const found = await store.get(id);
      return found?.state === "finished" ? found : null;
    });
    late.push(Number(done.result) - Number(done.scheduled_at));
    plain.push(await timerDelay(raw));
  }
  await stopTq(worker, path);
  await store.close();
  const common = { unit: "ms", notes: { tasks } };
  return [
    limitRow({ ...common, measure: "scheduled task's start after its time" }, late, plain, {
      bar: 5,
      share: 0.99,
    }),
  ];
});

/** The ms from the time of a timer to its claim on disk. */
async function timerDelay(raw: Raw): Promise<number> {
  const due = Date.now() + 60;
  await Bun.sleep(due - Date.now());
  raw.claim(1);
  return performance.timeOrigin + performance.now() - due;
}
