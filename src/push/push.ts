/** The low-level push: for a model that another process has. Nothing is checked but the form. */
import type { DurationLike } from "../values/duration.ts";
import { encode } from "../values/encoding.ts";
import { isTqError, TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import type { NewTask } from "../task.ts";
import { type PushOptions as QueueKeys, placement, splitContext } from "./placement.ts";
import { divide, times } from "./queue-caller.ts";
import { toIds } from "./instances.ts";
import { encodeArgs, type Pusher, storeTasks } from "./store-tasks.ts";
import { checkContext, checkUser } from "../transaction/transaction.ts";

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
export function push(options: PushOptions): Promise<number[]> {
  return pushMany([options]);
}

/** Stores many calls in one transaction: all or none. @returns the ids of all tasks, in order. */
export function pushMany(list: readonly PushOptions[]): Promise<number[]> {
  return storeTasks((pusher) => {
    if (!Array.isArray(list)) throw refused(`${inspect(list)} is not a list of calls`);
    const calls = list as readonly PushOptions[];
    const tasks = calls.flatMap((options, index) =>
      calls.length === 1 ? toTasks(options, pusher) : toTasksAt(index, options, pusher),
    );
    return { tasks, result: (ids) => ids };
  });
}

/** What is wrong with one of many calls is said with its place. */
function toTasksAt(index: number, options: PushOptions, pusher: Pusher): NewTask[] {
  try {
    return toTasks(options, pusher);
  } catch (error) {
    if (!isTqError(error)) throw error;
    throw new TqError(error.code, `In call [${index}]: ${error.message}`, { cause: error });
  }
}

function toTasks(options: PushOptions, pusher: Pusher): NewTask[] {
  checkForm(options);
  const { config, store, worker } = pusher.runtime;
  const { model, method, args = [], user = pusher.user } = options;
  const keys: QueueKeys = {
    queue_name: options.queue,
    queue_priority: options.priority,
    queue_scheduled_at: options.scheduledAt,
    queue_expected_at: options.expectedAt,
    queue_batch: options.batch,
  };
  const place = placement(keys, config.queue.batch_size, OPTION_NAMES);
  const instances = divide(
    toIds(options.instances, { model, method }),
    worker ? place.batch : null,
  );
  const ref = options.ref ?? null;
  if (ref !== null && instances.length > 1) {
    throw refused(`${ref} cannot be the ref of ${instances.length} tasks: a ref names one`);
  }
  const context = options.context ?? pusher.context;
  const { stored } = splitContext(context, config.queue.batch_size);
  const common = {
    model,
    method,
    user,
    args: encodeArgs(args, "args"),
    context: encode(stored, "context"),
    ref,
    ...times(place, store.now()),
  };
  return instances.map((ids) => ({ ...common, instances: ids }));
}

const OPTION_NAMES = {
  queue_name: "queue",
  queue_priority: "priority",
  queue_scheduled_at: "scheduledAt",
  queue_expected_at: "expectedAt",
  queue_batch: "batch",
} as const;

const KEYS = [
  "model",
  "method",
  "instances",
  "args",
  "user",
  "context",
  "queue",
  "priority",
  "scheduledAt",
  "expectedAt",
  "batch",
  "ref",
] as const satisfies (keyof PushOptions)[];

/** What only types say to who writes TypeScript. */
function checkForm(options: PushOptions): void {
  if (typeof options !== "object" || options === null) {
    throw refused(`${inspect(options)} is not a call: give { model, method, instances }`);
  }
  for (const key of Object.keys(options)) {
    if ((KEYS as readonly string[]).includes(key)) continue;
    throw refused(`${key} is not an option${didYouMean(key, KEYS)}`);
  }
  const { model, method, args, user, context, ref } = options;
  for (const [key, value] of Object.entries({ model, method, ref: ref ?? "none" })) {
    if (typeof value !== "string" || value === "") {
      throw refused(`${key} cannot be ${inspect(value)}; it must be a text`);
    }
    // SQLite would keep another text, the same for all of these.
    if (value.isWellFormed()) continue;
    throw refused(`${key} cannot be ${JSON.stringify(value)}: it has half a surrogate pair`);
  }
  if (args !== undefined && !Array.isArray(args)) {
    throw refused(`args cannot be ${inspect(args)}; give a list`);
  }
  if (user !== undefined) checkUser(user);
  if (context === undefined) return;
  checkContext(context);
  const steering = Object.keys(context).find((key) => key.startsWith("queue_"));
  if (steering === undefined) return;
  throw refused(
    `the context has ${steering}, which steers __queue__ only; give the queue, the priority, the times and the batch as options of the push`,
  );
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot push: ${why}`);
}

function inspect(value: unknown): string {
  return Bun.inspect(value, { depth: 0 });
}
