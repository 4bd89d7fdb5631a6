/** A task that this program was to run, and that a worker has taken first. */
import { SECOND_MS } from "../values/duration.ts";
import type { Store } from "../store/store.ts";
import type { Task } from "../task.ts";
import { hasEnded } from "../tasks/end.ts";
import { onDisk } from "../tasks/on-disk.ts";
import { untilStanding } from "../tasks/standings.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";

/** No commit tells that the worker has died: it is looked for this often. */
const ALIVE_CHECK_MS = SECOND_MS;

/** Waits for the end of the run; at once where the task does not run. */
export async function untilRunElsewhere(thread: ThreadRuntime, id: number): Promise<void> {
  const { store, config, report } = thread;
  let task = await store.get(id);
  if (task?.state === "running") {
    const { pid } = (await store.workers()).find(({ id }) => id === task?.worker) ?? {};
    const who = pid === undefined ? "a worker" : `a worker (pid ${pid})`;
    const message = `${who} was faster to take task ${id}: this program waits for the end of that run`;
    report({ name: "log.note", level: "info", message });
  }
  let hasDied = false;
  while (task?.state === "running") {
    hasDied = !(await isHeldByLiving(store, task));
    if (hasDied) await store.rescueDead(config.worker.max_crashes);
    await untilOtherwise(store, id);
    task = await store.get(id);
  }
  if (hasDied && task !== null && !hasEnded(task)) {
    const message = `task ${id} waits for tq worker: the worker that ran it has died`;
    report({ name: "log.note", level: "warn", message });
  }
  await onDisk(store);
}

async function isHeldByLiving(store: Store, { worker }: Task): Promise<boolean> {
  return worker === null || (await store.isAlive(worker));
}

/** Until the task runs no more, or it is time to look whether its worker lives. */
async function untilOtherwise(store: Store, id: number): Promise<void> {
  const signal = AbortSignal.timeout(ALIVE_CHECK_MS);
  try {
    await untilStanding(store, id, (standing) => standing?.state !== "running", signal);
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
