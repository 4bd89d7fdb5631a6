/** Waits until tasks have ended, in this process or another. */
import type { Store } from "../../src/store/store.ts";
import type { Task } from "../../src/task.ts";
import { endOf, hasEnded } from "../../src/tasks/end.ts";
import { onDisk } from "../../src/tasks/on-disk.ts";

/**
 * @returns the ended tasks in the order of the ids, once their end is on disk
 * @throws TqError `not_found` when a task is deleted while it waits, `database` when the file is
 */
export async function waitForEnd(store: Store, ids: readonly number[]): Promise<Task[]> {
  const ended: Task[] = [];
  for (const id of ids) {
    let task: Task | null;
    do {
      await endOf(store, id);
      task = await store.get(id);
    } while (task === null || !hasEnded(task)); // it was retried or deleted meanwhile: wait again
    ended.push(task);
  }
  await onDisk(store);
  return ended;
}
