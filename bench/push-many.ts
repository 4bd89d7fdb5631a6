/** Pushes many tasks in one transaction, beside plain inserts in one transaction. */
import { Transaction, pushMany } from "../src/index.ts";
import { type Bench, measure } from "./support/measure.ts";
import { Item } from "./support/models.ts";
import { Raw } from "./support/raw.ts";
import { type Row, rateRow } from "./support/row.ts";
import type { Pair } from "./support/statistics.ts";
import { useDatabase } from "./support/tq.ts";

await measure(async (bench) => {
  const count = bench.tasks ?? 100_000;
  const ids = Array.from({ length: count }, (_, index) => index + 1);
  const calls = ids.map((id) => ({ model: "item", method: "process", instances: id, args: [42] }));
  const context = { queue_batch: 1 };
  return [
    await compare(bench, `pushMany of ${count}`, count, () => pushMany(calls)),
    await compare(bench, `a list of ${count} records, queue_batch = 1`, count, () =>
      Transaction.start({ context }, () => Item.__queue__.process(ids, 42)),
    ),
  ];
});

async function compare(
  bench: Bench,
  name: string,
  count: number,
  push: () => Promise<readonly number[]>,
): Promise<Row> {
  const rounds = bench.rounds ?? bench.pick(9, 3);
  const pairs: Pair[] = [];
  for (let round = 0; round <= rounds; round++) {
    const pair = { tq: await throughTq(bench, count, push), raw: plainly(bench, count) };
    if (round > 0) pairs.push(pair); // the first round warms up
  }
  return rateRow({ measure: name, unit: "/s", notes: { rounds } }, pairs, 0.5);
}

async function throughTq(
  bench: Bench,
  count: number,
  push: () => Promise<readonly number[]>,
): Promise<number> {
  const path = bench.folder.database();
  const store = useDatabase(bench, path);
  const started = performance.now();
  const ids = await push();
  const rate = (count / (performance.now() - started)) * 1000;
  await store.close();
  bench.folder.remove(path);
  if (ids.length !== count) throw new Error(`${ids.length} of ${count} tasks were pushed`);
  return rate;
}

function plainly(bench: Bench, count: number): number {
  const path = bench.folder.database();
  const raw = new Raw(path, bench);
  const started = performance.now();
  raw.pushMany({ model: "item", method: "process", args: "[42]" }, count);
  const rate = (count / (performance.now() - started)) * 1000;
  raw[Symbol.dispose]();
  bench.folder.remove(path);
  return rate;
}
