/** The things that a thread works with, and the claims that change hands with a round's commit. */
import type { RunCounters } from "../shared-memory/run-counters.ts";
import type { Progress } from "../shared-memory/progress.ts";
import type { Audience } from "../log/audience.ts";
import type { ErrorData } from "../outcome.ts";
import type { Owner } from "../store/session.ts";
import type { Policy } from "../policies/table.ts";
import type { Redaction } from "../redaction/redaction.ts";
import type { ClaimedTask } from "../task.ts";
import type { RunningTask } from "../transaction/current-task.ts";
import type { Runtime } from "../transaction/runtime.ts";
import type { Policies } from "../registry/policies.ts";
import type { QuickMethods } from "./quick-methods.ts";
import type { ThreadOutput } from "./thread-output.ts";

export interface ThreadRuntime extends Runtime {
  readonly methods: QuickMethods;
  readonly policies: Policies;
  readonly progress: Progress;
  /** Counts the runs, for the statistics. */
  readonly counters?: RunCounters;
  readonly owner: Owner;
  readonly queues: readonly string[];
  /** Which events are taken. */
  readonly audience: Audience;
  /** The secrets of tasks that its log must not say. */
  readonly redaction: Redaction;
  /** Keeps the output of the runs. */
  readonly output: ThreadOutput;
  /** The run that began last. */
  readonly present: PresentRun;
  /** Called where the thread cannot use the database, and with null where it can; absent: its log says so. */
  readonly outage?: (error: ErrorData | null) => void;
  /** Called with the tasks that the runs pushed, once they are committed. */
  readonly pushed?: (ids: readonly number[]) => void;
  /** Called with what a method has thrown, before that becomes data, and before its policy is asked. */
  readonly threw?: (error: unknown, run: ClaimedTask, policy: Policy) => void;
  /**
   * Called where no model here has the method of a task. True: other threads of the worker have newer models, and this
   * one runs no more tasks.
   */
  readonly leaveToNewer?: () => boolean;
  /** Called then too. How the models on the disk differ from those here, in words; null: they are the same. */
  readonly newerOnDisk?: () => string | null;
  /** Called where those have not helped. The id of another live worker that has the method of a task; null: none has. */
  readonly otherWorker?: (task: ClaimedTask) => Promise<string | null>;
}

/** Holds the run that a thread began last, so that the main thread can tell it to end. */
interface PresentRun {
  task: RunningTask | null;
}

/** How a round's commit changes the thread's claims. */
export interface RoundEnd {
  /** Claims to give back: they would wait too long here. */
  readonly handBack: readonly ClaimedTask[];
  /** How many tasks to claim at most; 0: none. */
  readonly claimUpTo: number;
}
