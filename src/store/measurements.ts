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
  /** Since when the ready tasks that wait the longest could run, by queue. */
  readonly oldest_ready: readonly OldestReady[];
  /** Threads that hold a task, by worker. */
  readonly busy: readonly BusyThreads[];
}

export interface OldestReady {
  readonly queue: string;
  /** In ms since 1970 UTC. */
  readonly since: number;
}

/** The one that waits the longest; null: there is none. */
export function oldestOf(queues: readonly OldestReady[]): OldestReady | null {
  return queues.toSorted((a, b) => a.since - b.since)[0] ?? null;
}

export interface BusyThreads {
  readonly worker: string;
  readonly threads: number;
}
