/** `/metrics`: what the database keeps, for monitoring. It adds up all workers, and a restart loses nothing. */
import type { Context } from "hono";
import { OTHERS, RUN_ENDS, SeriesCounts } from "../statistics/counts.ts";
import { isStopped, isWorker } from "../store/live-workers.ts";
import { countedAt } from "../store/count-words.ts";
import {
  COUNTED_STATES,
  type CountedState,
  type QueueStatus,
  type StoreStatus,
  type WorkerStatus,
} from "../store/looking.ts";
import type { Measurements } from "../store/measurements.ts";
import { CONTENT_TYPE, expose, type Family, formatFor, type Labels } from "./exposition.ts";
import { type Health, problems } from "./health.ts";
import { labelsOf, lengthFamilies } from "./metrics-lengths.ts";

/** So many queues have gauges of their own; those with fewer tasks are added up. */
const MOST_QUEUES = 200;

export interface Monitored extends Health {
  readonly version: string;
}

export async function showMetrics(c: Context, options: Monitored): Promise<Response> {
  const format = formatFor(c.req.header("accept"));
  const text = expose(await metricsOf(options), format);
  return c.body(text, 200, { "Content-Type": CONTENT_TYPE[format] });
}

async function metricsOf(options: Monitored): Promise<Family[]> {
  const { store, version } = options;
  const status = await store.status();
  const queues = largest(status.queues);
  const waiting = queues.filter(({ ready }) => ready > 0).map(({ queue }) => queue);
  const measured = await store.statistics.measure(waiting);
  const totals = new SeriesCounts();
  await store.statistics.totals((series) => totals.of(series));
  const found = await problems(options, status);
  return [
    one("tq_build_info", "The version of tq that answers", 1, { version }),
    one("tq_problems", "Reasons why tasks are not stored or run: tq status has them", found.length),
    ...taskFamilies(totals, measured),
    ...lengthFamilies(totals, measured.flushes),
    ...queueFamilies(queues, status.queues, measured, store.now()),
    ...workerFamilies(status.workers, measured),
    ...fileFamilies(status),
  ];
}

function one(name: string, help: string, value: number, labels: Labels = {}): Family {
  return { name, help, type: "gauge", samples: [[labels, value]] };
}

function counted(name: string, help: string, value: number): Family {
  return { name, help, type: "counter", samples: [[{}, value]] };
}

function taskFamilies(totals: SeriesCounts, measured: Measurements): Family[] {
  return [
    counted("tq_tasks_pushed", "Tasks that were pushed", measured.pushed),
    {
      name: "tq_runs",
      help: "Runs of tasks by how they ended; finished, failed and cancelled end the task, and so may crashed",
      type: "counter",
      samples: [...totals].flatMap(([series, { ends }]) =>
        RUN_ENDS.filter((end) => ends[end] > 0 || end === "finished" || end === "failed").map(
          (outcome) => [{ ...labelsOf(series), outcome }, ends[outcome]] as const,
        ),
      ),
    },
    counted(
      "tq_tasks_rescued",
      "Tasks put back as their worker or thread died",
      measured.tasks_rescued,
    ),
    counted(
      "tq_workers_rescued",
      "Workers that died and were cleared away",
      measured.workers_rescued,
    ),
  ];
}

type Depth = Pick<QueueStatus, "queue" | CountedState>;

function largest(queues: readonly QueueStatus[]): readonly QueueStatus[] {
  if (queues.length <= MOST_QUEUES) return queues;
  return queues.toSorted((a, b) => sizeOf(b) - sizeOf(a)).slice(0, MOST_QUEUES);
}

function sizeOf(queue: Depth): number {
  return COUNTED_STATES.reduce((sum, state) => sum + queue[state], 0);
}

