/** Pushes single tasks through `__queue__`, a transaction each, beside plain inserts. */
import { measure } from "./support/measure.ts";
import { Item } from "./support/models.ts";
import { Raw } from "./support/raw.ts";
import { rateRow } from "./support/row.ts";
import type { Pair } from "./support/statistics.ts";
import { useDatabase } from "./support/tq.ts";

await measure(async (bench) => {
  const { folder, pick } = bench;
  const rounds = bench.rounds ?? pick(201, 41); // short rounds: the speed of a shared disk changes every second
  const tasks = bench.tasks ?? 50;
  const store = useDatabase(bench, folder.database());
  using raw = new Raw(folder.database(), bench);

  const pairs: Pair[] = [];
  for (let round = 0; round <= rounds; round++) {
    const tq = await rate(tasks, () => Item.__queue__.process(7, 42));
    const plain = await rate(tasks, () =>
      raw.push({ model: "item", method: "process", args: "[42]" }, 7),
    );
    if (round > 0) pairs.push({ tq, raw: plain }); // the first round warms up
  }
  await store.close();
  const notes = { rounds, pushes: tasks };
  return [rateRow({ measure: "push one, a transaction each", unit: "/s", notes }, pairs, 0.85)];
});

async function rate(count: number, push: () => unknown): Promise<number> {
  const started = performance.now();
  for (let pushed = 0; pushed < count; pushed++) await push();
  return (count / (performance.now() - started)) * 1000;
}
