/** Stores the tasks of a push in the current transaction, or in a new one. */
import { encode } from "../values/encoding.ts";
import type { NewTask } from "../task.ts";
import { currentTaskUnit, tellLatePush } from "../transaction/current-task.ts";
import { runtime } from "../transaction/runtime.ts";
import type { Basis } from "../values/option-kinds.ts";
import { Transaction, inUnit, runPushed } from "../transaction/transaction.ts";
import { isTraced } from "../tracing/open-telemetry.ts";
import { tracedPush } from "./traced-push.ts";

/** The user, the context and the store of a push. */
export type Pusher = Pick<Transaction, "user" | "context" | "runtime">;

export interface Prepared<T> {
  readonly tasks: readonly NewTask[];
  /** Gives the value to which the push resolves. */
  readonly result: (ids: number[]) => T;
}

/**
 * Stores tasks in the current transaction, whose commit waits for the push. Outside a transaction the tasks are
 * committed when the promise resolves, and have run where no worker is configured.
 *
 * @param prepare called at once: the tasks show their arguments as they are at the push.
 */
export function storeTasks<T>(prepare: (pusher: Pusher) => Prepared<T>): Promise<T> {
  const current = Transaction.currentIfAny;
  if (!current) return currentTaskUnit() ? storeInRun(prepare) : storeOutside(prepare);
  return inUnit(async (unit) => {
    const { tasks, result } = prepare(current);
    const push = (those: readonly NewTask[]) => unit.push(those);
    return result(await (isTraced() ? tracedPush(tasks, push) : push(tasks)));
  });
}

/** A run outside any transaction pushes in a new one, which commits only while the claim of its task holds. */
function storeInRun<T>(prepare: (pusher: Pusher) => Prepared<T>): Promise<T> {
  return Transaction.start({}, () => storeTasks(prepare));
}

async function storeOutside<T>(prepare: (pusher: Pusher) => Prepared<T>): Promise<T> {
  tellLatePush();
  const of = runtime();
  const { tasks, result } = prepare({ user: 0, context: {}, runtime: of });
  const push = (those: readonly NewTask[]) => of.store.push(those);
  const ids = tasks.length > 0 ? await (isTraced() ? tracedPush(tasks, push) : push(tasks)) : [];
  const running = runPushed(of, ids);
  if (running) await running;
  return result(ids);
}

/** Where no worker is configured, lists are not divided. */
export function basisOf({ runtime: { config, store, worker } }: Pusher): Basis {
  return { now: store.now(), batchSize: worker ? config.queue.batch_size : null };
}

/** Trailing arguments that are undefined are left out, like optional parameters that were not given. */
export function encodeArgs(args: readonly unknown[], path: string): string {
  let { length } = args;
  while (length > 0 && args[length - 1] === undefined) length--;
  return encode(length === args.length ? args : args.slice(0, length), path);
}
