/** Since when the tasks of a queue run again: the time of a pause says nothing of the rate at which they end. */
import type { Database } from "bun:sqlite";
import { matches } from "../../patterns.ts";
import { isAnyOf } from "./held-tasks.ts";
import type { EndedPause } from "./pauses.ts";

/** When the last pause ended that held the queue, or a method of the tasks at its head; 0: none has in the last hour. */
export function resumedAt(db: Database, queue: string, ended: readonly EndedPause[]): number {
  const held = ended.filter(({ kind, name }) =>
    kind === "queue" ? matches(name, queue) : isAnyOf(db, queue, name),
  );
  return Math.max(0, ...held.map(({ at }) => at));
}
