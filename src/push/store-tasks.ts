/** Where the tasks of a push go: into the current transaction, or into one of their own. */
import { encode } from "../values/encoding.ts";
import type { NewTask } from "../task.ts";
import { currentUnit } from "../transaction/current-task.ts";
import { runtime } from "../transaction/runtime.ts";
import type { Basis } from "./option-kinds.ts";
import { Transaction, inUnit, runPushed } from "../transaction/transaction.ts";

/** Whose push it is, in which context, and to where. */
export type Pusher = Pick<Transaction, "user" | "context" | "runtime">;

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
  if (!maybe) return currentUnit() ? storeInRun(prepare) : storeOutside(prepare);
  return inUnit(async (unit) => {
    const { tasks, result } = prepare(maybe);
    return result(await unit.push(tasks));
  });
}

/** In a run that is outside any transaction a push is one, and stored only while the claim holds. */
function storeInRun<T>(prepare: (pusher: Pusher) => Prepared<T>): Promise<T> {
  return Transaction.start({}, () => storeTasks(prepare));
}

async function storeOutside<T>(prepare: (pusher: Pusher) => Prepared<T>): Promise<T> {
  const of = runtime();
  const { tasks, result } = prepare({ user: 0, context: {}, runtime: of });
  const ids = tasks.length > 0 ? await of.store.push(tasks) : [];
  const running = runPushed(of, ids);
  if (running) await running;
  return result(ids);
}

/** Where no worker is configured, lists are not divided. */
export function basisOf({ runtime: { config, store, worker } }: Pusher): Basis {
  return { now: store.now(), batchSize: worker ? config.queue.batch_size : null };
}

/** Optional parameters that were given as undefined, at the end, are as good as not given. */
export function encodeArgs(args: readonly unknown[], path: string): string {
  let { length } = args;
  while (length > 0 && args[length - 1] === undefined) length--;
  return encode(length === args.length ? args : args.slice(0, length), path);
}
