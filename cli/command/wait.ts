/** Waits until tasks have ended, in this process or another. */
import { TqError } from "../../src/errors.ts";
import type { Store } from "../../src/store/store.ts";
import { ENDED_STATES } from "../../src/task.ts";
import type { Task } from "../../src/task.ts";

/** Time between two checks that the database file still exists: a wait for a commit to a deleted file never ends. */
const FILE_CHECK_MS = 250;

/** @returns the ended tasks in the order of the ids, once their end is on disk */
export async function waitForEnd(store: Store, ids: readonly number[]): Promise<Task[]> {
  const ended: Task[] = [];
  for (const id of ids) ended.push(await endOf(store, id));
  await store.flush();
  return ended;
}

/** @throws TqError `not_found` when the task is deleted while it waits, `database` when the file is */
async function endOf(store: Store, id: number): Promise<Task> {
  for (;;) {
    const version = await store.version(); // before the task: a commit in between then ends the wait at once
    const task = await store.get(id);
    if (task === null) {
      throw new TqError("not_found", `Cannot wait for task ${id}: it was deleted meanwhile`);
    }
    if (ENDED_STATES.some((state) => state === task.state)) return task;
    await store.changed(version, FILE_CHECK_MS);
    await store.check();
  }
}
