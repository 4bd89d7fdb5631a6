/** Waits until tasks have ended, whoever runs them. */
import { TqError } from "../../src/errors.ts";
import type { Store } from "../../src/store/store.ts";
import { ENDED_STATES } from "../../src/task.ts";
import type { Task } from "../../src/task.ts";

/** Between two looks whether the database is still there: in a file that is gone nobody commits any more. */
const CHECK_MS = 250;

/** @returns the tasks as they ended, in the order of the ids; that they ended so is on disk */
export async function waitForEnd(store: Store, ids: readonly number[]): Promise<Task[]> {
  const ended: Task[] = [];
  for (const id of ids) ended.push(await endOf(store, id));
  await store.flush();
  return ended;
}

/** @throws TqError `not_found` when the task is deleted meanwhile, `database` when the file is */
async function endOf(store: Store, id: number): Promise<Task> {
  for (;;) {
    const version = await store.version();
    const task = await store.get(id);
    if (task === null) {
      throw new TqError("not_found", `Cannot wait for task ${id}: it was deleted meanwhile`);
    }
    if (ENDED_STATES.some((state) => state === task.state)) return task;
    await store.changed(version, CHECK_MS);
    await store.check();
  }
}
