/** The words of each event in the lines of the log. */
import { callName, DEFAULT_QUEUE } from "../task.ts";
import { formatDuration } from "../values/duration.ts";
import type { Event, EventName, TaskRun } from "./events.ts";
import { errorWords, type OutcomeKind } from "../outcome.ts";

type Words = { [N in EventName]: (event: Event<N>) => string };

const WORDS: Words = {
  "worker.started": ({ worker, threads, queues, database, models, mode }) =>
    line(
      `worker ${worker} started`,
      count(threads, "thread"),
      `queues ${queues.length === 0 ? "all" : queues.join(", ")}`,
      `database ${database}`,
      `models ${models ?? "none"}`,
      `mode ${mode}`,
    ),
  "worker.stopping": ({ reason, grace, running }) =>
    running === 0 || grace === 0
      ? `worker stops: ${reason}`
      : `worker stops: ${reason}; ${count(running, "running task has", "running tasks have")} ${formatDuration(grace)} to end`,
  "worker.stopped": ({ worker }) => `worker ${worker} stopped`,
  "worker.rescued": ({ worker, pid, tasks, ids }) =>
    `worker ${worker}${pid === null ? "" : ` (pid ${pid})`} died: ${count(tasks, "task")} put back${rescuedWords(tasks, ids)}`,
  "thread.replaced": ({ thread, reason }) => `thread ${thread} replaced: ${reason}`,
  "models.changed": ({ reason }) =>
    `the models are others than this worker has loaded, with which it goes on: ${reason}; SIGHUP has tq worker load them, worker.reload() the worker of a program`,
  "models.loading": ({ reason }) => `loading the models again: ${reason}`,
  "models.loaded": () => "the models are loaded: all threads have them",
  "models.refused": ({ message }) =>
    `the new models cannot be loaded, and this worker goes on with those that it has: ${message}`,
  "task.started": (event) => line(`task ${event.task} started`, ...run(event)),
  "task.finished": (event) =>
    line(
      `task ${event.task} finished`,
      ...run(event),
      formatDuration(event.duration),
      ...(event.reason === null ? [] : [event.reason]),
    ),
  "task.failed": (event) =>
    line(
      `task ${event.task} failed`,
      ...run(event),
      formatDuration(event.duration),
      errorWords(event.error),
    ),
  "task.retried": (event) =>
    line(
      `task ${event.task} failed, and is tried again in ${formatDuration(event.delay)}`,
      ...run(event),
      errorWords(event.error),
    ),
  "task.snoozed": (event) =>
    line(
      `task ${event.task} snoozes for ${formatDuration(event.delay)}`,
      ...run(event),
      ...(event.reason === null ? [] : [event.reason]),
    ),
  "task.postponed": (event) =>
    line(
      `task ${event.task} is put off for ${formatDuration(event.delay)} by an error of the database`,
      ...run(event),
      errorWords(event.error),
    ),
  "task.interrupted": (event) =>
    line(`task ${event.task} interrupted and put back: ${event.reason}`, ...run(event)),
  "task.crashed": (event) =>
    line(`task ${event.task} crashed: ${event.reason}`, ...run(event), `crash ${event.crashes}`),
  "task.poisoned": (event) =>
    line(
      `task ${event.task} set aside as failed after ${count(event.crashes, "crash", "crashes")}`,
      ...run(event),
    ),
  "task.cancelled": (event) =>
    line(
      `task ${event.task} cancelled${event.reason === null ? "" : `: ${event.reason}`}`,
      ...run(event),
    ),
  "task.late": (event) =>
    line(
      `task ${event.task} was cancelled or given to another worker while it ran; the work of this run was discarded; what it had committed before stays`,
      ...run(event),
      `it would have ${LATE[event.outcome]}`,
    ),
  "task.stray": (event) =>
    line(
      event.kind === "pushed"
        ? `task ${event.task} pushed after its end, when no claim guards the push; await it in the method`
        : `task ${event.task} left work behind that failed after its end; await it in the method`,
      ...run(event),
      ...(event.place === null ? [] : [`at ${event.place}`]),
      ...(event.kind === "pushed" ? [] : [errorWords(event.error)]),
    ),
  "task.inline": (event) =>
    line(
      `task ${event.task} runs now although it is scheduled for ${new Date(event.scheduledAt).toISOString()}: queue.worker is false`,
      ...run(event),
    ),
  "cron.pushed": ({ cron, slot, task, reason }) =>
    line(
      `recurring task ${cron} pushed task ${task}`,
      slotWords(slot),
      ...(reason === null ? [] : [reason]),
    ),
  "cron.passed": ({ cron, slot, firstSlot, outcome, reason }) =>
    line(
      `recurring task ${cron} ${PASSED[outcome]}`,
      firstSlot === null ? slotWords(slot) : slotsWords(firstSlot, slot),
      ...(reason === null ? [] : [reason]),
    ),
  "lock.held": ({ task, duration, kept }) => {
    const time = formatDuration(duration);
    const what =
      kept === "rows"
        ? `kept a transaction open for ${time}: others wait for the rows that it has written, and the server cannot clean up what has ended since`
        : `held the write lock for ${time} and holds up all others`;
    return `task ${task} has ${what}; call Transaction.current.commit() before it waits, or let it run outside any transaction (transaction: false)`;
  },
  "alert.sent": ({ channel, count: failures, ids, duration }) =>
    line(
      `alert sent by ${ALERTS[channel]}`,
      `${count(failures, "failure")}${rescuedWords(failures, ids)}`,
      formatDuration(duration),
    ),
  "alert.failed": ({ channel, count: failures, ids, reason, delay }) =>
    line(
      `alert failed: ${ALERTS[channel]} has told nobody, and is tried again in ${formatDuration(delay)}`,
      `${count(failures, "failure")}${rescuedWords(failures, ids)}`,
      reason,
    ),
  "admin.listening": ({ url, token }) =>
    line(`admin API listens on ${url}`, `token in ${token}`, ...reachWords(url)),
  "store.made": ({ database, found }) =>
    found === "no schema tq"
      ? `made a new, empty queue in ${database}: it had ${found}`
      : `made a new, empty database ${database}: there was ${found}`,
  "store.failed": ({ database, error }) => line(`${database} cannot be used`, errorWords(error)),
  "store.recovered": ({ database, duration }) =>
    `${database} can be used again after ${formatDuration(duration)}`,
  "config.worker_off": ({ file, embedded, origin }) => {
    const cure = origin.startsWith("TQ_")
      ? `${origin} says so; set it to true, or unset it,`
      : `set [queue] worker = true in ${file ?? "tq.toml"}`;
    return `queue.worker is false: ${embedded ? PUSHED_HERE : PUSHED_ELSEWHERE}; ${cure} to have ${embedded ? "workers" : "it"} run all tasks`;
  },
  "log.note": ({ message }) => message,
};

