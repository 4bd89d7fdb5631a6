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

const storage = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.task")] ??=
  new AsyncLocalStorage<CurrentTask>()) as AsyncLocalStorage<CurrentTask>;

/**
 * The task that this code runs in; undefined outside a task. Effects outside the database happen at least
 * once: its id is a key by which the other side can tell a repetition.
 *
 * @example await pay(sale, { idempotencyKey: `sale-${currentTask()?.id}` });
 */
export function currentTask(): CurrentTask | undefined {
  return storage.getStore();
}

/** @internal */
export function withTask<T>(task: CurrentTask, fn: () => T): T {
  return storage.run(task, fn);
}
