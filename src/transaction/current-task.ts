/** Which task is running: for idempotency keys and for logs of one's own. */
import { AsyncLocalStorage } from "node:async_hooks";
import type { Unit } from "./unit.ts";

export interface CurrentTask {
  readonly id: number;
  /** Counts the runs that began: 1 for the first. */
  readonly attempt: number;
  readonly model: string;
  readonly method: string;
  readonly queue: string;
}

/** A run of a task, and the unit of work that it is. */
interface Run {
  readonly task: CurrentTask;
  readonly unit: Unit;
}

const storage = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.task")] ??=
  new AsyncLocalStorage<Run>()) as AsyncLocalStorage<Run>;

/** Code that goes on after its task has ended, like a timer, is in none any more. */
function currentRun(): Run | undefined {
  const run = storage.getStore();
  return run?.unit.ended === false ? run : undefined;
}

/**
 * The task that this code runs in; undefined outside a task, and once it has ended. Effects outside the database
 * happen at least once: its id is a key by which the other side can tell a repetition.
 *
 * @example await pay(sale, { idempotencyKey: `sale-${currentTask()?.id}` });
 */
export function currentTask(): CurrentTask | undefined {
  return currentRun()?.task;
}

/** @internal The unit of work of the task that this code runs in. */
export function currentUnit(): Unit | undefined {
  return currentRun()?.unit;
}

/** @internal The task that has begun this code, also where it has ended since. */
export function originTask(): CurrentTask | undefined {
  return storage.getStore()?.task;
}

/** @internal */
export function withTask<T>(task: CurrentTask, unit: Unit, fn: () => T): T {
  return storage.run({ task, unit }, fn);
}
