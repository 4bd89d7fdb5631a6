/** `Model.__queue__.method(instances, ...args)`: a call that is stored instead of made. */
import { encode } from "../encoding.ts";
import { TqError } from "../errors.ts";
import type { NewTask } from "../task.ts";
import { type ModelClass, requireMethod } from "./base.ts";
import { type Placement, splitContext } from "./context-keys.ts";
import { idOf } from "./record.ts";
import { runtime } from "./runtime.ts";
import { Transaction } from "./transaction.ts";

/** Names that JavaScript itself asks of every object; a queue has none of them. */
const ASKED_BY_LANGUAGE = new Set(["then", "toJSON", "constructor", "prototype", "$$typeof"]);

type Caller = (instances: unknown, ...args: unknown[]) => Promise<number | number[]>;

/** The object behind `Model.__queue__`. */
export function queueOf(model: ModelClass): Record<string, Caller> {
  return new Proxy(Object.create(null) as Record<string, Caller>, {
    get(_target, name) {
      if (typeof name === "symbol" || ASKED_BY_LANGUAGE.has(name)) return undefined;
      return (instances: unknown, ...args: unknown[]) => pushCall(model, name, instances, args);
    },
  });
}

async function pushCall(
  model: ModelClass,
  method: string,
  instances: unknown,
  args: readonly unknown[],
): Promise<number | number[]> {
  const { registry } = runtime();
  requireMethod(model, method, "push");
  registry.add(model, null);
  const current = Transaction.maybe;
  if (!current) return Transaction.start({}, () => pushCall(model, method, instances, args));
  const ids = toIds(instances, `${model.__name__}.${method}`);
  const tasks = toTasks({ model: model.__name__, method, args }, ids, current);
  const pushed = await current.unit.push(tasks);
  return typeof ids === "number" ? (pushed[0] as number) : pushed;
}

interface Call {
  readonly model: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

function toTasks(
  { model, method, args }: Call,
  ids: number | readonly number[],
  { context, user }: Transaction,
): NewTask[] {
  const { config, store, worker } = runtime();
  const { placement, stored } = splitContext(context, config.queue.batch_size);
  const common = {
    model,
    method,
    user,
    args: encode(args, "args"),
    context: encode(stored, "context"),
    ref: null,
    ...times(placement, store.now()),
  };
  return divide(ids, worker ? placement.batch : null).map((instances) => ({
    ...common,
    instances,
  }));
}

/** The columns that say where a task goes and when. */
export function times(
  { queue, priority, scheduledIn, expectedIn }: Placement,
  now: number,
): Pick<NewTask, "queue" | "priority" | "scheduledAt" | "expectedAt"> {
  return {
    queue,
    priority,
    scheduledAt: scheduledIn === null ? null : now + scheduledIn,
    expectedAt: expectedIn === null ? null : now + expectedIn,
  };
}

/** One task a batch; no batch: one task. An empty list is no task at all. */
export function divide(
  ids: number | readonly number[],
  batch: number | null,
): (number | readonly number[])[] {
  if (typeof ids === "number") return [ids];
  if (ids.length === 0) return [];
  if (batch === null) return [ids];
  const parts: (readonly number[])[] = [];
  for (let start = 0; start < ids.length; start += batch)
    parts.push(ids.slice(start, start + batch));
  return parts;
}

/** A record or an id, or any iterable of them; order and duplicates are kept. */
export function toIds(instances: unknown, call: string): number | number[] {
  if (typeof instances === "string") {
    throw new TqError(
      "invalid",
      `Cannot push ${call} for ${JSON.stringify(instances)}: give a record, an id, or a list of them, not text`,
    );
  }
  if (typeof instances === "object" && instances !== null && Symbol.iterator in instances) {
    return Array.from(instances as Iterable<unknown>, (item, index) =>
      idOf(item, `${call}, instances[${index}]`),
    );
  }
  return idOf(instances, call);
}
