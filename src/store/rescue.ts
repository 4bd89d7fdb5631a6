/** The types of rescue: workers and threads that died, and the tasks that were put back. */
import type { Outcome } from "../outcome.ts";
import type { Claim, TaskState } from "../task.ts";

export interface NewWorker {
  readonly id: string;
  readonly pid: number;
  readonly threads: number;
  readonly queues: readonly string[];
  /** Called where others may have taken it for dead, or may do so soon: it ends what it runs, and goes on. */
  readonly missed?: (reason: string) => void;
  /** Called once the database is reached again: what it says of this worker's tasks may be from before the last commits. */
  readonly cameBack?: () => void;
}

/** How a thread ended, or why a live one gives its claims back. */
export interface ThreadDeath {
  /** The claim that it was running: it alone gets the reason, and may count a crash. Null: it ran none. */
  readonly running: Claim | null;
  readonly reason: string;
  /** Crashes after which the running task is set aside; null when the thread was stopped on purpose. */
  readonly maxCrashes: number | null;
  /** How the running task is settled where that is known: then it counts no crash. */
  readonly outcome?: Outcome | null;
  /** True where one of its tasks is to blame, and nobody knows which: each runs alone next time. */
  readonly suspectAll?: boolean;
}

/** A dead worker, and its tasks after they were put back. */
export interface Rescue {
  /** `pid` is null for a worker that is not registered any more. */
  readonly worker: { readonly id: string; readonly pid: number | null };
  readonly tasks: readonly RescuedTask[];
}

export interface RescuedTask {
  readonly id: number;
  readonly model: string;
  /** null: it calls a plain function. */
  readonly method: string | null;
  readonly queue: string;
  /** The beginning of the JSON text; null: it calls a plain function. */
  readonly instances: string | null;
  readonly ref: string | null;
  readonly attempt: number;
  readonly state: TaskState;
  /** True when this death counted as a crash of the task. */
  readonly crashed: boolean;
  readonly crashes: number;
}

/** The reasons of runs that died with their process: the end of such a run is when that was found. */
export const UNSEEN_DEATHS: readonly string[] = [
  "its worker process died",
  "its machine went down",
  "its database was restored",
];
