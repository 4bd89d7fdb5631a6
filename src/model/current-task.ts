/** Which task is running: for idempotency keys and for logs of one's own. */
import { AsyncLocalStorage } from "node:async_hooks";

export interface CurrentTask {
  readonly id: number;
  /** Counts the runs that began: 1 for the first. */
  readonly attempt: number;
  readonly model: string;
  readonly method: string;
  readonly queue: string;
}

/** One run of a task. Code that it leaves running, like a timer, keeps it as its context; it has no task any more. */
class TaskRun {
  #task: CurrentTask | undefined;

  constructor(task: CurrentTask) {
    this.#task = task;
  }

  get task(): CurrentTask | undefined {
    return this.#task;
  }

  run<T>(fn: () => T): T {
    return storage.run(this, fn);
  }

  [Symbol.dispose](): void {
    this.#task = undefined;
  }
}

const storage = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.task")] ??=
  new AsyncLocalStorage<TaskRun>()) as AsyncLocalStorage<TaskRun>;

/**
 * The task that this code runs in; undefined outside a task, and once it has ended. Effects outside the database
 * happen at least once: its id is a key by which the other side can tell a repetition.
 *
 * @example await pay(sale, { idempotencyKey: `sale-${currentTask()?.id}` });
 */
export function currentTask(): CurrentTask | undefined {
  return storage.getStore()?.task;
}

/** @internal True in code that a task has begun, also where it has ended since. */
export function beganInTask(): boolean {
  return storage.getStore() !== undefined;
}

/** @internal It ends when what this returns is disposed. */
export function beginTask(task: CurrentTask): TaskRun {
  return new TaskRun(task);
}
