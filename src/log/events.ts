/**
 * The facts that tq reports. A payload is plain JSON data, so that it crosses threads by
 * `postMessage`; `log.ts` owns the words and the formats. Durations are milliseconds.
 */
import type { ErrorData, OutcomeKind } from "../outcome.ts";

/** The most urgent first: a log of one level has also those before it. */
export const LEVELS = ["error", "warn", "info", "debug"] as const;

export type Level = (typeof LEVELS)[number];

/** Which run of which task: what every event on a run carries. */
export interface TaskRun {
  readonly task: number;
  readonly attempt: number;
  readonly model: string;
  readonly method: string;
  readonly queue: string;
}

interface Payloads {
  "worker.started": {
    readonly worker: string;
    readonly threads: number;
    /** Names and patterns; empty: all queues. */
    readonly queues: readonly string[];
    readonly database: string;
    readonly models: string | null;
    /** What the setting `queue.worker` says: false means that other programs run their own tasks. */
    readonly mode: "worker" | "no worker";
  };
  "worker.stopping": { readonly reason: string; readonly grace: number };
  "worker.stopped": { readonly worker: string };
  /** A worker died; its running tasks are ready again. `pid` is the dead one's. */
  "worker.rescued": {
    readonly worker: string;
    readonly pid: number | null;
    readonly tasks: number;
  };
  "thread.replaced": { readonly thread: number; readonly reason: string };
  "task.started": TaskRun;
  "task.finished": TaskRun & { readonly duration: number };
  "task.failed": TaskRun & { readonly duration: number; readonly error: ErrorData };
  "task.retried": TaskRun & { readonly delay: number; readonly error: ErrorData };
  "task.interrupted": TaskRun & { readonly reason: string };
  "task.crashed": TaskRun & { readonly reason: string; readonly crashes: number };
  /** Set aside as failed: it took down its thread or worker too often. */
  "task.poisoned": TaskRun & { readonly crashes: number };
  "task.cancelled": { readonly task: number; readonly reason: string | null };
  /** A run ended after it had lost its claim: nothing of it was kept. */
  "task.late": TaskRun & { readonly outcome: OutcomeKind };
  /** Without a worker, a task with a schedule runs at once; `scheduledAt` is ms since 1970 UTC. */
  "task.inline": TaskRun & { readonly scheduledAt: number };
  /** Nobody else can write. */
  "lock.held": { readonly task: number; readonly thread: number; readonly duration: number };
  /** `url` has the port that was really taken; `token` is the path of the token's file. */
  "admin.listening": { readonly url: string; readonly token: string };
  "store.failed": { readonly database: string; readonly error: ErrorData };
  "store.recovered": { readonly database: string; readonly duration: number };
  /** `tq worker` runs although `queue.worker` is false. `file` is the tq.toml in use. */
  "config.worker_off": { readonly file: string | null };
  "log.note": { readonly level: Level; readonly message: string };
}

export type EventName = keyof Payloads;

/** A fact, told apart by its `name`. */
export type Event<N extends EventName = EventName> = {
  [K in N]: { readonly name: K } & Payloads[K];
}[N];

/** Takes a fact and returns at once; it never throws. */
export type Report = (event: Event) => void;

/** How urgent each fact is; a note says for itself. */
const EVENT_LEVELS: Record<Exclude<EventName, "log.note">, Level> = {
  "worker.started": "info",
  "worker.stopping": "info",
  "worker.stopped": "info",
  "worker.rescued": "warn",
  "thread.replaced": "info",
  "task.started": "debug",
  "task.finished": "info",
  "task.failed": "error",
  "task.retried": "warn",
  "task.interrupted": "warn",
  "task.crashed": "error",
  "task.poisoned": "error",
  "task.cancelled": "info",
  "task.late": "warn",
  "task.inline": "info",
  "lock.held": "warn",
  "admin.listening": "info",
  "store.failed": "error",
  "store.recovered": "info",
  "config.worker_off": "warn",
};

export function levelOf(event: Event): Level {
  return event.name === "log.note" ? event.level : EVENT_LEVELS[event.name];
}

/** True when a log of this level writes events of that one: what it leaves out need not be made. */
export function isLogged(level: Level, log: Level): boolean {
  return LEVELS.indexOf(level) <= LEVELS.indexOf(log);
}
