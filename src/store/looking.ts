/** The types of what a store shows: queues, workers, its state, and the filters for lists of tasks. */
import type { KnownCall } from "../call-patterns.ts";
import type { Forecast } from "../statistics/forecast.ts";
import type { RunEnd } from "../statistics/counts.ts";
import type { RunSummary } from "../statistics/summary.ts";
import type { Task, TaskState } from "../task.ts";
import type { BackupRecord } from "./backup.ts";
import type { OldestReady } from "./measurements.ts";
import type { Pause } from "./pauses.ts";
import type { TaskProgress } from "./task-output.ts";

/** The parts of a filter that are read as they are given. */
export interface PlainFilter {
  readonly states?: readonly TaskState[];
  /** A name, or a pattern: `*` stands for any characters, `?` for one. */
  readonly queue?: string;
  /** A name or a pattern. */
  readonly model?: string;
  /** A name or a pattern. */
  readonly method?: string;
  /** Only the task with this ref. */
  readonly ref?: string;
  /** Only tasks whose ref begins with this text. A ref takes no pattern: it may have a `*` of its own. */
  readonly refStarts?: string;
  readonly user?: number;
  /** Text in the arguments, whatever its case. */
  readonly argsHave?: string;
  /** The error of a failed task, exactly: its first line counts, up to 300 characters. */
  readonly error?: string;
  /** Text in the reason, whatever its case. */
  readonly reasonHas?: string;
  /** Only ids above this one. */
  readonly after?: number;
  /** Only ids below this one: a list goes on from the last id of the one before. */
  readonly before?: number;
  readonly limit?: number;
}

/** A filter as it has been read: what is given must all hold. Times are ms since 1970 UTC. */
export interface ReadFilter extends PlainFilter {
  readonly pushedBefore?: number;
  readonly pushedAfter?: number;
  readonly endedBefore?: number;
  readonly endedAfter?: number;
  readonly where?: readonly PathCondition[];
  /** Of the scheduled tasks only those of which so many runs have ended: 1 leaves out those that wait for their first. */
  readonly scheduledAfterRuns?: number;
}

/** The parts of a task that a path begins with. The keyword arguments are the last one of `args`. */
export const PATH_ROOTS = ["args", "kwargs", "context", "instances", "result"] as const;

/** A condition on a value inside the call or the result of a task. */
export interface PathCondition {
  readonly root: (typeof PATH_ROOTS)[number];
  /**
   * Keys of objects, and places in lists. A key right behind `args` is one of any argument; without a path any of the
   * instances counts.
   */
  readonly path: readonly (string | number)[];
  /** JSON of the strings, numbers, true, false and null that the value may be. */
  readonly isOneOf?: readonly string[];
  /** The value is text that contains this one. */
  readonly has?: string;
}

/** Some of the tasks that match a filter: the newest of those that no part before it had. */
export interface Part<T> {
  /** Empty where none of those that were looked at match. */
  readonly found: readonly T[];
  /** All ids from this one up have been looked at; null: every one has. */
  readonly downTo: number | null;
}

/** A move of many tasks at once. */
export type ManyMove =
  | { readonly kind: "cancel"; readonly reason?: string }
  | { readonly kind: "retry" }
  | { readonly kind: "delete" }
  | ({ readonly kind: "place" } & Place);

/** Where a waiting task is moved to; what is not given stays. */
export interface Place {
  readonly queue?: string;
  readonly priority?: number;
  /** True: it runs now, though it is scheduled for later. */
  readonly now?: boolean;
}

/** How a task stands: what a wait for it looks at. */
export interface Standing extends Pick<Task, "id" | "state" | "attempts" | "reason"> {
  /** JSON of what the method returned; null: nothing, or the task has not finished. */
  readonly result: string | null;
  /** How far its present run is; null: it does not run, has said nothing, or was not asked for that. */
  readonly progress: TaskProgress | null;
}

