/** The types of what a store shows: queues, workers, its state, and the filters for lists of tasks. */
import type { Forecast } from "../statistics/forecast.ts";
import type { RunEnd } from "../statistics/counts.ts";
import type { RunSummary } from "../statistics/summary.ts";
import type { Task, TaskState } from "../task.ts";
import type { TaskProgress } from "./task-output.ts";

export interface TaskFilter {
  readonly states?: readonly TaskState[];
  readonly queue?: string;
  readonly model?: string;
  /** Only the task with this ref. */
  readonly ref?: string;
  /** Only ids below this one: a list goes on from the last id of the one before. */
  readonly before?: number;
  readonly limit?: number;
}

/** How a task stands: what a wait for it looks at. */
export interface Standing extends Pick<Task, "id" | "state" | "attempts" | "reason"> {
  /** JSON of what the method returned; null: nothing, or the task has not finished. */
  readonly result: string | null;
  /** How far its present run is; null: it does not run, has said nothing, or was not asked for that. */
  readonly progress: TaskProgress | null;
}

/** The tasks that a list has left out. */
export interface Rest {
  readonly count: number;
  /** False: there may be more, as counting millions takes long. */
  readonly isAll: boolean;
}

/** The names that the newest tasks have, as reading millions takes long. */
export interface TaskNames {
  readonly queues: readonly string[];
  readonly models: readonly string[];
}

/** The tasks that are cancelled or retried by hand. */
export interface MoveFilter extends Pick<TaskFilter, "queue" | "model"> {
  readonly states: readonly TaskState[];
}

export interface CleanOptions {
  /** Finished and cancelled tasks that ended before this time. */
  readonly finishedBefore: number;
  /** Failed tasks that ended before this time. */
  readonly failedBefore: number;
  readonly limit: number;
}

/** A worker process that has registered: alive while the operating system holds its lock. */
export interface WorkerInfo {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly started_at: number;
  readonly threads: number;
  readonly queues: readonly string[];
  /** Tasks that it holds: running, or claimed and not begun. */
  readonly running: number;
  /** The build of tq; null: an older one, which did not say. */
  readonly version: string | null;
  /** Why it can run no task though it lives, as it last said; null: it can. */
  readonly trouble: string | null;
}

export interface QueueInfo {
  readonly queue: string;
  readonly scheduled: number;
  readonly ready: number;
  readonly running: number;
  readonly failed: number;
  /** True: the queue has more ready tasks than `ready` says, as counting millions takes long. */
  readonly at_least?: true;
}

export interface QueueStatus extends QueueInfo {
  /** True: a live worker takes tasks of the queue. */
  readonly served: boolean;
  /** What becomes of its ready tasks, at the present rate; left out where none is known. */
  readonly forecast?: Forecast;
}

/** The runs of one queue in the last hour. */
export interface QueueHour
  extends Record<RunEnd, number>, Pick<RunSummary, "wait" | "late_start" | "late_end"> {
  readonly queue: string;
}

export interface StoreStatus {
  readonly path: string;
  readonly schema: number;
  readonly durability: "full" | "normal";
  /** In bytes, as the next two. */
  readonly file_size: number;
  readonly wal_size: number;
  readonly free_size: number;
  readonly queues: readonly QueueStatus[];
  /** The runs of the last hour: a queue appears once its first minute is over. */
  readonly last_hour: readonly QueueHour[];
  readonly workers: readonly WorkerStatus[];
}

/** A dead worker is listed until another one has put its tasks back. */
export interface WorkerStatus extends WorkerInfo {
  readonly alive: boolean;
  /** True: it may be dead, as this user may not read its proof of life. */
  readonly unsure?: true;
}

export interface LookOptions {
  /** Queue names and patterns; empty: every queue. */
  readonly queues: readonly string[];
  /** Ready tasks are counted up to this number; 0 counts none, which costs nothing. */
  readonly limit: number;
  /** The worker that looks. */
  readonly worker: string;
}

export interface Look {
  /** Ready tasks that this worker could claim now: it runs one suspect at a time. */
  readonly ready: number;
  /** When the next scheduled task of any queue is due, in ms since 1970 UTC; null: none is scheduled. */
  readonly due: number | null;
  /** True when more tasks are due than one claim makes ready: the rest are not in order yet. */
  readonly isCrowdDue: boolean;
  /** True when another worker holds tasks. */
  readonly othersHoldTasks: boolean;
}
