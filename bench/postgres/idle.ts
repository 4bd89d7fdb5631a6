/**
 * The share of a core that an idle worker with two threads takes, its connections and its statements, beside a plain program
 * with as many connections that looks every 2 s.
 */
import { measure, progress } from "../support/measure.ts";
import { processorTime } from "../support/process.ts";
import { type Row, limitRow } from "../support/row.ts";
import { startTq, stopTq } from "../support/tq.ts";
import { Database } from "./support/database.ts";

/**
 * A connection that nobody uses any more is closed after 10 s, Bun collects garbage often in a thread's first ones, and the
 * first upkeep comes after a minute.
 */
const START_UP_MS = 75_000;

interface Usage {
  /** Percent of one core. */
  readonly processor: number;
  /** Transactions a second, of which each statement is one. */
  readonly statements: number;
  readonly connections: number;
}

const PLAIN_WORKER = Bun.fileURLToPath(new URL("./support/plain-worker.ts", import.meta.url));

const COMMITS = `
  SELECT (xact_commit + xact_rollback)::float8 AS count FROM pg_stat_database WHERE datname = $1`;

const CONNECTIONS = `
  SELECT count(*)::float8 AS count FROM pg_stat_activity
   WHERE datname = $1 AND backend_type = 'client backend'`;

await measure(async (bench) => {
  const seconds = bench.pick(60, 20);
  progress(`idle: ${START_UP_MS / 1000} s, then ${seconds} s`);
  await using ours = await Database.make(bench);
  await using other = await Database.make(bench);
  const worker = startTq(bench, ours.path, { url: ours.url, threads: 2 });
  const plain = Bun.spawn([process.execPath, PLAIN_WORKER, other.url], {
    stdio: ["ignore", "ignore", "inherit"],
  });
  const [tq, raw] = await Promise.all([
    usageOf(worker.pid, ours, seconds),
    usageOf(plain.pid, other, seconds),
  ]);
  await stopTq(worker, ours.path);
  plain.kill("SIGKILL");
  await plain.exited;
  return rows(tq, raw, seconds);
});

function rows(tq: Usage, raw: Usage, seconds: number): Row[] {
  const notes = { seconds, threads: 2 };
  const row = (measure: string, unit: string, which: keyof Usage, bar: number) =>
    limitRow({ measure, unit, notes }, [tq[which]], [raw[which]], { bar });
  return [
    row("idle worker, 2 threads: of a core", "%", "processor", 0.1),
    row("idle worker: statements", "/s", "statements", 0.6),
    row("idle worker: connections (threads + 2)", "", "connections", 5),
  ];
}

async function usageOf(pid: number, database: Database, seconds: number): Promise<Usage> {
  await Bun.sleep(START_UP_MS);
  const count = async (text: string) => (await database.ask<{ count: number }>(text)).count;
  const before = await count(COMMITS);
  const processor = await processorUse(pid, seconds);
  const statements = ((await count(COMMITS)) - before) / seconds;
  return { processor, statements, connections: await count(CONNECTIONS) };
}

async function processorUse(pid: number, seconds: number): Promise<number> {
  const before = processorTime(pid);
  await Bun.sleep(seconds * 1000);
  const spent = (processorTime(pid) - before) / 1e9;
  return (spent / seconds) * 100;
}