/** The columns that tell failures with one cause from others. */
export interface FailedTask extends Pick<Task, "id" | "model" | "method"> {
  /** The beginning of their JSON: that of a plain function has none. */
  readonly instances: string;
  /** The beginning of a long one. */
  readonly reason: string | null;
  readonly finished_at: number;
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
  readonly calls: readonly KnownCall[];
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
  /** The version of the database's schema that it knows; null: an older build, which did not say. */
  readonly schema: number | null;
  /** Why it can run no task though it lives, as it last said; null: it can. */
  readonly trouble: string | null;
  /** Its threads that have loaded their models, as it last said; null: it has not said it. */
  readonly threads_ready: number | null;
  /** When the newest file of models that it has loaded was changed; null: it has not said it. */
  readonly models_at: number | null;
}

/** The states of which the tasks of a queue are counted. */
export const COUNTED_STATES = ["scheduled", "ready", "running", "failed"] as const;

export type CountedState = (typeof COUNTED_STATES)[number];

export interface QueueInfo extends Readonly<Record<CountedState, number>> {
  readonly queue: string;
  /** True: there may be more tasks than some of the numbers say, as counting millions takes long. */
  readonly at_least?: true;
  /** The states of those numbers. */
  readonly least?: readonly CountedState[];
  /** The numbers that are not of now: when a worker has counted them, in ms since 1970 UTC. */
  readonly about?: Readonly<Partial<Record<CountedState, number>>>;
}

export interface QueueStatus extends QueueInfo {
  /** True: a live worker takes tasks of the queue. */
  readonly served: boolean;
  /** True: a pause holds the whole queue. */
  readonly paused: boolean;
  /** Foretells its ready tasks, at the present rate; left out where none is known. */
  readonly forecast?: Forecast;
}

/** The tasks of one queue that ended in the last minute, and still are there. */
export interface QueueMinute {
  readonly queue: string;
  /** Of many thousands about as many. */
  readonly ended: number;
}

/** The runs of one queue in the last hour. */
export interface QueueHour
  extends Record<RunEnd, number>, Pick<RunSummary, "wait" | "late_start" | "late_end"> {
  readonly queue: string;
}

/** How many tasks of the queue ended in that hour. */
export function endedIn({ finished, failed, cancelled }: QueueHour): number {
  return finished + failed + cancelled;
}

export interface StoreStatus {
  /** The path of the file, or the server and the database on it. */
  readonly path: string;
  readonly schema: number;
  readonly durability: "full" | "normal";
  /** In bytes, as the next two: of the file, or of the tables of tq with their indexes. */
  readonly file_size: number;
  /** null: the database has no file of its own for that, as the next one. */
  readonly wal_size: number | null;
  readonly free_size: number | null;
  readonly queues: readonly QueueStatus[];
  /** The oldest first. */
  readonly pauses: readonly Pause[];
  /** The free bytes of the disk; null where the system, or the server, does not tell. */
  readonly free_disk: number | null;
  /** The task, ready or due, that could run the longest ago, as far as it is found; null: none is ready, or a pause holds them. */
  readonly oldest_ready: OldestReady | null;
  /** How its backups went; null: none was made, and no worker was told to make any. */
  readonly backup: BackupRecord | null;
  /** Tasks that failed for good in the last hour, and still are failed. */
  readonly failed_lately: number;
  /** The runs of the last hour: a queue appears once its first minute is over. */
  readonly last_hour: readonly QueueHour[];
  /** The queues of which tasks ended in the last minute, also in the present one. */
  readonly last_minute: readonly QueueMinute[];
  readonly workers: readonly WorkerStatus[];
}

/** The queues with tasks that are to run now, ready or due, and the workers that may take them. */
export interface Waiting {
  /** Those that no pause holds; many thousands are not all named. */
  readonly queues: readonly string[];
  readonly workers: readonly WorkerStatus[];
}

/** A dead worker is listed until another one has put its tasks back. */
export interface WorkerStatus extends WorkerInfo {
  readonly alive: boolean;
  /** True: it may be dead, as its proof of life cannot be seen from here: this user may not read it, or asks a standby. */
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
  /** When the next pause ends by itself; null: none does, or no ready task was to be counted. */
  readonly pauseEnds: number | null;
  /** When the next scheduled task of any queue is due, in ms since 1970 UTC; null: none is scheduled. */
  readonly due: number | null;
  /** True when another worker holds tasks. */
  readonly othersHoldTasks: boolean;
}
