/** Drains tasks that do nothing, beside finish + claim. */
import { measure } from "../support/measure.ts";
import { BATCH, drainRow } from "./support/drain.ts";
import { nothing } from "./support/effects.ts";

await measure(async (bench) => [
  await drainRow(bench, {
    measure: "drain, no-op",
    call: { model: "probe", method: "noop", args: "[]" },
    effect: nothing,
    batch: BATCH,
    tasks: bench.tasks ?? bench.pick(200_000, 50_000),
    rounds: bench.rounds ?? bench.pick(5, 3),
    bar: 0.6,
  }),
]);
