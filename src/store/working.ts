/** The tasks that the threads of all workers hold now. */
import { callName, type Task } from "../task.ts";
import type { WorkerStatus } from "./looking.ts";
import type { Owner } from "./session.ts";
import type { TaskProgress } from "./task-output.ts";

/** A thread that holds tasks. A program that runs its own tasks has one thread. */
export interface BusyThread extends Owner {
  /** The task that it runs; of several that have said nothing, the first one that it claimed. */
  readonly task: Pick<Task, "id" | "queue" | "model" | "method" | "dequeued_at">;
  /** True where the task calls a plain function. */
  readonly isFunction: boolean;
  /** False: it may run one of the others, as none of them has said anything. */
  readonly isSure: boolean;
  /** Other tasks that it has claimed: it runs them one after another. */
  readonly others: number;
  /** How far the run is, as it said last; null: it said nothing. */
  readonly progress: TaskProgress | null;
}

export interface Working {
  /** All that are registered, programs that run their own tasks too. */
  readonly workers: readonly WorkerStatus[];
  /** By worker and thread. */
  readonly threads: readonly BusyThread[];
  /** True: more tasks are claimed than were looked at. */
  readonly at_least?: true;
}

/** The run of a busy thread, as people and the API see it. */
export interface ThreadRun {
  readonly thread: number;
  /** The id of the task. */
  readonly task: number;
  /** `sale.process`, or the name of a function. */
  readonly call: string;
  readonly queue: string;
  /** In ms since 1970 UTC. */
  readonly since: number | null;
  /** False: it may run one of the others. */
  readonly sure: boolean;
  /** Further tasks that it has claimed. */
  readonly others: number;
  readonly progress: TaskProgress | null;
}

export interface WorkerRuns extends WorkerStatus {
  /** Those of its busy threads; all others are idle. */
  readonly runs: readonly ThreadRun[];
}

export function withRuns({ workers, threads }: Working): WorkerRuns[] {
  const byWorker = Map.groupBy(threads, ({ worker }) => worker);
  return workers.map((one) => ({ ...one, runs: (byWorker.get(one.id) ?? []).map(runOf) }));
}

function runOf({ thread, task, isFunction, isSure, others, progress }: BusyThread): ThreadRun {
  const { id, model, method, queue, dequeued_at: since } = task;
  const call = callName(model, isFunction ? null : method);
  return { thread, task: id, call, queue, since, sure: isSure, others, progress };
}
