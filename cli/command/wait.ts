/** Waits until tasks have ended, in this process or another. */
import type { Store } from "../../src/store/store.ts";
import type { Task } from "../../src/task.ts";
import { type EndedTask, endOf, hasEnded } from "../../src/tasks/end.ts";
import { onDisk } from "../../src/tasks/on-disk.ts";
import { follow } from "./follow.ts";
import type { FollowView } from "../terminal/follow-view.ts";

interface WaitOptions {
  readonly signal?: AbortSignal;
  /** Shows one task after another while they run, from this run of each on. */
  readonly shows?: { readonly view: FollowView; readonly from: (id: number) => Promise<number> };
}

/**
 * @returns the ended tasks in the order of the ids, once their end is on disk
 * @throws TqError `not_found` when a task is deleted while it waits, `database` when the file is; the signal's reason
 */
export async function waitForEnd(
  store: Store,
  ids: readonly number[],
  { signal, shows }: WaitOptions = {},
): Promise<Task[]> {
  const ended: Task[] = [];
  for (const id of ids) {
    let task: EndedTask | null;
    do {
      if (shows) await showUntilEnd(store, id, shows, signal);
      await endOf(store, id, signal);
      const found = await store.get(id);
      task = found && hasEnded(found) ? found : null;
    } while (task === null); // it was retried or deleted meanwhile: wait again
    ended.push(task);
  }
  await onDisk(store);
  return ended;
}

async function showUntilEnd(
  store: Store,
  id: number,
  { view, from }: NonNullable<WaitOptions["shows"]>,
  signal = new AbortController().signal,
): Promise<void> {
  const options = { signal, from: await from(id) };
  for await (const followed of follow(store, id, options)) view.show(id, followed);
  view.end();
}
