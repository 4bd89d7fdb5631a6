/** Drains tasks that wait, so that each takes a round and a commit, beside a plain connection with a commit a task. */
import { drainRow } from "./support/drain.ts";
import { measure } from "./support/measure.ts";

await measure(async (bench) => [
  await drainRow(bench, {
    measure: "slow methods, one a round",
    call: { model: "item", method: "wait", args: "[42]" },
    effect: "select and update",
    batch: 1,
    tasks: bench.tasks ?? bench.pick(5_000, 1_500),
    rounds: bench.rounds ?? bench.pick(7, 3),
    bar: 0.85,
  }),
]);
