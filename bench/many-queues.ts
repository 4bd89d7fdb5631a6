/** Drains no-op tasks that take turns over many queues, beside the same tasks in one queue. */
import { type Drain, drainWithTq } from "./support/drain.ts";
import { type Bench, measure, progress } from "./support/measure.ts";
import { type Row, rateRow } from "./support/row.ts";
import { formatNumber, type Pair } from "./support/statistics.ts";

await measure(async (bench) => {
  const rows: Row[] = [];
  for (const { queues, bar } of [
    { queues: 100, bar: 0.7 },
    { queues: 1_000, bar: 0.5 },
    { queues: 10_000, bar: null },
  ]) {
    for (const pattern of [undefined, "queue-*"]) {
      rows.push(await drainBesideOneQueue(bench, { queues, pattern, bar }));
    }
  }
  return rows;
});

interface Variant {
  readonly queues: number;
  /** The pattern of the worker's queues; undefined: it works for every queue. */
  readonly pattern: string | undefined;
  /** The share of one queue's rate to reach; null: none. */
  readonly bar: number | null;
}

async function drainBesideOneQueue(bench: Bench, { queues, pattern, bar }: Variant): Promise<Row> {
  const rounds = bench.rounds ?? bench.pick(5, 3);
  const words = pattern ? `a worker of ${pattern}` : "a worker of all";
  const drain: Drain = {
    measure: `${formatNumber(queues)} queues, ${words} (raw: one queue)`,
    call: { model: "probe", method: "noop", args: "[]" },
    effect: "none",
    batch: 100,
    tasks: bench.tasks ?? bench.pick(100_000, 20_000),
    rounds,
    bar,
  };
  const pairs: Pair[] = [];
  for (let round = 1; round <= rounds; round++) {
    const many = await drainWithTq(bench, { ...drain, queues, pattern });
    const one = await drainWithTq(bench, drain);
    progress(
      `${drain.measure}, round ${round} of ${rounds}: ${Math.round(many.rate)}/s, one queue ${Math.round(one.rate)}/s`,
    );
    pairs.push({ tq: many.rate, raw: one.rate });
  }
  const notes = { tasks: drain.tasks, rounds, queues, pattern, rawIs: "one queue" };
  return rateRow({ measure: drain.measure, unit: "/s", notes }, pairs, bar);
}
