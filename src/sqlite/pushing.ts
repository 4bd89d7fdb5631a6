/** Stores tasks in a transaction: while there is room, and once for each key. */
import type { Database } from "bun:sqlite";
import { isTqError } from "../errors.ts";
import type { GroupedPush, PushEnd } from "../store/push-group.ts";
import type { NewTask } from "../task.ts";
import { keepFlushTimes } from "./sql/flush-counts.ts";
import { pushOnce } from "./sql/push-keys.ts";
import { pushTasks } from "./sql/push.ts";
import type { SessionOptions } from "./transaction.ts";

/** All of the tasks, or none. */
export function pushInto(
  db: Database,
  list: readonly NewTask[],
  { capacity, clock, flush }: SessionOptions,
): number[] {
  capacity.check(db, list.length, clock);
  try {
    return pushTasks(db, list, clock.now());
  } catch (error) {
    // A caller that learns that another task has the ref relies on that task being on disk.
    if (isTqError(error) && error.code === "conflict") flush.inForeground();
    throw error;
  }
}

/** One task, by a statement that is a transaction of its own. */
export function pushAloneInto(db: Database, task: NewTask, options: SessionOptions): number[] {
  const ids = pushInto(db, [task], options);
  try {
    keepFlushTimes(db, options);
  } catch {
    // The task is stored; that the disk is full, or fails, the next push says.
  }
  return ids;
}

/**
 * Makes each push, as long as the transaction lasts.
 *
 * @param refusal makes a sentence of the error that a push has met.
 * @throws the error that has ended the transaction, such as one of the disk.
 */
export function pushEach(
  db: Database,
  pushes: readonly GroupedPush[],
  options: SessionOptions,
  refusal: (error: unknown) => unknown,
): PushEnd[] {
  return pushes.map(({ tasks, key }) => {
    const push = () => pushInto(db, tasks, options);
    try {
      if (key === null) return { ids: push(), isReplay: false };
      return pushOnce(db, key, options.clock.now(), push);
    } catch (error) {
      if (!db.inTransaction) throw error;
      return { error: refusal(error) };
    }
  });
}
