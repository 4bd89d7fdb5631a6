/**
 * The share of a core and the resident memory of an idle worker with two threads, beside two plain threads that wait.
 * Bun collects garbage every second during the first half minute of a thread, so the second minute stands for all later
 * ones.
 */
import type { Subprocess } from "bun";
import { measure, progress } from "./support/measure.ts";
import { processorTime, residentMemory } from "./support/process.ts";
import { Raw } from "./support/raw.ts";
import { type Row, limitRow } from "./support/row.ts";
import { startTq, stopTq } from "./support/tq.ts";

/** Time for a process to finish the work of its start, before it counts as idle. */
const START_UP_MS = 5_000;

interface Usage {
  /** Percent of one core, in the first minute; with --quick all these minutes are 10 s. */
  readonly processor: number;
  /** Percent of one core, in the second minute. */
  readonly later: number;
  /** MB, after the first minute. */
  readonly memory: number;
}

const PLAIN_WORKER = Bun.fileURLToPath(new URL("./support/plain-worker.ts", import.meta.url));

await measure(async (bench) => {
  const seconds = bench.pick(60, 10);
  progress(`idle: two times ${seconds} s`);
  const path = bench.folder.database();
  const other = bench.folder.database();
  using _ = new Raw(path, bench); // creates the schema
  using __ = new Raw(other, bench);
  const worker = startTq(bench, path, { threads: 2 });
  const plain = startPlain(other);
  const [tq, raw] = await Promise.all([usageOf(worker, seconds), usageOf(plain, seconds)]);
  await stopTq(worker, path);
  plain.kill("SIGKILL");
  await plain.exited;
  return rows(tq, raw, seconds);
});

function rows(tq: Usage, raw: Usage, seconds: number): Row[] {
  const notes = { seconds, threads: 2 };
  return [
    limitRow(
      { measure: "idle worker, 2 threads: of a core", unit: "%", notes },
      [tq.processor],
      [raw.processor],
      { bar: 0.1 },
    ),
    limitRow({ measure: "  the same, a minute later", unit: "%", notes }, [tq.later], [raw.later], {
      bar: 0.1,
    }),
    limitRow(
      { measure: "idle worker, 2 threads: resident", unit: "MB", notes },
      [tq.memory],
      [raw.memory],
      { bar: 60 },
    ),
  ];
}

function startPlain(path: string): Subprocess {
  return Bun.spawn([process.execPath, PLAIN_WORKER, path, "2"], {
    stdio: ["ignore", "ignore", "inherit"],
  });
}

async function usageOf({ pid }: Subprocess, seconds: number): Promise<Usage> {
  await Bun.sleep(START_UP_MS);
  const processor = await processorUse(pid, seconds);
  const memory = residentMemory(pid);
  return { processor, memory, later: await processorUse(pid, seconds) };
}

async function processorUse(pid: number, seconds: number): Promise<number> {
  const before = processorTime(pid);
  await Bun.sleep(seconds * 1000);
  const spent = (processorTime(pid) - before) / 1e9;
  return (spent / seconds) * 100;
}
