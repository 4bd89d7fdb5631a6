/** The workers that live, and the queues that none of them takes tasks of. */
import { hostname } from "node:os";
import { isPattern } from "../patterns.ts";
import { processField } from "../process-stat.ts";
import { cut, quote } from "../quote.ts";
import { suggest } from "../suggest.ts";
import type { QueueInfo, QueueStatus, WorkerInfo, WorkerStatus } from "./looking.ts";
import { isQueuePaused, type PauseTarget } from "./pauses.ts";
import { takesQueue } from "./queue-patterns.ts";
import type { Store } from "./store.ts";

type Taking = Pick<WorkerInfo, "threads" | "queues">;

/** True for a worker; false for a program that runs its own tasks, which is registered without threads. */
export function isWorker({ threads }: Pick<WorkerInfo, "threads">): boolean {
  return threads > 0;
}

/** `T`: stopped by a signal; other hosts, and containers, number their processes on their own. */
export function isStopped({ alive, host, pid }: WorkerStatus): boolean {
  return alive && host === hostname() && processField(String(pid), "state") === "T";
}

/** The workers that live: they run tasks of others. */
export async function liveWorkers(
  store: Pick<Store, "workers" | "isAlive">,
): Promise<WorkerInfo[]> {
  const live: WorkerInfo[] = [];
  for (const worker of await store.workers()) {
    if (isWorker(worker) && (await store.isAlive(worker.id))) live.push(worker);
  }
  return live;
}

/** True where one of these workers takes tasks of a queue. */
export function isServed(queue: string, live: readonly Taking[]): boolean {
  return live.some(({ queues }) => takesQueue(queues, queue));
}

export function withServed(
  queues: readonly QueueInfo[],
  workers: readonly WorkerStatus[],
  pauses: readonly PauseTarget[],
): QueueStatus[] {
  const live = workers.filter((one) => one.alive && isWorker(one));
  return queues.map((queue) => ({
    ...queue,
    served: isServed(queue.queue, live),
    paused: isQueuePaused(pauses, queue.queue),
  }));
}

/** Why a task is not run where no worker lives. */
export const NO_WORKER = "no worker is running on this database; start one with tq worker";

/**
 * Says that none of these workers takes tasks of a queue, with the near name, of which either may be wrong, or what they take; null where one does, and
 * where there is no worker at all.
 */
export function untakenWords(queue: string, live: readonly Taking[]): string | null {
  if (live.length === 0 || isServed(queue, live)) return null;
  const taken = [...new Set(live.flatMap(({ queues }) => queues))];
  const names = taken.filter((name) => !isPattern(name));
  const near = suggest(queue, names);
  const hint =
    near === undefined
      ? `; they take ${cut(taken.join(", "))}`
      : `; one takes ${quote(near)}: is one of the two names misspelt?`;
  return `no live worker takes tasks of the queue ${quote(queue)}${hint}`;
}
