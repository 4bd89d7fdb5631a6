/** Looks for the tasks of a list, for as long as a person at a terminal waits, and says how to go on. */
import type { ReadFilter, Rest } from "../../src/store/looking.ts";
import type { Store } from "../../src/store/store.ts";
import type { Task } from "../../src/task.ts";
import { formatDuration } from "../../src/values/duration.ts";

/** A look through tasks of which few match ends after so many ms. */
const LOOK_MS = 300;

/** The rest is not counted after a look that took longer. */
const SHORT_LOOK_MS = 150;

export interface LookForOptions {
  /** True where the look goes on to the end. */
  readonly isPatient: boolean;
  /** True where the user has said how many tasks to list. */
  readonly hasLimit: boolean;
  /** Keeps only the needed values of a task: each may be megabytes. */
  readonly kept: (task: Task) => Task;
  /** The ms of a clock that only grows. */
  readonly elapsed: () => number;
  /** Called after each part but the last. @param downTo tasks down to this id have been looked at. */
  readonly tell?: (downTo: number, found: number) => void;
}

export interface FoundTasks {
  readonly tasks: readonly Task[];
  /** The tasks that were left out; null: none, or it is not known. */
  readonly rest: Rest | null;
  /** The look ended here: ids below this one were not looked at. null: it went to the end, or found enough. */
  readonly stoppedAt: number | null;
  /** About where the tasks begin that were pushed long enough ago; null: it is not asked for, or was reached. */
  readonly likelyAt: number | null;
  readonly ms: number;
}

/** Asks `elapsed` for no more than the answer needs: a list that finds enough at once is not timed. */
export async function lookFor(
  store: Store,
  filter: ReadFilter & { readonly limit: number },
  { isPatient, hasLimit, kept, elapsed, tell }: LookForOptions,
): Promise<FoundTasks> {
  const tasks: Task[] = [];
  const began = elapsed();
  let stoppedAt: number | null = null;
  for await (const { found, downTo } of store.parts(filter)) {
    for (const task of found) tasks.push(kept(task));
    if (downTo !== null) tell?.(downTo, tasks.length);
    const isLate = !isPatient && elapsed() - began > LOOK_MS;
    // A user who has said how many waits for them as long as they come.
    if (!isLate || downTo === null || tasks.length >= filter.limit) continue;
    if (hasLimit && found.length > 0) continue;
    stoppedAt = downTo;
    break;
  }
  const ms = elapsed() - began;
  const last = tasks.at(-1);
  const isFull = last !== undefined && tasks.length === filter.limit;
  const likelyAt = stoppedAt === null ? null : await likelyBelow(store, filter, stoppedAt);
  if (!isFull) return { tasks, rest: null, stoppedAt, likelyAt, ms };
  const isShort = isPatient || ms < SHORT_LOOK_MS;
  const rest = isShort ? await store.countBefore(filter, last.id) : { count: 0, isAll: false };
  return { tasks, rest, stoppedAt, likelyAt, ms };
}

async function likelyBelow(
  store: Store,
  { pushedBefore }: ReadFilter,
  stoppedAt: number,
): Promise<number | null> {
  if (pushedBefore === undefined) return null;
  const before = (await store.lastPushedBefore(pushedBefore)) + 1;
  return before < stoppedAt ? before : null;
}

/** The sentences that say what the list has left out, and how to go on. */
export function goingOn({ tasks, rest, stoppedAt, likelyAt, ms }: FoundTasks): string[] {
  const last = tasks.at(-1);
  if (stoppedAt !== null) {
    const leap =
      likelyAt === null ? "" : `, --before ${likelyAt} is about where tasks are pushed that early`;
    const found = tasks.length === 0 ? "found none" : `found these`;
    return [
      `Looked through the tasks from the newest down to ${stoppedAt} for ${formatDuration(ms)}, and ${found}: --before ${stoppedAt} goes on, --all looks through all${leap}`,
    ];
  }
  if (rest === null || last === undefined || (rest.count === 0 && rest.isAll)) return [];
  const count = rest.count === 0 ? "perhaps" : `${rest.count}${rest.isAll ? "" : "+"}`;
  return [`and ${count} more: --before ${last.id} lists the next, --limit N more at once`];
}
