/** The facts that say what a task is doing, or why it does not run. */
import type { Attempt, Task } from "../task.ts";
import type { WorkerStatus } from "./looking.ts";
import type { Pause } from "./pauses.ts";
import type { OutputLine, TaskProgress } from "./task-output.ts";

/** Names one task. */
export type WantedTask = { readonly id: number } | { readonly ref: string };

/** Read without any lock, one after another. Times are ms since 1970 UTC. */
export interface Situation {
  readonly now: number;
  readonly task: Task;
  /** An earlier run may have killed its worker: it runs alone. */
  readonly suspect: boolean;
  /** A run, and not its pusher, chose when the task is due. */
  readonly putOff: boolean;
  /** The last run that ended without finishing it. */
  readonly lastRun: Pick<Attempt, "number" | "outcome" | "ended_at"> | null;
  /** All that are registered, programs that run their own tasks too. */
  readonly workers: readonly WorkerStatus[];
  /** The ids of those whose process is stopped (SIGSTOP), as far as this host can tell. */
  readonly stopped: readonly string[];
  /** The pauses that hold it, the oldest first: it waits for the end of each. */
  readonly pauses: readonly Pause[];
  /** null: the task does not run. */
  readonly run: PresentRun | null;
  /** Why no task can run, as the disk takes no writes; null, or left out: it takes them. */
  readonly blocked?: string | null;
  /** Has locked the row of the task, so that no worker takes it, or a row that its run waits for; null, or left out: nobody. */
  readonly locker?: Locker | null;
  /** null: the task is not ready, nor due, or no live worker takes its queue. */
  readonly place: Place | null;
}

/** A transaction that others wait for, on the server of the database. */
export interface Locker {
  /** Of its connection on the server; 0: it is a prepared transaction, which has none. */
  readonly pid: number;
  /** How it lists itself: `psql`. */
  readonly program: string;
  readonly role: string;
  /** For so many ms it has been open; null: its role hides that. */
  readonly age: number | null;
  /** The task that runs in it; null: none of a worker. */
  readonly task: number | null;
}

export interface PresentRun {
  readonly worker: string;
  readonly thread: number;
  /** Other tasks that the thread has claimed: it runs one of all of them. */
  readonly others: number;
  /** True where the run has said something, so it has begun. */
  readonly isHeard: boolean;
  readonly progress: TaskProgress | null;
  readonly lastLine: OutputLine | null;
}

/** Where a task stands for the live worker that has the fewest tasks before it. */
export interface Place {
  /** Tasks that this worker takes before it. Of a suspect: the suspects. */
  readonly ahead: number;
  /** False: there are more, as counting millions takes long. */
  readonly isAll: boolean;
  /** Runs that ended in the queues of this worker meanwhile. */
  readonly ended: number;
  /** The ms in which they did. */
  readonly endedWithin: number;
  /** The threads of all workers that take its queue. */
  readonly threads: number;
  /** Those among them that hold tasks. */
  readonly busy: number;
  /** Of their runs the one that began first. */
  readonly longest: { readonly id: number; readonly dequeued_at: number } | null;
  /** Suspects that run, where each of these workers runs one: none of them takes another. */
  readonly suspects: readonly number[];
}
