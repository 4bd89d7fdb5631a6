/** The sentences with which every store refuses a push. */
import { TqError } from "../errors.ts";
import type { Task, TaskState } from "../task.ts";

/** @param task the task that has the ref; null: it is another task of the same push. */
export function refTaken(ref: string, task: Pick<Task, "id" | "state"> | null): TqError {
  const start = `Cannot push with ref ${JSON.stringify(ref)}:`;
  if (task === null) return new TqError("conflict", `${start} another task of this push has it`);
  const { id, state } = task;
  const advice = ADVICE[state] ?? "";
  return new TqError("conflict", `${start} task ${id} has it, and is ${state}${advice}`, { task });
}

const AGAIN =
  "; it keeps its ref until it is cleaned or deleted: retry that task, delete it, or give another ref";
const ADVICE: Partial<Record<TaskState, string>> = { failed: AGAIN, cancelled: AGAIN };

/** @param size the tasks that the queue has. */
export function queueFull(tasks: number, size: number, maxSize: number): TqError {
  const what = tasks === 1 ? "a task" : `${tasks} tasks`;
  const advice = tasks > maxSize ? "push fewer at a time" : "wait until some have run";
  return new TqError(
    "full",
    `Cannot push ${what}: the queue has ${size}, and queue.max_size is ${maxSize}; ${advice}, or raise it`,
  );
}
