/** Pushes many tasks in one transaction, beside plain inserts of 5,000 rows in one transaction. */
import { pushMany } from "../../src/index.ts";
import { measure } from "../support/measure.ts";
import { rateRow } from "../support/row.ts";
import type { Pair } from "../support/statistics.ts";
import { useDatabase } from "../support/tq.ts";
import { Database } from "./support/database.ts";
import { Raw } from "./support/raw.ts";

await measure(async (bench) => {
  const count = bench.tasks ?? 100_000;
  const rounds = bench.rounds ?? bench.pick(9, 3);
  const calls = Array.from({ length: count }, (_, index) => ({
    model: "item",
    method: "process",
    instances: index + 1,
    args: [42],
  }));
  await using ours = await Database.make(bench);
  await using plain = await Database.make(bench);
  const store = useDatabase(bench, ours.url);
  const own = await Raw.open(ours.url);
  const raw = await Raw.open(plain.url);
  const pairs: Pair[] = [];
  for (let round = 0; round <= rounds; round++) {
    const tq = await rate(own, count, () => pushMany(calls));
    const limit = await rate(raw, count, () =>
      raw.pushMany({ model: "item", method: "process", args: "[42]" }, count),
    );
    if (round > 0) pairs.push({ tq, raw: limit }); // the first round warms up
  }
  await store.close();
  await own.close();
  await raw.close();
  const named = { measure: `pushMany of ${count}`, unit: "/s", notes: { rounds } };
  return [rateRow(named, pairs, 0.5)];
});

/** Empties the table before, so that each round finds the same. */
async function rate(db: Raw, count: number, push: () => Promise<unknown>): Promise<number> {
  await db.command("TRUNCATE tq.task");
  await db.settle();
  const started = performance.now();
  await push();
  const taken = performance.now() - started;
  const [stored] = await db.query<{ count: number }>(
    "SELECT count(*)::float8 AS count FROM tq.task",
  );
  if (stored?.count !== count) throw new Error(`${stored?.count} of ${count} tasks were pushed`);
  return (count / taken) * 1000;
}
