/** Finds the reasons why tasks cannot be stored or run, as far as this server can tell. */
import type { Store } from "../store/store.ts";
import type { WorkerStatus } from "../store/looking.ts";

export interface Health {
  readonly store: Store;
  /** The value of the setting `queue.worker`. */
  readonly mode: "worker" | "no worker";
  /** Why the worker beside this server can run no task; null: it can, or there is none. */
  readonly trouble?: () => string | null;
}

/**
 * The sentences of what fails here: pushes are refused, no thread can run.
 *
 * @throws TqError where the database cannot be used.
 */
export async function failures({ store, trouble }: Health): Promise<string[]> {
  await store.get(0);
  await store.check();
  const found = [await store.pushRefusal(), trouble?.() ?? null];
  return found.filter((sentence) => sentence !== null);
}

/** The failures, and what only the whole database shows: that no worker lives. */
export async function problems(
  health: Health,
  workers: readonly WorkerStatus[],
): Promise<string[]> {
  const found = await failures(health);
  if (health.mode === "worker" && !workers.some(({ alive }) => alive)) {
    found.push("No worker is running: tasks wait until one is; start it with tq worker");
  }
  return found;
}
