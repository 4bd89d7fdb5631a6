/** How many tasks ended in the last minute, from the newest of them. */
import type { TaskState } from "../task.ts";
import { MINUTE_MS } from "../values/duration.ts";
import type { QueueMinute } from "./looking.ts";

/** More of one state are not read: some ms. */
export const ENDS_SAMPLED = 10_000;

export const ENDED_STATES = ["finished", "failed", "cancelled"] as const satisfies TaskState[];

/** The ends of one queue among those that were read. */
export interface SampledEnds {
  readonly queue: string;
  readonly ended: number;
  /** When the first of them ended. */
  readonly first: number;
}

/** @param read the ends of the last minute, by state; of many the newest, at whose pace the others are taken to be */
export function addEnds(
  read: (state: (typeof ENDED_STATES)[number]) => readonly SampledEnds[],
  now: number,
): QueueMinute[] {
  const sums = new Map<string, number>();
  for (const state of ENDED_STATES) {
    const ends = read(state);
    const count = ends.reduce((sum, { ended }) => sum + ended, 0);
    const first = Math.min(...ends.map((one) => one.first));
    const within = count < ENDS_SAMPLED ? MINUTE_MS : Math.max(now - first, 1);
    for (const { queue, ended } of ends) {
      sums.set(queue, (sums.get(queue) ?? 0) + (ended * MINUTE_MS) / within);
    }
  }
  return [...sums].map(([queue, ended]) => ({ queue, ended: Math.round(ended) }));
}
