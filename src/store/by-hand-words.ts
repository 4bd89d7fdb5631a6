/** The words for tasks that people move. */
import { TqError } from "../errors.ts";
import type { Task, TaskState } from "../task.ts";

/** The reason of a cancel that says none. */
export const BY_HAND = "cancelled by hand";

const WHY_NO_RETRY: Partial<Record<TaskState, (id: number) => string>> = {
  running: () => "; cancel it first",
  ready: () => "; a worker runs it",
  scheduled: (id) => `; a worker runs it then, and tq move ${id} --now lets it run at once`,
};

const HINTS = {
  cancel: () => " already",
  retry: ({ id, state }) => WHY_NO_RETRY[state]?.(id) ?? "",
  move: ({ state }) => (state === "running" ? "" : "; retry it first"),
  delete: () => "; cancel it first",
} as const satisfies Record<string, (task: Task) => string>;

/** Refuses to move a task that is in a state of which this move makes nothing. */
export function moveRefused(move: keyof typeof HINTS, task: Task): TqError {
  const { id, state } = task;
  return new TqError("conflict", `Cannot ${move} task ${id}: it is ${state}${HINTS[move](task)}`);
}
