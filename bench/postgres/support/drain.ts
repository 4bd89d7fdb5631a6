/** Drains a queue with a real worker process, and with as many plain connections as that has threads. */
import type { Call } from "../../support/raw.ts";
import { type Drain as SqliteDrain, type Drained, drainsRow } from "../../support/drain.ts";
import type { Bench } from "../../support/measure.ts";
import type { Row } from "../../support/row.ts";
import { exited, startTq } from "../../support/tq.ts";
import { Database } from "./database.ts";
import { type Effect, Raw } from "./raw.ts";

/** Tasks in one transaction of the plain connections: as many as tq puts into one at most. */
export const BATCH = 120;

export interface Drain extends Pick<
  SqliteDrain,
  "measure" | "tasks" | "rounds" | "bar" | "threads"
> {
  readonly call: Call;
  /** The statements that the plain connections run for each task. */
  readonly effect: Effect;
  readonly batch: number;
  /** Makes what the tasks change. */
  readonly prepare?: (raw: Raw) => Promise<void>;
  /** The tasks are for so many instances; default: each has its own. */
  readonly among?: number;
  /** @throws Error when the tasks have not done what they were to do: their rate would count for nothing. */
  readonly check?: (raw: Raw) => Promise<void>;
}

/** Drains with tq and plainly in turn, and compares the rates of each round. */
export function drainRow(bench: Bench, drain: Drain): Promise<Row> {
  const notes = { batch: drain.batch };
  return drainsRow(
    { ...drain, notes },
    { tq: () => drainWithTq(bench, drain), raw: () => drainRaw(bench, drain) },
  );
}

/** A database with the ready tasks, and what they change. */
export async function prepared(bench: Bench, drain: Drain): Promise<Database> {
  const database = await Database.make(bench);
  const raw = await Raw.open(database.url);
  await drain.prepare?.(raw);
  await raw.fill(drain.call, drain.tasks, drain.among);
  await raw.close();
  return database;
}

const TIMES = `
  SELECT count(*)::float8 AS finished, min(dequeued_at)::float8 AS first, max(finished_at)::float8 AS last
    FROM tq.task
   WHERE state = 'finished'`;

interface Times {
  readonly finished: number;
  readonly first: number;
  readonly last: number;
}

export async function drainWithTq(bench: Bench, drain: Drain): Promise<Drained> {
  await using database = await prepared(bench, drain);
  const { url, path } = database;
  const started = performance.now();
  const worker = startTq(bench, path, { url, threads: drain.threads ?? 2, drain: true });
  await exited(worker, path);
  const seconds = (performance.now() - started) / 1000;
  const { finished, first, last } = await check(url, drain);
  const cpuTime = Number(worker.resourceUsage()?.cpuTime.total ?? 0) / finished;
  return { rate: (finished / (last - first)) * 1000, seconds, cpuTime };
}

async function drainRaw(bench: Bench, drain: Drain): Promise<Drained> {
  await using database = await prepared(bench, drain);
  const { url } = database;
  const threads = Array.from({ length: drain.threads ?? 2 }, (_, index) =>
    Raw.open(url, index + 1),
  );
  const raws = await Promise.all(threads);
  const before = process.cpuUsage();
  const started = performance.now();
  await Promise.all(raws.map((raw) => raw.drain(drain.effect, drain.batch)));
  const seconds = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  for (const raw of raws) await raw.close();
  await check(url, drain);
  return { rate: drain.tasks / seconds, seconds, cpuTime: (user + system) / drain.tasks };
}

async function check(url: string, drain: Drain): Promise<Times> {
  const raw = await Raw.open(url);
  const [times] = await raw.query<Times>(TIMES);
  if (times?.finished !== drain.tasks) {
    throw new Error(`${times?.finished} of ${drain.tasks} tasks finished`);
  }
  await drain.check?.(raw);
  await raw.close();
  return times;
}
