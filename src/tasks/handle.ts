/** A pushed task, with what its pusher may want to know of it. */
import { bindMethods } from "../bound-methods.ts";
import type { Attempt, Task, TaskError } from "../task.ts";
import type { Runtime } from "../transaction/runtime.ts";
import { attemptsOf, errorsOf, getTask } from "./look.ts";
import { cancelTask, retryTask } from "./moves.ts";
import { resultOf } from "./result.ts";
import type { ResultOptions, WatchOptions } from "./wait-options.ts";
import { watchTask, type WatchedTask } from "./watch.ts";
import type { Why } from "./why/explanation.ts";
import { whyTask } from "./why/why-task.ts";

/** A task that was pushed, in the database to which it was pushed. Each method is that of `tasks` for its id. */
export class TaskHandle<T = unknown> {
  readonly id: number;
  readonly #of: Runtime;

  /** @internal Pushes make them. */
  constructor(of: Runtime, id: number) {
    this.#of = of;
    this.id = id;
  }

  /** The task; null where it was cleaned, and before the commit of the transaction that pushed it. */
  get(): Promise<Task | null> {
    return getTask(this.#of.store, this.id);
  }

  /** The value that the method returned, once the task has ended. */
  async result(options?: ResultOptions): Promise<T> {
    return (await resultOf(this.#of.store, this.id, options)) as T;
  }

  watch(options?: WatchOptions): AsyncGenerator<WatchedTask, void, void> {
    return watchTask(this.#of.store, this.id, options);
  }

  attempts(): Promise<Attempt[]> {
    return attemptsOf(this.#of.store, this.id);
  }

  errors(): Promise<TaskError[]> {
    return errorsOf(this.#of.store, this.id);
  }

  why(): Promise<Why | null> {
    return whyTask(this.#of, this.id);
  }

  cancel(reason?: string): Promise<Task> {
    return cancelTask(this.#of, this.id, reason);
  }

  retry(): Promise<Task> {
    return retryTask(this.#of, this.id);
  }
}

bindMethods(TaskHandle, "get", "result", "watch", "attempts", "errors", "why", "cancel", "retry");
