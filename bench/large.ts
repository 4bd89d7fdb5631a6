/**
 * A table of ten million ready, or ten million finished, tasks: the rate of draining 10 000 beside that of a small
 * table, the time to open the file, and the memory of the worker.
 */
import { SqliteStore } from "../src/sqlite/store.ts";
import { type Bench, measure, progress } from "./support/measure.ts";
import { residentMemory } from "./support/process.ts";
import { Raw } from "./support/raw.ts";
import { type Row, limitRow, rateRow } from "./support/row.ts";
import { formatNumber } from "./support/statistics.ts";
import { startTq, stopTq } from "./support/tq.ts";
import { until } from "./support/until.ts";

const CALL = { model: "probe", method: "noop", args: "[]" } as const;

const TASKS_PER_DRAIN = 10_000;

const NTH_FINISH = `
  SELECT finished_at AS at
    FROM tq__task
   WHERE state = 'finished' AND finished_at >= ?1
   ORDER BY finished_at
   LIMIT 1 OFFSET ?2`;

const FIRST_CLAIM = `
  SELECT min(dequeued_at) AS at
    FROM tq__task
   WHERE state = 'finished' AND finished_at >= ?1`;

await measure(async (bench) => {
  const size = bench.tasks ?? bench.pick(10_000_000, 1_000_000);
  return [...(await rows(bench, size, "ready")), ...(await rows(bench, size, "finished"))];
});

async function rows(bench: Bench, size: number, state: "ready" | "finished"): Promise<Row[]> {
  const rounds = bench.rounds ?? bench.pick(7, 3);
  const name = `${formatNumber(size)} ${state}`;
  progress(`${name}: making them`);
  const large = makeDatabase(bench, size, state);
  const small = makeDatabase(bench, 0, state);
  const open: number[] = [];
  const plainOpen: number[] = [];
  // "raw" is tq too, on the small table.
  const drains = { tq: [] as Drained[], raw: [] as Drained[] };
  for (let round = 1; round <= rounds; round++) {
    const started = performance.now();
    await openStore(bench, large);
    const opened = performance.now();
    await openStore(bench, small);
    open.push(opened - started);
    plainOpen.push(performance.now() - opened);
    const tq = await drain(bench, large, { pushFirst: state === "finished" });
    const raw = await drain(bench, small, { pushFirst: true });
    progress(
      `${name}, round ${round} of ${rounds}: ${Math.round(tq.rate)}/s, small ${Math.round(raw.rate)}/s`,
    );
    drains.tq.push(tq);
    drains.raw.push(raw);
  }
  bench.folder.remove(large);
  bench.folder.remove(small);
  const notes = { rounds, rawIs: "the same with a small table" };
  const pairs = drains.tq.map(({ rate }, index) => ({
    tq: rate,
    raw: drains.raw[index]?.rate ?? 0,
  }));
  const memory = (list: readonly Drained[]) => list.map(({ resident }) => resident);
  return [
    rateRow(
      { measure: `${name}: drain of 10 000 (raw: small table)`, unit: "/s", notes },
      pairs,
      0.75,
    ),
    limitRow({ measure: `${name}: open`, unit: "ms", notes }, open, plainOpen, { bar: 200 }),
    limitRow(
      { measure: `${name}: worker's resident memory, at most`, unit: "MB", notes },
      memory(drains.tq),
      memory(drains.raw),
      { bar: 120 },
    ),
  ];
}

/** Makes a database with so many tasks, without a journal, which is fast; a power cut would only end the measure. */
function makeDatabase(bench: Bench, size: number, state: "ready" | "finished"): string {
  const path = bench.folder.database();
  using raw = new Raw(path, bench);
  if (size === 0) return path;
  raw.db.run("PRAGMA journal_mode = OFF");
  raw.db.run("PRAGMA synchronous = OFF");
  raw.fill(CALL, size, state);
  raw.db.run("PRAGMA synchronous = FULL");
  raw.db.run("PRAGMA journal_mode = WAL");
  return path;
}

/** Opens the file and looks once for a ready task, as a worker does. */
async function openStore({ durability }: Bench, path: string): Promise<void> {
  const store = new SqliteStore({ path, durability });
  await store.look({ queues: [], limit: 1, worker: "" }); // every queue; no worker is registered under ""
  await store.close();
}

interface Drained {
  readonly rate: number;
  /** The peak, in MB. */
  readonly resident: number;
}

/** Runs a worker until it has finished TASKS_PER_DRAIN tasks: those of the table, or as many that are pushed first. */
async function drain(
  bench: Bench,
  path: string,
  { pushFirst }: { pushFirst: boolean },
): Promise<Drained> {
  using raw = new Raw(path, bench);
  if (pushFirst) raw.fill(CALL, TASKS_PER_DRAIN);
  const since = Date.now();
  const worker = startTq(bench, path, { threads: 2 });
  const last = await until(
    "the last task",
    () => raw.db.query(NTH_FINISH).get(since, TASKS_PER_DRAIN - 1) as { at: number } | null,
    { interval: 10, limit: 300_000 },
  );
  const resident = residentMemory(worker.pid, "peak");
  await stopTq(worker, path);
  const first = raw.db.query(FIRST_CLAIM).get(since) as { at: number };
  return { rate: (TASKS_PER_DRAIN / (last.at - first.at)) * 1000, resident };
}
