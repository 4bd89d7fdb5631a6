/** Waits for the end of a task, in this process or another. */
import { noSuchTask, TqError } from "../errors.ts";
import type { Standing } from "../store/looking.ts";
import type { Store } from "../store/store.ts";
import { ENDED_STATES, type Task, type TaskState } from "../task.ts";
import { untilStanding } from "./standings.ts";

type EndState = (typeof ENDED_STATES)[number];

/** A task that has ended. */
export type EndedTask = Task & { readonly state: EndState };

export function hasEnded<T extends { readonly state: TaskState }>(
  task: T,
): task is T & { readonly state: EndState } {
  return ENDED_STATES.some((state) => state === task.state);
}

/**
 * Resolves once the task has ended. Await `onDisk` before it is told.
 *
 * @throws TqError "not_found" when there is no such task, "database" when the database is lost; the signal's reason.
 */
export async function endOf(
  store: Store,
  id: number,
  signal?: AbortSignal,
): Promise<Standing & { readonly state: EndState }> {
  let seen = false;
  const standing = await untilStanding(
    store,
    id,
    (standing) => {
      if (standing === null || hasEnded(standing)) return true;
      seen = true;
      return false;
    },
    signal,
  );
  if (standing !== null && hasEnded(standing)) return standing;
  throw notFound(id, "wait for", seen);
}

/** @param seen true where the task was there before. */
export function notFound(id: number, move: string, seen = false): TqError {
  if (!seen) return noSuchTask(`${move} task ${id}`);
  return new TqError("not_found", `Cannot ${move} task ${id}: it was deleted meanwhile`);
}
