/** Messages between the main thread and its threads. A run of a task needs none. */
import type { ModelCatalog } from "../catalog.ts";
import type { ModelCrons } from "../cron/merge.ts";
import type { Config } from "../settings/config.ts";
import { type ErrorCode, TqError } from "../errors.ts";
import type { LoadedCalls } from "../registry/signatures/signatures.ts";
import type { SaidPolicies } from "../registry/said-policies.ts";
import { callName } from "../task.ts";
import type { CurrentTask } from "../transaction/current-task.ts";
import type { ErrorData } from "../outcome.ts";
import type { StandardStream } from "../log/standard-stream.ts";
import type { Backup } from "../store/backup.ts";
import type { DeclaredFollowUps } from "../store/failure-store.ts";
import type { ThreadPart } from "../store/worker-store.ts";
import type { Claim } from "../task.ts";

/** The first message to a thread: all that it needs to work for itself. */
export interface Init {
  readonly type: "init";
  readonly config: Config;
  readonly models: readonly string[];
  /** The files of models that earlier threads have loaded. */
  readonly known: readonly string[];
  /** The models are to have all of these calls; null: they need not. */
  readonly keep: ModelCatalog | null;
  /** Earlier loads were disturbed. */
  readonly isLenient: boolean;
  readonly worker: string;
  readonly thread: number;
  /** The highest number of a thread. */
  readonly threads: number;
  readonly queues: readonly string[];
  readonly shared: SharedArrayBuffer;
  /** Where it counts its runs. */
  readonly counters: SharedArrayBuffer;
  /** Where it writes the worker's log. */
  readonly standardError: StandardStream;
  /** Where its models print. */
  readonly standardOutput: StandardStream;
  /** The events to which the program around the worker listens, and how many of this thread it has not read; null: none. */
  readonly events: { readonly listened: SharedArrayBuffer; readonly unread: Int32Array } | null;
  /** The main thread's store lends this to the thread's. */
  readonly store: ThreadPart;
}

/** The run of this claim should end by itself: its task was cancelled, or the worker's grace is nearly over. */
interface Abort {
  readonly type: "abort";
  readonly claim: Claim;
  readonly cause: "cancel" | "stop";
}

/** Instead of `Init`: the thread only makes a backup. */
export interface BackUp {
  readonly type: "back_up";
  readonly config: Config;
}

/** The only message of such a thread. */
export type BackedUp =
  | { readonly type: "backed_up"; readonly backup: Backup }
  | {
      readonly type: "backed_up";
      readonly backup?: never;
      readonly code: ErrorCode;
      readonly message: string;
    };

/**
 * Words cross threads faster than objects. "go": the worker is registered, so that tasks which a thread claims can be
 * rescued, and the thread has a place. "outdated": other threads run newer models.
 */
export type ToThread = Init | BackUp | Abort | "go" | "wake" | "stop" | "outdated";

/** Messages that `PoolThread` alone deals with. */
type OfThread =
  /** The thread loads this file of models next, which may take for ever; null: it has loaded all. */
  | { readonly type: "loading"; readonly file: string | null }
  /** The thread cannot use the server's database for this reason; null: it can. */
  | { readonly type: "outage"; readonly error: ErrorData | null }
  /** The system's number of the thread. */
  | { readonly type: "here"; readonly systemThread: number | null }
  /** Events that the program around the worker listens to, as a JSON list. */
  | { readonly type: "reported"; readonly events: string }
  /** A run has thrown this, and functions of its policy are asked, which may never return. */
  | { readonly type: "judging"; readonly run: Claim; readonly error: ErrorData }
  /**
   * The thread cannot settle what it ran, and not because of the database: a task has broken what the thread needs. That
   * is the one that its progress shows, or else one of a batch.
   */
  | { readonly type: "broken"; readonly reason: string; readonly isBatch: boolean };

export type FromThread = OfThread | ForPool;

/** The part of its models that decides on the recurring tasks of a worker. */
export interface CronModels {
  readonly catalog: ModelCatalog;
  readonly crons: readonly ModelCrons[];
}

/** The models of a thread, as it tells of them. */
export interface LoadedModels extends CronModels, LoadedCalls {
  readonly policies: SaidPolicies;
}

export interface Loaded extends LoadedModels {
  readonly type: "loaded";
  /** The main thread settles failures too: those of threads and workers that die. */
  readonly followUps: DeclaredFollowUps;
}

export type ForPool =
  | Loaded
  /** The models were edited while the thread loaded them: it may have parts of two versions. `files`: those it has loaded. */
  | { readonly type: "torn"; readonly edited: string; readonly files: readonly string[] }
  /** The models lack this call, which the worker has. */
  | { readonly type: "lacking"; readonly call: string }
  /** An error ends the thread. `task`: it was left behind, as by a timer, and another task may run now. */
  | {
      readonly type: "threw";
      readonly place: string | null;
      readonly task: Pick<CurrentTask, "id" | "model" | "method"> | null;
      /** True: no code tells which task has thrown it. */
      readonly mayBeOthers: boolean;
    }
  /** The models cannot be loaded, the database cannot be opened, or it failed while the thread stopped. */
  | { readonly type: "cannot_start"; readonly code: string; readonly error: ErrorData }
  /** The thread found the database lost for good: no later try would help. */
  | { readonly type: "lost"; readonly code: string; readonly error: ErrorData }
  /** The database stayed locked, maybe by a connection of the last task: that is `by`, where it ran by itself. */
  | { readonly type: "locked_out"; readonly by: Claim | null }
  /** The thread has nothing to do until it is woken. */
  | "idle"
  /** The thread has run as many tasks as it may, and has ended: it is to be replaced. */
  | "retired"
  /** The thread has stopped, as it was told. */
  | "stopped";

const WORDS: ReadonlySet<unknown> = new Set(["idle", "retired", "stopped"]);
/** An object, so that the compiler misses one that is left out. */
const TYPES = {
  here: true,
  reported: true,
  loading: true,
  loaded: true,
  torn: true,
  lacking: true,
  threw: true,
  cannot_start: true,
  lost: true,
  locked_out: true,
  broken: true,
  judging: true,
  outage: true,
} satisfies Record<Exclude<FromThread, string>["type"], true>;

/** False for what user code has posted from the thread. */
export function isFromThread(data: unknown): data is FromThread {
  if (typeof data === "string") return WORDS.has(data);
  return typeof data === "object" && data !== null && "type" in data && isType(data.type);
}

function isType(type: unknown): boolean {
  return typeof type === "string" && Object.hasOwn(TYPES, type);
}

/** The error that a thread sent as data. */
export function toTqError({ code, error }: { code: string; error: ErrorData }): TqError {
  return new TqError(code as ErrorCode, error.message);
}

/** Follows the error in the reason of a crash. */
export function threwWords({
  place,
  task,
}: Extract<FromThread, { readonly type: "threw" }>): string {
  const where = place === null ? "" : ` at ${place}`;
  if (task === null) return where;
  return `${where}; it was left behind by task ${task.id} (${callName(task.model, task.method)})`;
}

/** True for models of which nothing has changed that the main thread knows. */
export function isSameModels(one: LoadedModels | null, other: LoadedModels): boolean {
  if (one === null) return false;
  const known = ({ catalog, policies, crons }: LoadedModels) => ({ catalog, policies, crons });
  return Bun.deepEquals(known(one), known(other));
}
