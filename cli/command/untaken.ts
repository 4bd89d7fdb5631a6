/** Says that nothing will run tasks that were pushed. */
import { heldNote } from "./pausing.ts";
import { liveWorkers, NO_WORKER, untakenWords } from "../../src/store/live-workers.ts";
import type { Store } from "../../src/store/store.ts";

/**
 * Why no live worker will run these tasks; null where one will, and where they have ended; a pause is a reason. The last stands for all: they
 * are in one queue, and it is claimed last. The absence of any worker is a reason only for a user who waits: a push may
 * well come before the first worker starts.
 */
export async function whyUntaken(
  store: Store,
  ids: readonly number[],
  isAwaited: boolean,
): Promise<string | null> {
  const task = await store.get(ids.at(-1) ?? 0); // no task has the id 0: a push for an empty list makes none
  if (task === null || task.finished_at !== null) return null;
  const held = await heldNote(store, task);
  if (held !== null) return held;
  const workers = await liveWorkers(store);
  if (workers.length > 0) return untakenWords(task.queue, workers);
  return isAwaited ? NO_WORKER : null;
}
