/** The names and patterns of queues that a worker is started with: the same for every database. */
import { matches } from "../patterns.ts";

/** True when a worker with these names and patterns takes tasks of this queue; without any it takes all. */
export function takesQueue(patterns: readonly string[], queue: string): boolean {
  return patterns.length === 0 || patterns.some((pattern) => matches(pattern, queue));
}