function queueFamilies(
  queues: readonly QueueStatus[],
  all: readonly QueueStatus[],
  { oldest_ready: oldest }: Measurements,
  now: number,
): Family[] {
  const depths: readonly Depth[] =
    all.length > queues.length ? [...queues, restOf(all, queues)] : queues;
  return [
    {
      name: "tq_queue_tasks",
      help: "Tasks by state; of too many to count at once as many as a worker has counted last, or the least that there are",
      type: "gauge",
      samples: depths.flatMap((depth) =>
        COUNTED_STATES.map((state) => [{ queue: depth.queue, state }, depth[state]] as const),
      ),
    },
    {
      name: "tq_queue_tasks_age_seconds",
      help: "How long ago the oldest of the numbers of a state was counted; 0: all are of now; absent: some are the least",
      type: "gauge",
      unit: "seconds",
      samples: COUNTED_STATES.flatMap((state) => {
        if (all.some(({ least }) => least?.includes(state))) return [];
        const at = countedAt(all, [state]) ?? now;
        return [[{ state }, Math.max(now - at, 0) / 1_000] as const];
      }),
    },
    {
      name: "tq_queue_oldest_ready_seconds",
      help: "How long the oldest ready task could have run; of those that come first and last in each priority",
      type: "gauge",
      unit: "seconds",
      samples: oldest.map(({ queue, since }) => [{ queue }, Math.max(now - since, 0) / 1_000]),
    },
    flags("tq_queue_served", "1: a live worker takes tasks of the queue", queues, "served"),
    flags("tq_queue_paused", "1: a pause holds the whole queue", queues, "paused"),
  ];
}

function restOf(all: readonly QueueStatus[], shown: readonly QueueStatus[]): Depth {
  const own = new Set(shown);
  const rest = all.filter((queue) => !own.has(queue));
  const sum = (state: CountedState) => rest.reduce((total, queue) => total + queue[state], 0);
  const [scheduled, ready, running, failed] = [
    sum("scheduled"),
    sum("ready"),
    sum("running"),
    sum("failed"),
  ];
  return { queue: OTHERS, scheduled, ready, running, failed };
}

function flags(
  name: string,
  help: string,
  queues: readonly QueueStatus[],
  key: "served" | "paused",
): Family {
  const samples = queues.map((queue) => [{ queue: queue.queue }, queue[key] ? 1 : 0] as const);
  return { name, help, type: "gauge", samples };
}

const WORKER_STATES = ["running", "troubled", "stopped", "dead"] as const;

/** dead: not rescued yet; stopped: by a signal; troubled: it lives and can run no task. */
function stateOf(worker: WorkerStatus): (typeof WORKER_STATES)[number] {
  if (!worker.alive) return "dead";
  if (isStopped(worker)) return "stopped";
  return worker.trouble === null ? "running" : "troubled";
}

function workerFamilies(workers: readonly WorkerStatus[], { busy }: Measurements): Family[] {
  const busyOf = new Map(busy.map(({ worker, threads }) => [worker, threads]));
  const all = workers.filter(isWorker);
  const sum = (name: string, help: string, of: (worker: WorkerStatus) => number): Family => ({
    name,
    help,
    type: "gauge",
    samples: WORKER_STATES.map((state) => {
      const same = all.filter((worker) => stateOf(worker) === state);
      return [{ state }, same.reduce((total, worker) => total + of(worker), 0)] as const;
    }),
  });
  return [
    sum("tq_workers", "Worker processes by state", () => 1),
    sum(
      "tq_threads",
      "Threads of the workers, by the state of the worker",
      ({ threads }) => threads,
    ),
    sum(
      "tq_threads_busy",
      "Threads that hold a task, by the state of the worker",
      ({ id }) => busyOf.get(id) ?? 0,
    ),
  ];
}

function fileFamilies({ file_size, wal_size, free_size, pauses }: StoreStatus): Family[] {
  const bytes = (name: string, help: string, value: number | null): Family[] =>
    value === null ? [] : [{ ...one(name, help, value), unit: "bytes" }];
  const ofKind = (wanted: "queue" | "task") => pauses.filter(({ kind }) => kind === wanted).length;
  return [
    ...bytes(
      "tq_database_file_bytes",
      "Size of the database file, or of the tables of tq",
      file_size,
    ),
    ...bytes("tq_database_wal_bytes", "Size of its write-ahead log; not on PostgreSQL", wal_size),
    ...bytes(
      "tq_database_free_bytes",
      "Free space inside the database file; not on PostgreSQL",
      free_size,
    ),
    {
      name: "tq_pauses",
      help: "Pauses in force: of queues, and of tasks, which are methods and functions",
      type: "gauge",
      samples: [
        [{ kind: "queue" }, ofKind("queue")],
        [{ kind: "task" }, ofKind("task")],
      ],
    },
  ];
}
