/** Drains tasks that browse and save a record each, beside select + update + finish + claim, 100 a transaction. */
import { drainRow } from "./support/drain.ts";
import { measure } from "./support/measure.ts";

await measure(async (bench) => {
  const drain = {
    call: { model: "item", method: "process", args: "[42]" },
    effect: "select and update",
    batch: 100,
    tasks: bench.tasks ?? bench.pick(100_000, 20_000),
  } as const;
  const rounds = bench.rounds ?? bench.pick(5, 3);
  return [
    await drainRow(bench, { ...drain, measure: "drain, browse and save", rounds, bar: 0.5 }),
    await drainRow(bench, {
      ...drain,
      measure: "  the same, the log at info",
      rounds: Math.min(rounds, 3),
      bar: null,
      log: "info",
    }),
  ];
});
