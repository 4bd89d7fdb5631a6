/** Drains tasks that run one plain UPDATE each, beside update + finish + claim, 100 a transaction. */
import { drainRow } from "./support/drain.ts";
import { measure } from "./support/measure.ts";

await measure(async (bench) => [
  await drainRow(bench, {
    measure: "drain, one plain UPDATE",
    call: { model: "probe", method: "update", args: "[42]" },
    effect: "update",
    batch: 100,
    tasks: bench.tasks ?? bench.pick(100_000, 20_000),
    rounds: bench.rounds ?? bench.pick(5, 3),
    bar: 0.6,
  }),
]);
