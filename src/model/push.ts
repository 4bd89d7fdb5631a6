/** The low-level push: for a model that another process has. Nothing is checked but the form. */
import { encode } from "../encoding.ts";
import { TqError } from "../errors.ts";
import type { NewTask } from "../task.ts";
import { type PushOptions as QueueKeys, placement, splitContext } from "./context-keys.ts";
import { divide, times, toIds } from "./queue-caller.ts";
import { runtime } from "./runtime.ts";
import { Transaction } from "./transaction.ts";
import type { DurationLike } from "../duration.ts";

/** One call to store: what `__queue__` takes from the class, the context and the arguments, by name. */
export interface PushOptions {
  readonly model: string;
  readonly method: string;
  /** An id, a record, or a list of them. */
  readonly instances: unknown;
  readonly args?: readonly unknown[];
  /** Default: the current transaction's user, else 0. */
  readonly user?: number;
  /** Default: the current transaction's context without its `queue_*` keys, else empty. */
  readonly context?: Readonly<Record<string, unknown>>;
  readonly queue?: string;
  readonly priority?: number;
  /** Counted from now; null or none: at once. */
  readonly scheduledAt?: DurationLike | null;
  readonly expectedAt?: DurationLike | null;
  /** Instances a task; true: the setting `queue.batch_size`. Only for a list, and with a worker. */
  readonly batch?: number | boolean | null;
  /** A text of your choosing, unique among all tasks; with it a push can be made twice without harm. */
  readonly ref?: string | null;
}

/**
 * Stores one call in the current transaction, or in one of its own; durable when it resolves outside a
 * transaction. Whether the method exists shows when it runs.
 *
 * @returns the ids of the tasks: one, or one a batch.
 * @throws TqError "invalid" for what cannot be stored, "conflict" when the ref is taken.
 * @example await push({ model: "sale", method: "process", instances: [7], scheduledAt: "PT5M" });
 */
export async function push(options: PushOptions): Promise<number[]> {
  return pushMany([options]);
}

/** Stores many calls in one transaction: all or none. @returns the ids of all tasks, in order. */
export async function pushMany(list: readonly PushOptions[]): Promise<number[]> {
  if (!Transaction.maybe) return Transaction.start({}, () => pushMany(list));
  const tasks = list.flatMap((options, index) =>
    toTasks(options, list.length > 1 ? `[${index}]` : ""),
  );
  return Transaction.current.unit.push(tasks);
}

function toTasks(options: PushOptions, at: string): NewTask[] {
  const { config, store, worker } = runtime();
  const { current } = Transaction;
  const call = `${nameIn(options, "model", at)}.${nameIn(options, "method", at)}${at}`;
  const keys: QueueKeys = {
    queue_name: options.queue,
    queue_priority: options.priority,
    queue_scheduled_at: options.scheduledAt,
    queue_expected_at: options.expectedAt,
    queue_batch: options.batch,
  };
  const place = placement(keys, config.queue.batch_size);
  const instances = divide(toIds(options.instances, call), worker ? place.batch : null);
  const { ref = null } = options;
  if (ref !== null && instances.length > 1) {
    throw new TqError(
      "invalid",
      `Cannot push ${call} with a ref: it is ${instances.length} tasks, and a ref names one`,
    );
  }
  const common = {
    model: options.model,
    method: options.method,
    user: options.user ?? current.user,
    args: encode(options.args ?? [], `args${at}`),
    context: encode(options.context ?? storedContext(current), `context${at}`),
    ref,
    ...times(place, store.now()),
  };
  return instances.map((ids) => ({ ...common, instances: ids }));
}

function storedContext(current: Transaction): Record<string, unknown> {
  return splitContext(current.context, runtime().config.queue.batch_size).stored;
}

function nameIn(options: PushOptions, key: "model" | "method", at: string): string {
  const value: unknown = options[key];
  if (typeof value === "string" && value !== "") return value;
  throw new TqError(
    "invalid",
    `Cannot push${at}: ${key} cannot be ${Bun.inspect(value)}; give its name, as text`,
  );
}
