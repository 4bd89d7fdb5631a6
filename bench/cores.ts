/** How much faster two threads are than one on tasks that compute for 10 ms, beside plain threads without a queue. */
import { type Bench, measure, progress } from "./support/measure.ts";
import { spin } from "./support/models.ts";
import { Raw } from "./support/raw.ts";
import { factorRow } from "./support/row.ts";
import { exited, startTq } from "./support/tq.ts";

await measure(async (bench) => {
  const rounds = bench.rounds ?? bench.pick(7, 3);
  const tasks = bench.tasks ?? bench.pick(400, 150);
  const turns = calibrate(10);
  const factors: number[] = [];
  const plain: number[] = [];
  for (let round = 1; round <= rounds; round++) {
    const tq =
      (await throughTq(bench, tasks, turns, 1)) / (await throughTq(bench, tasks, turns, 2));
    const raw = (await plainly(tasks, turns, 1)) / (await plainly(tasks, turns, 2));
    progress(`cores, round ${round} of ${rounds}: ${tq.toFixed(2)}, raw ${raw.toFixed(2)}`);
    factors.push(tq);
    plain.push(raw);
  }
  const notes = { rounds, tasks, turns };
  const named = { measure: "2 threads against 1, tasks of 10 ms", unit: "times", notes };
  return [factorRow(named, factors, plain, 1.85)];
});

/** Turns of the loop that take this many ms on this machine, at its fastest. */
function calibrate(ms: number): number {
  const turns = 1_000_000;
  let best = Infinity;
  for (let run = 0; run < 50; run++) {
    const started = performance.now();
    spin(turns);
    best = Math.min(best, performance.now() - started);
  }
  return Math.round((turns * ms) / best);
}

/** The ms from the first claim to the last finish. */
async function throughTq(
  bench: Bench,
  tasks: number,
  turns: number,
  threads: number,
): Promise<number> {
  const path = bench.folder.database();
  using raw = new Raw(path, bench);
  raw.fill({ model: "probe", method: "spin", args: `[${turns}]` }, tasks);
  await exited(startTq(bench, path, { threads, drain: true }), path);
  const { time } = raw.db
    .query("SELECT max(finished_at) - min(dequeued_at) AS time FROM tq__task")
    .get() as { time: number };
  return time;
}

/** The ms that plain threads take, each with its share of the tasks. */
async function plainly(tasks: number, turns: number, threads: number): Promise<number> {
  const share = tasks / threads;
  const workers = Array.from(
    { length: threads },
    () => new Worker(new URL("./support/spin-thread.ts", import.meta.url)),
  );
  await Promise.all(workers.map((worker) => answerOf(worker, { turns, times: 1 }))); // they start, and warm up
  const started = performance.now();
  await Promise.all(workers.map((worker) => answerOf(worker, { turns, times: share })));
  const time = performance.now() - started;
  for (const worker of workers) worker.terminate();
  return time;
}

function answerOf(worker: Worker, question: object): Promise<void> {
  return new Promise((resolve) => {
    worker.onmessage = () => resolve();
    worker.postMessage(question);
  });
}
