/** Drains tasks that wait, so that each has a transaction of its own, beside plain connections with one a task. */
import { measure } from "../support/measure.ts";
import { drainRow } from "./support/drain.ts";
import { browseWaitAndSave } from "./support/effects.ts";
import { items } from "./support/items.ts";

await measure(async (bench) => {
  const tasks = bench.tasks ?? bench.pick(16_000, 4_000);
  const rounds = bench.rounds ?? bench.pick(5, 3);
  const rows = [];
  for (const threads of [1, 4]) {
    const drain = {
      measure: `slow methods, a transaction each, ${threads === 1 ? "1 thread" : "4 threads"}`,
      call: { model: "item", method: "wait", args: "[42]" },
      effect: browseWaitAndSave,
      batch: 1,
      tasks,
      rounds,
      bar: 0.8,
      threads,
      ...items(tasks),
    } as const;
    rows.push(await drainRow(bench, drain));
  }
  return rows;
});
