/**
 * Pushes over HTTP: 64 connections that each wait for their answers, beside plain inserts with a commit each; and while
 * each thread of a worker computes.
 */
import { type Bench, measure, progress } from "./support/measure.ts";
import { Raw } from "./support/raw.ts";
import { limitRow, rateRow, type Row } from "./support/row.ts";
import { type Pair, quantile } from "./support/statistics.ts";
import { startServer, startTq, stopTq } from "./support/tq.ts";
import { until } from "./support/until.ts";
import { answers, freePort, pushByWrk } from "./support/wrk.ts";

const CALL = { model: "probe", method: "noop", args: "[]" } as const;
const QUEUE = "aside";

/** Long enough that no task ends while it is measured. */
const ENDLESS_TURNS = 1e15;

await measure(async (bench) => {
  const rounds = bench.rounds ?? bench.pick(15, 5);
  return [...(await manyConnections(bench, rounds)), await besideTasks(bench, rounds)];
});

async function manyConnections(bench: Bench, rounds: number): Promise<Row[]> {
  const connections = 64;
  const path = bench.folder.database();
  using raw = new Raw(bench.folder.database(), bench);
  const port = freePort();
  const server = startServer(bench, path, port);
  await answers(port);
  const pairs: Pair[] = [];
  const slowest: number[] = [];
  const plainSlowest: number[] = [];
  for (let round = 0; round <= rounds; round++) {
    const plain = plainly(raw, 500);
    const { rate, p99 } = await pushByWrk(path, port, { connections, seconds: 1, queue: QUEUE });
    progress(
      `push-http, round ${round} of ${rounds}: ${rate.toFixed()}/s, raw ${plain.rate.toFixed()}/s`,
    );
    if (round === 0) continue; // it warms up
    pairs.push({ tq: rate, raw: plain.rate });
    slowest.push(p99);
    plainSlowest.push(plain.p99);
  }
  await stopTq(server, path);
  const notes = { rounds, connections };
  const named = `push over HTTP, ${connections} connections`;
  return [
    rateRow({ measure: named, unit: "/s", notes }, pairs, 3),
    limitRow({ measure: "the same, p99 of a round", unit: "ms", notes }, slowest, plainSlowest, {
      bar: 50,
    }),
  ];
}

/** The rate, and the slowest in ms, of inserts with a commit each, for so many ms. */
function plainly(raw: Raw, ms: number): { rate: number; p99: number } {
  const times: number[] = [];
  const started = performance.now();
  for (let now = started; now - started < ms;) {
    raw.push(CALL, 7);
    const ended = performance.now();
    times.push(ended - now);
    now = ended;
  }
  return {
    rate: (times.length / (performance.now() - started)) * 1000,
    p99: quantile(times, 0.99),
  };
}

/** One push after another: they meet busy cores, and must not meet a busy thread. */
async function besideTasks(bench: Bench, rounds: number): Promise<Row> {
  const threads = 2;
  const path = bench.folder.database();
  using raw = new Raw(path, bench);
  raw.fill({ model: "probe", method: "spin", args: `[${ENDLESS_TURNS}]` }, threads);
  const port = freePort();
  const worker = startTq(bench, path, { threads, pattern: "default", port });
  await answers(port);
  const running = raw.db.query("SELECT count(*) AS count FROM tq__task WHERE state = 'running'");
  const allRun = () => (running.get() as { count: number }).count === threads;
  await until("a task on each thread", () => allRun() || null);
  const slowest: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const { p99 } = await pushByWrk(path, port, { connections: 1, seconds: 1, queue: QUEUE });
    slowest.push(p99);
  }
  if (!allRun()) throw new Error("A task has ended while pushes were measured");
  worker.kill("SIGKILL"); // its tasks have no end
  await worker.exited;
  const plain = Array.from({ length: rounds }, () => plainly(raw, 500).p99);
  const notes = { rounds, threads };
  const named = `push over HTTP, a task computes on each of ${threads} threads: p99 of a round`;
  return limitRow({ measure: named, unit: "ms", notes }, slowest, plain, { bar: 50 });
}
