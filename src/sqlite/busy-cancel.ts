/** A cancel that cannot be written: the task that it is to end may be what holds the write lock. */
import { isTqError, TqError } from "../errors.ts";
import type { Task } from "../task.ts";

/** @param task reads the task, which waits for no lock. @returns the error to throw */
export async function busyCancel(
  error: unknown,
  task: () => Promise<Pick<Task, "id" | "state"> | null>,
): Promise<unknown> {
  if (!isTqError(error) || error.code !== "busy") return error;
  const found = await task();
  if (found?.state !== "running") return error;
  const words = `or task ${found.id} itself holds it, as it has written: its worker then ends it after worker.lock_timeout (60 s unless set), and tq cancel works once it lets go`;
  return new TqError("busy", `${error.message}; ${words}`, { cause: error });
}
