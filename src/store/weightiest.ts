/** The queues that come first where there is room for a few alone. */
import type { QueueStatus } from "./looking.ts";

/** Those that wait in vain, and then those with the most tasks. */
export function weightiest(queues: readonly QueueStatus[], most: number): QueueStatus[] {
  const weight = ({ served, ready, running, failed }: QueueStatus) =>
    served || ready === 0 ? ready + running + failed : Infinity;
  return queues.toSorted((a, b) => weight(b) - weight(a) || 0).slice(0, most);
}
