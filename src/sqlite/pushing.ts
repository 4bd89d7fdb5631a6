/** Stores tasks in a transaction: while there is room, and once for each key. */
import type { Database } from "bun:sqlite";
import { isTqError } from "../errors.ts";
import type { OncePushed, PushKey } from "../store/push-keys.ts";
import type { NewTask } from "../task.ts";
import { pushOnce } from "./sql/push-keys.ts";
import { pushTasks } from "./sql/push.ts";
import type { SessionOptions } from "./transaction.ts";

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

export function pushOnceInto(
  db: Database,
  list: readonly NewTask[],
  key: PushKey,
  options: SessionOptions,
): OncePushed {
  return pushOnce(db, key, options.clock.now(), () => pushInto(db, list, options));
}
