/** Drains a queue with a real worker process, and with one plain connection that does the same. */
import { type Bench, progress } from "./measure.ts";
import { type Call, type Effect, Raw } from "./raw.ts";
import { type Row, rateRow } from "./row.ts";
import type { Pair } from "./statistics.ts";
import { exited, startTq } from "./tq.ts";

export interface Drain {
  readonly measure: string;
  readonly call: Call;
  /** The statements that the plain connection runs for each task. */
  readonly effect: Effect;
  /** Tasks in one transaction of the plain connection. */
  readonly batch: number;
  readonly tasks: number;
  readonly rounds: number;
  /** The share of the raw limit to reach; null: none. */
  readonly bar: number | null;
  readonly threads?: number;
  readonly log?: "info" | "warn";
  /** How many queues the tasks take turns over; default: one. */
  readonly queues?: number;
  /** The pattern of the worker's queues; default: it works for every queue. */
  readonly pattern?: string | undefined;
}

/** Drains with tq and plainly in turn, and compares the rates of each round. */
export function drainRow(bench: Bench, drain: Drain): Promise<Row> {
  const raw = async () => drainRaw(bench, drain);
  return drainsRow(drain, { tq: () => drainWithTq(bench, drain), raw });
}

/** The two sides of a row: tq, and the plain program. */
export interface Sides {
  readonly tq: () => Promise<Drained>;
  readonly raw: () => Promise<Drained>;
}

/** As `drainRow`, for any two ways to drain. */
export async function drainsRow(
  drain: Pick<Drain, "measure" | "tasks" | "rounds" | "bar" | "threads" | "log"> & {
    readonly notes?: Readonly<Record<string, unknown>>;
  },
  sides: Sides,
): Promise<Row> {
  const { measure, tasks, rounds, bar, threads = 2, log = "warn" } = drain;
  const pairs: Pair[] = [];
  const seconds: number[] = [];
  const cpuTimes: Pair[] = [];
  for (let round = 1; round <= rounds; round++) {
    const tq = await sides.tq();
    const raw = await sides.raw();
    progress(
      `${measure.trim()}, round ${round} of ${rounds}: ${Math.round(tq.rate)}/s, raw ${Math.round(raw.rate)}/s; CPU time a task: tq ${tq.cpuTime.toFixed(1)} µs, raw ${raw.cpuTime.toFixed(1)} µs`,
    );
    pairs.push({ tq: tq.rate, raw: raw.rate });
    seconds.push(tq.seconds);
    cpuTimes.push({ tq: tq.cpuTime, raw: raw.cpuTime });
  }
  const notes = {
    tasks,
    rounds,
    threads,
    log,
    processSeconds: seconds,
    cpuMicrosecondsPerTask: cpuTimes,
    ...drain.notes,
  };
  return rateRow({ measure, unit: "/s", notes }, pairs, bar);
}

/** Makes a database with the ready tasks, and a row for each to change. */
function prepare(bench: Bench, { call, tasks, queues = 1 }: Drain): string {
  const path = bench.folder.database();
  using raw = new Raw(path, bench);
  raw.fillItems(tasks);
  raw.fill(call, tasks, "ready", queues);
  return path;
}

const TIMES = `
  SELECT count(*) AS finished, min(dequeued_at) AS first, max(finished_at) AS last
    FROM tq__task
   WHERE state = 'finished'`;

interface Times {
  readonly finished: number;
  readonly first: number;
  readonly last: number;
}

export interface Drained {
  /** Tasks a second; for tq, counted from the first claim to the last finish. */
  readonly rate: number;
  /** For tq the duration of the whole process, for raw that of the drain alone. */
  readonly seconds: number;
  /** CPU time in µs a task; for tq of the whole process, for raw of the drain alone. */
  readonly cpuTime: number;
}

export async function drainWithTq(bench: Bench, drain: Drain): Promise<Drained> {
  const path = prepare(bench, drain);
  const started = performance.now();
  const { threads = 2, log = "warn", pattern } = drain;
  const worker = startTq(bench, path, { threads, log, pattern, drain: true });
  await exited(worker, path);
  const seconds = (performance.now() - started) / 1000;
  const { finished, first, last } = check(bench, path, drain);
  bench.folder.remove(path);
  const cpuTime = Number(worker.resourceUsage()?.cpuTime.total ?? 0) / finished;
  return { rate: (finished / (last - first)) * 1000, seconds, cpuTime };
}

function drainRaw(bench: Bench, drain: Drain): Drained {
  const path = prepare(bench, drain);
  const raw = new Raw(path, bench);
  const before = process.cpuUsage();
  const started = performance.now();
  raw.drain(drain.effect, drain.batch);
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  raw[Symbol.dispose]();
  check(bench, path, drain);
  bench.folder.remove(path);
  return { rate: drain.tasks / seconds, seconds, cpuTime: (user + system) / drain.tasks };
}

/** @throws Error when a task has not finished, or has not changed its row: its rate would count for nothing. */
function check(bench: Bench, path: string, { tasks, effect }: Drain): Times {
  using raw = new Raw(path, bench);
  const times = raw.db.query(TIMES).get() as Times;
  if (times.finished !== tasks) throw new Error(`${times.finished} of ${tasks} tasks finished`);
  if (effect === "none") return times;
  const changed = raw.db.query("SELECT count(value) AS rows FROM item").get() as { rows: number };
  if (changed.rows !== tasks) throw new Error(`${changed.rows} of ${tasks} rows were changed`);
  return times;
}