/** An event as one sentence, its fields two spaces apart. */
export function eventWords<N extends EventName>(event: Event<N>): string {
  const words = WORDS[event.name] as (event: Event<N>) => string;
  return words(event);
}

const ALERTS: Record<Event<"alert.sent">["channel"], string> = {
  command: "the command",
  url: "the URL",
};

const PASSED: Record<Event<"cron.passed">["outcome"], string> = {
  waiting: "waits",
  skipped: "is left out",
  paused: "is paused",
  missed: "missed its time",
};

function slotsWords(first: number, last: number): string {
  return `slots ${new Date(first).toISOString()} to ${new Date(last).toISOString()}`;
}

function slotWords(slot: number): string {
  return `slot ${new Date(slot).toISOString()}`;
}

const PUSHED_ELSEWHERE =
  "this worker runs only tasks pushed by SQL or HTTP and tasks left by dead programs, as programs run their own";

const PUSHED_HERE =
  "this program leaves its tasks to its worker only while that runs; it runs those itself that it pushes before the start or after the stop, as other programs do with theirs";

const LATE: Record<OutcomeKind, string> = {
  finished: "finished",
  failed: "failed",
  retry: "been tried again",
  snoozed: "snoozed",
  cancelled: "cancelled itself",
  postponed: "been put off",
  interrupted: "been interrupted",
};

function line(...parts: string[]): string {
  return parts.join("  ");
}

/** Few know how to reach a socket file. */
function reachWords(url: string): string[] {
  if (!url.startsWith("unix:")) return [];
  return [`try curl --unix-socket ${url.slice("unix:".length)} http://localhost/healthz`];
}

/** The default queue is not named: most tasks are in it. */
function run({ model, method, instances, ref, queue, attempt }: TaskRun): string[] {
  const call = callName(model, method);
  return [
    instances === null ? call : `${call} ${instances}`,
    ...(ref === null ? [] : [`ref ${ref}`]),
    ...(queue === DEFAULT_QUEUE ? [] : [`queue ${queue}`]),
    ...(attempt === 0 ? [] : [`run ${attempt}`]), // it expired before
  ];
}

function count(number: number, noun: string, plural = `${noun}s`): string {
  return `${number} ${number === 1 ? noun : plural}`;
}

function rescuedWords(tasks: number, ids: readonly number[]): string {
  if (ids.length === 0) return "";
  return `: ${ids.join(", ")}${tasks > ids.length ? ", …" : ""}`;
}
