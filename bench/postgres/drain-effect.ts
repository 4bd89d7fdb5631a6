/** Drains tasks that browse and save a record each, beside one select of all rows + an update each + finish + claim. */
import { measure } from "../support/measure.ts";
import { BATCH, drainRow } from "./support/drain.ts";
import { browseAndSave } from "./support/effects.ts";
import { items } from "./support/items.ts";

await measure(async (bench) => {
  const tasks = bench.tasks ?? bench.pick(200_000, 50_000);
  const drain = {
    call: { model: "item", method: "process", args: "[42]" },
    effect: browseAndSave,
    batch: BATCH,
    tasks,
    rounds: bench.rounds ?? bench.pick(5, 3),
    bar: 0.6,
    ...items(tasks),
  } as const;
  return [
    await drainRow(bench, { ...drain, measure: "drain, browse and save" }),
    await drainRow(bench, { ...drain, measure: "  the same, 4 threads", threads: 4 }),
  ];
});
