/** The counts of queues for people. */
import { formatDuration } from "../values/duration.ts";
import { COUNTED_STATES, type CountedState, type QueueInfo } from "./looking.ts";

/** `17`; `1000+` where there are more; `~17000` where it was counted a while ago. */
export function countWords(queue: QueueInfo, state: CountedState): string {
  const count = queue[state];
  if (queue.least?.includes(state)) return `${count}+`;
  return count > 0 && queue.about?.[state] !== undefined ? `~${count}` : `${count}`;
}

/** Since when the oldest of the counts that are not of now stands, in ms since 1970 UTC; null: all are of now. */
export function countedAt(
  queues: readonly QueueInfo[],
  states: readonly CountedState[] = COUNTED_STATES,
): number | null {
  const times = queues.flatMap(({ about }) => states.flatMap((state) => about?.[state] ?? []));
  return times.length === 0 ? null : times.reduce((a, b) => Math.min(a, b));
}

/** The sentence that explains `~`; null where no count has it. */
export function countedWords(queues: readonly QueueInfo[], now: number): string | null {
  const at = countedAt(queues);
  if (at === null) return null;
  const ago = formatDuration(Math.max(Math.floor((now - at) / 1_000), 0) * 1_000);
  return `~: counted ${ago} ago, as so many take long to count; the other numbers are of now`;
}
