/** Finds since when the tasks of a queue run again: the time of a pause says nothing of the rate at which they end. */
import { matches } from "../../patterns.ts";

import type { Connection } from "../connection.ts";
import { isAnyOf } from "./paused-tasks.ts";
import type { EndedPause } from "./pauses.ts";

/** When the last pause ended that held the queue, or a method of the tasks at its head; 0: none has in the last hour. */
export async function resumedAt(
  db: Connection,
  queue: string,
  ended: readonly EndedPause[],
): Promise<number> {
  let last = 0;
  for (const { kind, name, at } of ended) {
    const isHeld = kind === "queue" ? matches(name, queue) : await isAnyOf(db, queue, name);
    if (isHeld) last = Math.max(last, at);
  }
  return last;
}
