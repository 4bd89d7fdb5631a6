/** Finds the reasons why tasks cannot be stored or run, as far as this process can tell: `/healthz` and `tq status`. */
import { quote } from "../quote.ts";
import type { Store } from "../store/store.ts";
import { isServed, isStopped, isWorker, untakenWords } from "../store/live-workers.ts";
import type { QueueInfo, StoreStatus, Waiting, WorkerStatus } from "../store/looking.ts";

export interface Health {
  readonly store: Store;
  /** The value of the setting `queue.worker`. */
  readonly mode: "worker" | "no worker";
  /** Why the worker beside this server can run no task; null: it can, or there is none. */
  readonly trouble?: () => string | null;
}

/**
 * The troubles of this process, a sentence each: pushes are refused, or the worker beside the server can run no task.
 *
 * @throws TqError where the database cannot be used.
 */
export async function failures(health: Health): Promise<string[]> {
  return (await failing(health)).map(({ message }) => message);
}

/** Why tasks cannot be pushed, or are not run: a word, and the sentence for those who may know more. */
export interface NotServing {
  readonly reason:
    "starting" | "database" | "pushes_refused" | "no_thread_can_run" | "no_worker_for_ready_tasks";
  readonly message: string;
}

async function failing({ store, trouble }: Health): Promise<NotServing[]> {
  await store.get(0); // only to read the database: no task has this id
  await store.check();
  const refusal = await store.pushRefusal();
  const cannot = trouble?.() ?? null;
  return [
    ...(refusal === null ? [] : [{ reason: "pushes_refused", message: refusal } as const]),
    ...(cannot === null ? [] : [{ reason: "no_thread_can_run", message: cannot } as const]),
  ];
}

/**
 * The problems for which no task can be pushed, or ready ones are not run.
 *
 * @throws TqError where the database cannot be used.
 */
export async function notServing(
  health: Health,
  { workers, queues }: Waiting,
): Promise<NotServing[]> {
  const found = await failing(health);
  if (health.mode === "no worker") return found; // each program runs its own tasks
  const able = workers.filter(
    (one) => one.alive && isWorker(one) && one.trouble === null && !isStopped(one),
  );
  const waiting = queues.filter((queue) => !isServed(queue, able));
  return waiting.length === 0
    ? found
    : [...found, { reason: "no_worker_for_ready_tasks", message: unservedWords(waiting, able) }];
}

function unservedWords(queues: readonly string[], able: readonly WorkerStatus[]): string {
  const [queue = "", ...others] = queues;
  const more = others.length === 0 ? "" : `, nor of ${others.length} more`;
  const of = `${quote(queue)}${more}`;
  return able.length === 0
    ? `No worker that can run tasks takes the ready ones of the queue ${of}; tq status says which there are`
    : `No live worker takes the ready tasks of the queue ${of}`;
}

/** The state of the database and its workers, with the problems that are found. */
export async function wholeStatus(health: Health & { readonly version: string }) {
  const { store, mode, version } = health;
  const status = await store.status();
  return { mode, version, ...status, problems: await problems(health, status) };
}

/** The failures, and what only the whole database shows: that no live worker takes the tasks that wait. */
export async function problems(
  health: Health,
  { workers, queues, schema }: Pick<StoreStatus, "workers" | "queues" | "schema">,
): Promise<string[]> {
  const live = workers.filter((worker) => worker.alive && isWorker(worker));
  const older = workers.filter((one) => one.alive && (one.schema ?? 0) < schema);
  const found = [
    ...(await failures(health)),
    ...older.map((one) => olderWords(one, schema)),
    ...live.flatMap(troubleWords),
  ];
  if (health.mode === "no worker") return found; // each program runs its own tasks
  if (live.length === 0) {
    return [...found, "No worker is running: tasks wait until one is; start it with tq worker"];
  }
  return [...found, ...untakenQueues(queues, live)];
}

/** It was there, and had run no task of its own yet, as a newer tq brought the schema forward. */
function olderWords(status: WorkerStatus, schema: number): string {
  const { id, pid, version } = status;
  const who = isWorker(status) ? `Worker ${id} (pid ${pid})` : `The program with pid ${pid}`;
  const build = version === null ? "an older tq" : `tq ${version}`;
  return `${who} runs tasks with ${build}, which does not know schema ${schema}, and ignores all that is newer, as pauses; stop it, and start it with this tq`;
}

function troubleWords(status: WorkerStatus): string[] {
  const { id, pid, trouble, unsure } = status;
  const worker = `worker ${id} (pid ${pid})`;
  const unknown = `Cannot tell whether ${worker} lives: this user may not read its file beside the database; ask as the user of the service`;
  const cannot = trouble === null ? [] : [`W${worker.slice(1)} can run no task: ${trouble}`];
  const stopped = `W${worker.slice(1)} is stopped (SIGSTOP, or Ctrl-Z) and runs nothing; kill -CONT ${pid} lets it go on`;
  return [
    ...(unsure === true ? [unknown] : []),
    ...(isStopped(status) ? [stopped] : []),
    ...cannot,
  ];
}

/** More queues than this are only counted: there may be thousands. */
const MOST_NAMED = 10;

function untakenQueues(queues: readonly QueueInfo[], live: readonly WorkerStatus[]): string[] {
  const untaken = queues.flatMap((queue) => untakenTasks(queue, live));
  const more = untaken.length - MOST_NAMED;
  const rest = `${more} more queues have tasks that no live worker takes`;
  return [...untaken.slice(0, MOST_NAMED), ...(more > 0 ? [rest] : [])];
}

function untakenTasks(
  { queue, ready, scheduled, least = [], about = {} }: QueueInfo,
  live: readonly WorkerStatus[],
): readonly string[] {
  const waiting = ready + scheduled;
  const words = waiting === 0 ? null : untakenWords(queue, live);
  if (words === null) return [];
  const isLeast = least.includes("ready") || least.includes("scheduled");
  const isAbout = about.ready !== undefined || about.scheduled !== undefined;
  const count = `${isAbout ? "about " : ""}${waiting}${isLeast ? "+" : ""}`;
  const tasks = waiting === 1 ? "1 task waits" : `${count} tasks wait`;
  return [`${tasks}, and ${words}`];
}
