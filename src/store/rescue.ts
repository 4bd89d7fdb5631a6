/** Workers that come and go, and what becomes of the tasks of dead ones. */
import type { Claim, TaskState } from "../task.ts";

export interface NewWorker {
  readonly id: string;
  readonly pid: number;
  readonly threads: number;
  readonly queues: readonly string[];
}

/** How a thread ended, and which of its claims it was running. */
export interface ThreadDeath {
  readonly running: Claim | null;
  readonly reason: string;
  /** Crashes after which the running task is set aside; null when the thread was stopped on purpose. */
  readonly maxCrashes: number | null;
}

/** A dead worker, and what became of its tasks. */
export interface Rescue {
  /** `pid` is null where nobody knows any more. */
  readonly worker: { readonly id: string; readonly pid: number | null };
  readonly tasks: readonly RescuedTask[];
}

export interface RescuedTask {
  readonly id: number;
  readonly model: string;
  readonly method: string;
  readonly queue: string;
  readonly attempt: number;
  readonly state: TaskState;
  /** True for the one that counted a crash. */
  readonly crashed: boolean;
  readonly crashes: number;
}
