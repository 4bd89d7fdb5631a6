/** The figures that monitoring asks of a store, beside its status and its statistics. */
import type { Histogram } from "../statistics/histogram.ts";

export interface Measurements {
  /** Tasks that were ever pushed. */
  readonly pushed: number;
  /** Workers that died and whose tasks were put back, ever. */
  readonly workers_rescued: number;
  /** Tasks that were put back as their worker or their thread died, ever. */
  readonly tasks_rescued: number;
  /** How long the disk took to keep a commit: each time that a thread waited for it, ever. */
  readonly flushes: Histogram;
  /** Since when the tasks that wait the longest could run, by queue: ready ones, and scheduled ones that are due. */
  readonly oldest_ready: readonly OldestReady[];
  /** Threads that hold a task, by worker. */
  readonly busy: readonly BusyThreads[];
}

export interface OldestReady {
  readonly queue: string;
  /** In ms since 1970 UTC. */
  readonly since: number;
}

/** Adds the queues whose scheduled tasks are due to those that have ready ones. */
export function withOverdue(
  ready: readonly OldestReady[],
  overdue: readonly OldestReady[],
): OldestReady[] {
  const since = new Map(ready.map((one) => [one.queue, one.since]));
  for (const one of overdue) {
    since.set(one.queue, Math.min(one.since, since.get(one.queue) ?? Infinity));
  }
  return [...since].map(([queue, at]) => ({ queue, since: at }));
}

/** The one that waits the longest; null: there is none. */
export function oldestOf(queues: readonly OldestReady[]): OldestReady | null {
  return queues.toSorted((a, b) => a.since - b.since)[0] ?? null;
}

export interface BusyThreads {
  readonly worker: string;
  readonly threads: number;
}
