/**
 * Drains many tasks beside a snapshot that another connection keeps open, so that no VACUUM takes away what was run: the rate
 * at the end, beside that of the first tenth.
 */
import { type Bench, measure, progress } from "../support/measure.ts";
import { type Row, rateRow } from "../support/row.ts";
import type { Pair } from "../support/statistics.ts";
import { exited, startTq } from "../support/tq.ts";
import { prepared } from "./support/drain.ts";
import { nothing } from "./support/effects.ts";
import { Raw } from "./support/raw.ts";

/** A tenth of the tasks that are to be run before: the first, and the one behind them all. */
const TENTH = `
  SELECT count(*)::float8 AS tasks, (max(finished_at) - min(finished_at))::float8 AS time
    FROM (SELECT finished_at FROM tq.task ORDER BY finished_at, id LIMIT $1::bigint OFFSET $2::bigint) AS tenth`;

await measure(async (bench) => {
  const sizes = bench.quick ? [400_000] : [400_000, 1_000_000];
  const rows: Row[] = [];
  for (const tasks of bench.tasks ? [bench.tasks] : sizes) rows.push(await compare(bench, tasks));
  return rows;
});

async function compare(bench: Bench, tasks: number): Promise<Row> {
  const rounds = bench.rounds ?? bench.pick(3, 1);
  const measure = `drain after ${tasks} run beside an open snapshot`;
  const pairs: Pair[] = [];
  for (let round = 1; round <= rounds; round++) {
    const pair = await drain(bench, tasks);
    progress(
      `${measure}, round ${round}: ${Math.round(pair.tq)}/s, first ${Math.round(pair.raw)}/s`,
    );
    pairs.push(pair);
  }
  const notes = { rounds, threads: 2, rawIs: "the first tenth of the same drain" };
  return rateRow({ measure, unit: "/s", notes }, pairs, 0.75);
}

async function drain(bench: Bench, tasks: number): Promise<Pair> {
  const tenth = tasks / 10;
  const call = { model: "probe", method: "noop", args: "[]" };
  const all = {
    measure: "",
    call,
    effect: nothing,
    batch: 1,
    tasks: tasks + tenth,
    rounds: 1,
    bar: null,
  };
  await using database = await prepared(bench, all);
  const raw = await Raw.open(database.url);
  await raw.command("BEGIN ISOLATION LEVEL REPEATABLE READ");
  await raw.query("SELECT count(*) FROM tq.worker");
  const { url, path } = database;
  await exited(startTq(bench, path, { url, threads: 2, drain: true }), path);
  await raw.command("COMMIT");
  const rate = async (from: number) => {
    const [part] = await raw.query<{ tasks: number; time: number }>(TENTH, [tenth, from]);
    if (part?.tasks !== tenth) throw new Error(`${part?.tasks} of ${tenth} tasks finished`);
    return (part.tasks / part.time) * 1000;
  };
  const pair = { tq: await rate(tasks), raw: await rate(0) };
  await raw.close();
  return pair;
}
