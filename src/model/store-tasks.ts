/** Where the tasks of a push go: into the current transaction, or into one of their own. */
import { encode } from "../encoding.ts";
import type { NewTask } from "../task.ts";
import { runtime } from "./runtime.ts";
import { Transaction, inUnit, runPushed } from "./transaction.ts";

/** Whose push it is, and in which context. */
export type Pusher = Pick<Transaction, "user" | "context">;

const OUTSIDE: Pusher = { user: 0, context: {} };

export interface Prepared<T> {
  readonly tasks: readonly NewTask[];
  /** What the push resolves to. */
  readonly result: (ids: number[]) => T;
}

/**
 * Stores tasks in the current transaction, whose commit waits for it. Outside one they are committed when it
 * resolves, and have run where no worker is configured.
 *
 * @param prepare called at once, so that the tasks are as things were at the push.
 */
export function storeTasks<T>(prepare: (pusher: Pusher) => Prepared<T>): Promise<T> {
  const { maybe } = Transaction;
  if (!maybe) return storeOutside(prepare);
  return inUnit(async (unit) => {
    const { tasks, result } = prepare(maybe);
    return result(await unit.push(tasks));
  });
}

async function storeOutside<T>(prepare: (pusher: Pusher) => Prepared<T>): Promise<T> {
  const { tasks, result } = prepare(OUTSIDE);
  const ids = tasks.length > 0 ? await runtime().store.push(tasks) : [];
  const running = runPushed(ids);
  if (running) await running;
  return result(ids);
}

/** Optional parameters that were given as undefined, at the end, are as good as not given. */
export function encodeArgs(args: readonly unknown[], path: string): string {
  let { length } = args;
  while (length > 0 && args[length - 1] === undefined) length--;
  return encode(length === args.length ? args : args.slice(0, length), path);
}
