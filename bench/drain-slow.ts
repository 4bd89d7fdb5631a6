/** Methods that wait, one a round and a commit each, beside one plain connection with one commit a task. */
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
