/** How the row of a finished task says that the result of its run is not kept. */
import type { Task } from "./task.ts";

/** The most characters of JSON that are kept as a result. */
export const RESULT_CHARACTERS = 10_000;

const NOT_KEPT = "its result is not kept: ";

/** The reason of a task whose result is not kept. */
export function notKept(why: string): string {
  return `${NOT_KEPT}${why}`;
}

/** True for a task that has finished, and whose result is not kept. */
export function isNotKept({ state, reason }: Pick<Task, "state" | "reason">): boolean {
  return state === "finished" && reason?.startsWith(NOT_KEPT) === true;
}
