/**
 * The events that tq reports. A payload is plain JSON data, which the log writes as it is in JSON lines; `words.ts`
 * says it in a sentence. Durations are milliseconds.
 */
import type { ErrorData, OutcomeKind } from "../outcome.ts";

/** The most urgent first: a log of one level also has the events of those before it. */
export const LEVELS = ["error", "warn", "info", "debug"] as const;

export type Level = (typeof LEVELS)[number];

/** The run that an event is about. */
export interface TaskRun {
  readonly task: number;
  /** 0: the task expired before its first run. */
  readonly attempt: number;
  readonly model: string;
  /** null: the task calls a plain function, whose name `model` is. */
  readonly method: string | null;
  readonly queue: string;
  /** JSON text, cut where it is long; null: the task calls a plain function. */
  readonly instances: string | null;
  /** The text that the push gave the task, cut where it is long; null: none. */
  readonly ref: string | null;
}

interface Payloads {
  "worker.started": {
    readonly worker: string;
    readonly threads: number;
    /** Names and patterns; an empty list means all queues. */
    readonly queues: readonly string[];
    readonly database: string;
    readonly models: string | null;
    /** "no worker" where the setting `queue.worker` is false: other programs then run their own tasks. */
    readonly mode: "worker" | "no worker";
  };
  /** `grace` is what the running tasks have to end. */
  "worker.stopping": { readonly reason: string; readonly grace: number; readonly running: number };
  "worker.stopped": { readonly worker: string };
  /** A worker died, and its tasks were put back, or set aside as failed; `pid` was its process id. */
  "worker.rescued": {
    readonly worker: string;
    readonly pid: number | null;
    readonly tasks: number;
    /** The ids of the first 20 of them. */
    readonly ids: readonly number[];
  };
  "thread.replaced": { readonly thread: number; readonly reason: string };
  /** The models on the disk are not those that the worker goes on with. */
  "models.changed": { readonly reason: string };
  /** The threads load the models anew, one after another. */
  "models.loading": { readonly reason: string };
  /** All threads have the new models. */
  "models.loaded": Record<never, never>;
  /** The new models cannot be loaded: the threads go on with those that they have. `message` says why. */
  "models.refused": { readonly message: string };
  "task.started": TaskRun;
  "task.finished": TaskRun & {
    readonly duration: number;
    /** Why the method was not called; null where it was. */
    readonly reason: string | null;
  };
  "task.failed": TaskRun & { readonly duration: number; readonly error: ErrorData };
  /** Its policy allows another attempt, after `delay`. */
  "task.retried": TaskRun & { readonly delay: number; readonly error: ErrorData };
  /** Its method asked for a later run. */
  "task.snoozed": TaskRun & { readonly delay: number; readonly reason: string | null };
  /** An error of the database put it off. */
  "task.postponed": TaskRun & { readonly delay: number; readonly error: ErrorData };
  "task.interrupted": TaskRun & { readonly reason: string };
  "task.crashed": TaskRun & { readonly reason: string; readonly crashes: number };
  /** The task took down its thread or worker too often, and is set aside as failed. */
  "task.poisoned": TaskRun & { readonly crashes: number };
  /** It was cancelled while it ran, or its method said so. */
  "task.cancelled": TaskRun & { readonly reason: string | null };
  /** A run lost its claim before it ended; of its work only what it had committed before stays. */
  "task.late": TaskRun & { readonly outcome: OutcomeKind };
  /**
   * Code that the task's method does not await failed after the task had ended, or pushed then. `place`: the line of that
   * code.
   */
  "task.stray": TaskRun & {
    readonly kind: "failed" | "pushed";
    readonly place: string | null;
    readonly error: ErrorData;
  };
  /** Without a worker, a scheduled task runs at once; `scheduledAt` is ms since 1970 UTC. */
  "task.inline": TaskRun & { readonly scheduledAt: number };
  /**
   * A task has held the write lock for long: no other task or program can write. On a server it has kept a transaction open,
   * and with that the rows that it has written.
   */
  "lock.held": {
    readonly task: number;
    readonly thread: number;
    readonly duration: number;
    readonly kept: "write lock" | "rows";
  };
  /** A slot of a recurring task has come, and its task is pushed. `slot` is ms since 1970 UTC. */
  "cron.pushed": {
    readonly cron: string;
    readonly slot: number;
    readonly task: number | null;
    /** Why it comes late; null: it does not. */
    readonly reason: string | null;
  };
  /** Slots of a recurring task have come, and their tasks wait or are left out. */
  "cron.passed": {
    readonly cron: string;
    /** The last one. */
    readonly slot: number;
    /** The first one; null: there is no other. */
    readonly firstSlot: number | null;
    readonly outcome: "waiting" | "skipped" | "paused" | "missed";
    readonly reason: string | null;
  };
  /** People were told of failures; `ids` are those of the first 10 tasks. */
  "alert.sent": {
    readonly channel: "command" | "url";
    readonly count: number;
    readonly ids: readonly number[];
    readonly duration: number;
  };
  /** People were not told of failures: the worker tries again after `delay`. */
  "alert.failed": {
    readonly channel: "command" | "url";
    readonly count: number;
    readonly ids: readonly number[];
    readonly reason: string;
    readonly delay: number;
  };
  /** `url` has the port that is in use; `token` is the path of the token's file. */
  "admin.listening": { readonly url: string; readonly token: string };
  /** There was no queue at this path, and a new one was made. */
  "store.made": {
    readonly database: string;
    readonly found: "nothing" | "an empty file" | "no schema tq";
  };
  "store.failed": { readonly database: string; readonly error: ErrorData };
  "store.recovered": { readonly database: string; readonly duration: number };
  /**
   * A worker runs although `queue.worker` is false. `file`: the tq.toml in use; `embedded`: `startWorker` started it;
   * `origin`: where the setting comes from, as in `tq config`.
   */
  "config.worker_off": {
    readonly file: string | null;
    readonly embedded: boolean;
    readonly origin: string;
  };
  "log.note": { readonly level: Level; readonly message: string };
}

