/** Drains tasks that do nothing, beside finish + claim, 100 a transaction. */
import { drainRow } from "./support/drain.ts";
import { measure } from "./support/measure.ts";

await measure(async (bench) => [
  await drainRow(bench, {
    measure: "drain, no-op",
    call: { model: "probe", method: "noop", args: "[]" },
    effect: "none",
    batch: 100,
    tasks: bench.tasks ?? bench.pick(100_000, 20_000),
    rounds: bench.rounds ?? bench.pick(5, 3),
    bar: 0.6,
  }),
]);
