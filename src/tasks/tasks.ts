/** `tasks`: looks at tasks, waits for them, retries and cancels them, in any program. */
import type { Pause } from "../store/pauses.ts";
import type { Attempt, Task, TaskError } from "../task.ts";
import { type Runtime, runtime } from "../transaction/runtime.ts";
import { Transaction } from "../transaction/transaction.ts";
import { attemptsOf, errorsOf, getTask, getTaskByRef, listTasks } from "./look.ts";
import type { TaskFilter } from "./filter.ts";
import { cancelMatching, cancelTask, retryMatching, retryTask } from "./moves.ts";
import { pause, type PauseOptions, type Pausing, resume } from "./pauses.ts";
import { resultOf } from "./result.ts";
import type { ResultOptions, WatchOptions } from "./wait-options.ts";
import { watchTask, type WatchedTask } from "./watch.ts";
import type { Why } from "./why/explanation.ts";
import { whyTask } from "./why/why-task.ts";

/**
 * Looks read what is committed, and take no lock. A task that they show as ended is so on disk. What is wrong with an
 * argument is a TqError "invalid".
 */
export interface Tasks {
  /** The task; null where there is none: it may have been cleaned. */
  get(this: void, id: number): Promise<Task | null>;
  /** The task that has this ref. */
  getByRef(this: void, ref: string): Promise<Task | null>;
  /**
   * The tasks that match, the newest first, 100 of them unless `limit` says another number.
   *
   * @example await tasks.list({ states: ["failed"], queue: "mail", where: { "args.order": 4711 } });
   */
  list(this: void, filter?: TaskFilter): Promise<Task[]>;
  /** The runs of a task, the first one first: the last 100 of them. */
  attempts(this: void, id: number): Promise<Attempt[]>;
  /** The errors of a task, the latest last. */
  errors(this: void, id: number): Promise<TaskError[]>;
  /**
   * What the task is doing, or why it does not run, as `tq why` says it; null where there is no such task.
   *
   * @example const { cause, sentence, command } = (await tasks.why(id)) ?? {};
   */
  why(this: void, id: number): Promise<Why | null>;
  /**
   * Waits until the task has ended, through all its retries, in whichever process it runs.
   *
   * @returns what its method returned, as JSON carries it; undefined where it returned nothing.
   * @throws TaskFailedError when the task failed or was cancelled, TimeoutError when the timeout passes,
   * ResultNotKeptError when what its method returned cannot be kept; TqError "not_found" when there is no such task, and
   * "conflict" inside a task or a transaction, where the wait might never end.
   * @example const { sum } = await tasks.result<{ sum: number }>(id, { timeout: "30s" });
   */
  result<T = unknown>(this: void, id: number, options?: ResultOptions): Promise<T>;
  /**
   * Yields the task at once, and whenever its state, its attempts, its reason or its progress has changed, until it has
   * ended. Changes that follow each other fast may come as one.
   *
   * @throws as `result` does before it waits; what the signal aborts with.
   * @example for await (const { state } of tasks.watch(id)) console.log(state);
   */
  watch(this: void, id: number, options?: WatchOptions): AsyncGenerator<WatchedTask, void, void>;
  /**
   * Cancels a task that has not ended. In a transaction it is cancelled by the commit.
   *
   * @throws TqError "conflict" when it has ended, "not_found" when there is no such task.
   */
  cancel(this: void, id: number, reason?: string): Promise<Task>;
  /**
   * Cancels all tasks that match, in slices, so that others write in between. Tasks pushed meanwhile are not touched.
   *
   * @returns how many.
   * @throws TqError "invalid" where the filter has no states or others than those of that move, "conflict" inside a transaction.
   * @example await tasks.cancel({ states: ["ready"], queue: "mail", pushedBefore: "7d" });
   */
  cancel(this: void, filter: TaskFilter, reason?: string): Promise<number>;
  /**
   * Makes an ended task ready again, or one that waits for its next attempt. In a transaction it is made ready by the commit. Where no worker is configured, it
   * runs before this resolves, as after a push.
   *
   * @throws TqError "conflict" when it waits for its first run, or runs, "not_found" when there is no such task.
   */
  retry(this: void, id: number): Promise<Task>;
  /**
   * Makes all tasks that match ready again, in slices: those that ended, or wait for their next attempt. Where no worker is configured, they wait for one.
   *
   * @returns how many.
   * @throws TqError "invalid" where the filter has no states or others than those of that move, "conflict" inside a transaction.
   */
  retry(this: void, filter: TaskFilter): Promise<number>;
  /**
   * Pauses a queue or a method: workers take no task of it, and running ones end. In a transaction it is paused by the
   * commit. Of one that is paused already, it changes by whom, why and until when.
   *
   * @example await tasks.pause({ queue: "print" }, { reason: "no toner", until: "2h" });
   * @example await tasks.pause({ task: "sale.process" });
   */
  pause(this: void, what: Pausing, options?: PauseOptions): Promise<Pause>;
  /**
   * Ends this pause, and no other that holds the same tasks.
   *
   * @throws TqError "not_found" where there is none.
   */
  resume(this: void, what: Pausing): Promise<Pause>;
  /** The pauses in force, the oldest first. */
  pauses(this: void): Promise<Pause[]>;
}

/** The runtime of the current transaction, or of the process. */
function present(): Runtime {
  return Transaction.currentIfAny?.runtime ?? runtime();
}

function isFilter(which: number | TaskFilter): which is TaskFilter {
  return typeof which === "object" && which !== null;
}

export const tasks: Tasks = {
  get: async (id) => getTask(present().store, id),
  getByRef: async (ref) => getTaskByRef(present().store, ref),
  list: async (filter = {}) => listTasks(present().store, filter),
  attempts: async (id) => attemptsOf(present().store, id),
  errors: async (id) => errorsOf(present().store, id),
  why: async (id) => whyTask(present(), id),
  result: async <T>(id: number, options?: ResultOptions) =>
    (await resultOf(present().store, id, options)) as T,
  watch: (id, options) => watchTask(present().store, id, options),
  cancel: (async (which: number | TaskFilter, reason?: string) =>
    isFilter(which)
      ? cancelMatching(present(), which, reason)
      : cancelTask(present(), which, reason)) as Tasks["cancel"],
  retry: (async (which: number | TaskFilter) =>
    isFilter(which)
      ? retryMatching(present(), which)
      : retryTask(present(), which)) as Tasks["retry"],
  pause: async (what, options = {}) => pause(present(), what, options),
  resume: async (what) => resume(present(), what),
  pauses: () => present().store.pauses.list(),
};
