/** The questions of a test to its queue, and the answers. */
import type { TestClock } from "./clock.ts";
import type { MomentLike } from "../values/moment.ts";
import type { Queue } from "../model/queue-types.ts";
import type { OutputLine, TaskProgress } from "../store/task-output.ts";
import type { AttemptOutcome, Task } from "../task.ts";

/** A class of a model. */
type AnyModel = abstract new (...args: never) => object;

/** A function that `task()` has made. */
type AnyTaskFunction = ((...args: never) => unknown) & { readonly push: unknown };

export interface TestQueueOptions {
  /**
   * The models and functions whose tasks run: a list of them, all exports of a file (`import * as models from …`), or the
   * path of a file or folder of models. Default: those of which the test pushes.
   */
  readonly models?: readonly (AnyModel | AnyTaskFunction)[] | object | string;
  /** Where the clock begins. Default: the present time. */
  readonly now?: MomentLike;
  /**
   * Settings, shaped as in a tq.toml: `{ queue: { batch_size: 10 }, tasks: { … } }`. The project's tq.toml and the
   * environment do not count.
   */
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** A task that was pushed: as in `tasks.get`, but with what it was called with as JavaScript has it. */
export interface PushedTask<Args extends readonly unknown[] = readonly unknown[]> extends Omit<
  Task,
  "args" | "context"
> {
  readonly args: Args;
  readonly context: Readonly<Record<string, unknown>>;
}

/** A pushed task must have these values to match. */
export type PushedMatch = {
  readonly [K in keyof PushedTask]?: PushedTask[K] | undefined;
};

/** One run of a task in this process. */
export interface TestRun {
  readonly id: number;
  /** `sale.process`, or the name of a function. */
  readonly call: string;
  /** From 1. */
  readonly attempt: number;
  /** How the run ended. A task that failed and is tried again is "failed" here, and `task.state` is "scheduled". */
  readonly outcome: AttemptOutcome;
  /** The value that the method returned, as JSON carries it. Reading it throws a ResultNotKeptError where JSON cannot carry it. */
  readonly result: unknown;
  /** The very value that the method threw; undefined: none. */
  readonly error: unknown;
  /** The lines that the run said with `currentTask()?.log(…)`. */
  readonly log: readonly OutputLine[];
  /** How far it said that it was, the last time; null: it did not. */
  readonly progress: TaskProgress | null;
  /** The task after the run. */
  readonly task: Task;
}

export interface DrainOptions {
  /** True: where no task is due the clock moves to the next scheduled one, until none is left. Default: false. */
  readonly scheduled?: boolean;
  /** True: what a method throws ends the drain, and is thrown. Default: it stands in the answer. */
  readonly throws?: boolean;
  /** The most runs, as a task may push itself for ever. Default: 10,000. */
  readonly limit?: number;
}

/** The names of a model's methods that tasks can call. */
type MethodOf<M extends AnyModel> = keyof Queue<M> & string;

/** The arguments of a model's method, after the records. */
type MethodArgs<M extends AnyModel, K> = K extends keyof M
  ? M[K] extends (records: never, ...args: infer A) => unknown
    ? Readonly<A>
    : readonly unknown[]
  : K extends keyof InstanceType<M>
    ? InstanceType<M>[K] extends (...args: infer A) => unknown
      ? Readonly<A>
      : readonly unknown[]
    : readonly unknown[];

/**
 * A queue for tests: a database of its own, and no worker. Tasks that the models push wait in it until the test runs
 * them, in this process, as a worker's thread would. `await using` closes it at the end of the block.
 */
export interface TestQueue extends AsyncDisposable {
  readonly clock: TestClock;
  /**
   * Runs the tasks that are due, in their order, and those that they push, until none is due.
   *
   * @returns the runs, the first one first. A task that fails does not throw: its run says so.
   * @throws TqError "conflict" after `limit` runs, and inside a transaction or a task.
   * @example const runs = await queue.drain(); expect(runs.map(({ outcome }) => outcome)).toEqual(["finished"]);
   */
  drain(this: void, options?: DrainOptions): Promise<TestRun[]>;
  /**
   * Runs one task now, due or not.
   *
   * @throws what its method throws; the run counts all the same. TqError "conflict" when the task has ended,
   * "not_found" when there is no such task.
   */
  runNow(this: void, task: number | { readonly id: number }): Promise<TestRun>;
  /**
   * Pushes the task of a recurring task (`static cron`, or a section of the settings) now. No slot comes by itself, wherever
   * the test moves the clock: one every minute would fill each drain.
   *
   * @returns the id of the task
   * @throws TqError "not_found" where neither the models nor the settings of the queue have it.
   * @example await queue.runNow(await queue.pushCron("nightly"));
   */
  pushCron(this: void, name: string): Promise<number>;
  /** The tasks that were pushed and have not run, the first one first; scheduled ones too. */
  pushed(this: void): Promise<PushedTask[]>;
  /**
   * Those among them that call this method of this model.
   *
   * @example expect(await queue.pushed(Label, "print", { instances: 7 })).toHaveLength(1);
   */
  pushed<M extends AnyModel, K extends MethodOf<M>>(
    this: void,
    model: M,
    method: K,
    match?: PushedMatch,
  ): Promise<PushedTask<MethodArgs<M, K>>[]>;
  /** Those that call any method of this model. */
  pushed(this: void, model: AnyModel): Promise<PushedTask[]>;
  /** Those that call this function. */
  pushed<F extends AnyTaskFunction>(
    this: void,
    fn: F,
    match?: PushedMatch,
  ): Promise<PushedTask<Readonly<Parameters<F>>>[]>;
  /** Those with this name of a model and a method, or of a function: for models that another program has. */
  pushed(this: void, model: string, method?: string, match?: PushedMatch): Promise<PushedTask[]>;
  /**
   * Calls `fn`, and answers with the tasks that were pushed meanwhile, whether they have run since or not: those of a
   * test's set-up are not among them.
   */
  pushedBy(this: void, fn: () => unknown): Promise<PushedTask[]>;
  /** Cancels all tasks that wait, as after a test's set-up. @returns how many there were. */
  clear(this: void): Promise<number>;
  /** Closes the queue and removes its files: pushes go again where they went before it was made. */
  close(this: void): Promise<void>;
}