export type EventName = keyof Payloads;

/** One event, told apart by its `name`. */
export type Event<N extends EventName = EventName> = {
  [K in N]: { readonly name: K } & Payloads[K];
}[N];

/** The name of an event of a worker: a program that runs its own tasks alone has `task.inline`. */
export type WorkerEventName = Exclude<EventName, "task.inline">;

/** An event of a worker or of one of its threads, as `report` of `startWorker` and the listeners of `worker.on` get it. */
export type WorkerEvent<N extends WorkerEventName = WorkerEventName> = Event<N>;

/** Receives an event. It returns at once and never throws. */
export type Report = (event: Event) => void;

/** The level of each event; a note carries its own. */
export const EVENT_LEVELS: Record<Exclude<EventName, "log.note">, Level> = {
  "worker.started": "info",
  "worker.stopping": "info",
  "worker.stopped": "info",
  "worker.rescued": "warn",
  "thread.replaced": "info",
  "models.changed": "warn",
  "models.loading": "info",
  "models.loaded": "info",
  "models.refused": "error",
  "task.started": "debug",
  "task.finished": "info",
  "task.failed": "error",
  "task.retried": "warn",
  "task.snoozed": "info",
  "task.postponed": "warn",
  "task.interrupted": "warn",
  "task.crashed": "error",
  "task.poisoned": "error",
  "task.cancelled": "info",
  "task.late": "warn",
  "task.stray": "warn",
  "task.inline": "info",
  "cron.pushed": "info",
  "cron.passed": "warn",
  "lock.held": "warn",
  "alert.sent": "info",
  "alert.failed": "error",
  "admin.listening": "info",
  "store.made": "info",
  "store.failed": "error",
  "store.recovered": "info",
  "config.worker_off": "warn",
};

export function levelOf(event: Event): Level {
  if (event.name === "log.note") return event.level;
  if (event.name === "task.finished" && event.reason !== null) return "warn";
  return EVENT_LEVELS[event.name];
}

/** True when a log of level `log` writes events of `level`: an event that it leaves out need not be made. */
export function isLogged(level: Level, log: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(log);
}
