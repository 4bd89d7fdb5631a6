/** The task that is running, for idempotency keys and for a program's own logs. */
import { AsyncLocalStorage } from "node:async_hooks";
import { endedError } from "../store/ended.ts";
import type { Unit } from "./unit.ts";

export interface CurrentTask {
  readonly id: number;
  /** The number of this run among those that began, from 1. */
  readonly attempt: number;
  readonly model: string;
  readonly method: string;
  readonly queue: string;
  /** The user of the task, also where its method runs outside any transaction. */
  readonly user: number;
  /** The context of the task, frozen; a transaction that the task starts has it too, unless it is given another. */
  readonly context: Readonly<Record<string, unknown>>;
}

/** A run of a task, and its unit of work. */
interface Run {
  readonly task: CurrentTask;
  readonly unit: Unit;
}

const storage = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.task")] ??=
  new AsyncLocalStorage<Run>()) as AsyncLocalStorage<Run>;

/** The run of this code; undefined for code that goes on after its task has ended, like a timer. */
function currentRun(): Run | undefined {
  const run = storage.getStore();
  return run?.unit.ended === false ? run : undefined;
}

/**
 * The task that this code runs in; undefined outside a task, and once the task has ended. Effects outside the
 * database happen at least once: with the id of the task as a key, the other side can tell a repetition.
 *
 * @example await pay(sale, { idempotencyKey: `sale-${currentTask()?.id}` });
 */
export function currentTask(): CurrentTask | undefined {
  return currentRun()?.task;
}

/** @internal The unit of work of the task that this code runs in. */
export function currentTaskUnit(): Unit | undefined {
  return currentRun()?.unit;
}

/** @internal The task that started this code, even if it has ended since. */
export function originTask(): CurrentTask | undefined {
  return storage.getStore()?.task;
}

/** @internal */
export function withTask<T>(task: CurrentTask, unit: Unit, fn: () => T): T {
  return storage.run({ task, unit }, fn);
}

/** The mark of a registered symbol holds for both copies of tq in a compiled program. */
const LEFT_BEHIND = Symbol.for("tq.left_behind");

/** @internal Marks the error where the code goes on after its task has ended, and returns it. */
export function markIfLeftBehind<E extends Error>(error: E): E {
  const task = currentRun() ? undefined : originTask();
  return task ? Object.defineProperty(error, LEFT_BEHIND, { value: task }) : error;
}

/** @internal The ended task whose code met this error. */
export function leftBehindBy(error: unknown): CurrentTask | undefined {
  return error instanceof Error
    ? (error as { [LEFT_BEHIND]?: CurrentTask })[LEFT_BEHIND]
    : undefined;
}

/** @internal The error of a use of a transaction that has ended. */
export function lateError(): Error {
  return markIfLeftBehind(endedError());
}
