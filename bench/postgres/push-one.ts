/** Pushes single tasks through `__queue__`, a transaction each, beside plain inserts; alone, and by 8 callers at once. */
import { type Bench, measure } from "../support/measure.ts";
import { Item } from "../support/models.ts";
import { type Row, rateRow } from "../support/row.ts";
import type { Pair } from "../support/statistics.ts";
import { useDatabase } from "../support/tq.ts";
import { Database } from "./support/database.ts";
import { Raw } from "./support/raw.ts";

const CALL = { model: "item", method: "process", args: "[42]" } as const;

await measure(async (bench) => [
  await compare(bench, "push one, a transaction each", 1),
  await compare(bench, "push one, 8 callers at once", 8),
]);

/** The plain callers have a connection each. */
async function compare(bench: Bench, name: string, callers: number): Promise<Row> {
  const rounds = bench.rounds ?? bench.pick(201, 41); // short rounds: the speed of a shared machine changes every second
  const tasks = (bench.tasks ?? 50) * callers;
  await using ours = await Database.make(bench);
  await using plain = await Database.make(bench);
  const store = useDatabase(bench, ours.url);
  const raws = await Promise.all(Array.from({ length: callers }, () => Raw.open(plain.url)));
  const pairs: Pair[] = [];
  for (let round = 0; round <= rounds; round++) {
    const tq = await rate(tasks, callers, () => Item.__queue__.process(7, 42));
    const raw = await rate(tasks, callers, (caller) => raws[caller]?.push(CALL, 7));
    if (round > 0) pairs.push({ tq, raw }); // the first round warms up
  }
  await store.close();
  for (const raw of raws) await raw.close();
  const notes = { rounds, pushes: tasks, callers };
  return rateRow({ measure: name, unit: "/s", notes }, pairs, 0.85);
}

async function rate(
  count: number,
  callers: number,
  push: (caller: number) => unknown,
): Promise<number> {
  const started = performance.now();
  const calls = Array.from({ length: callers }, async (_, caller) => {
    for (let pushed = 0; pushed < count / callers; pushed++) await push(caller);
  });
  await Promise.all(calls);
  return (count / (performance.now() - started)) * 1000;
}
