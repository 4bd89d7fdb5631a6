/** `Model.__queue__.method(instances, ...args)`: a call that is stored instead of made. */
import { encode } from "../values/encoding.ts";
import type { NewTask } from "../task.ts";
import { type ModelClass, type ModelMethod, requireMethod } from "../registry/model-class.ts";
import { type Placement, splitContext } from "./placement.ts";
import { toIds } from "./instances.ts";
import { encodeArgs, type Pusher, storeTasks } from "./store-tasks.ts";

/**
 * Names that JavaScript itself asks of any object: a queue that had them would be awaited, or written as JSON,
 * by a push.
 */
const ASKED_BY_LANGUAGE = new Set(["then", "toJSON"]);

type Caller = (instances: unknown, ...args: unknown[]) => Promise<number | number[]>;

const queues = new WeakMap<ModelClass, Record<string, Caller>>();

/** The object behind `Model.__queue__`: the same for each class, and in it the same function for each method. */
export function queueOf(model: ModelClass): Record<string, Caller> {
  let queue = queues.get(model);
  if (!queue) queues.set(model, (queue = makeQueue(model)));
  return queue;
}

function makeQueue(model: ModelClass): Record<string, Caller> {
  return new Proxy(Object.create(null) as Record<string, Caller>, {
    get(callers, name) {
      if (typeof name === "symbol" || ASKED_BY_LANGUAGE.has(name)) return undefined;
      return (callers[name] ??= callerOf(model, name));
    },
  });
}

function callerOf(model: ModelClass, method: string): Caller {
  const holders: Record<ModelMethod["kind"], object> = { static: model, instance: model.prototype };
  let found: ModelMethod | undefined;
  // As good as a search at each push, and quick: classes can be changed while a program runs.
  const isThere = ({ kind, call }: ModelMethod) =>
    (holders[kind] as Readonly<Record<string, unknown>>)[method] === call;
  return (instances, ...args) =>
    storeTasks<number | number[]>((pusher) => {
      const { registry, worker } = pusher.runtime;
      registry.add(model, null, !worker);
      if (!found || !isThere(found)) found = requireMethod(model, method, "push");
      const ids = toIds(instances, { model: model.__name__, method, type: model });
      const tasks = toTasks({ model: model.__name__, method, args }, ids, pusher);
      const single = typeof ids === "number";
      return { tasks, result: (pushed) => (single ? (pushed[0] ?? 0) : pushed) };
    });
}

interface Call {
  readonly model: string;
  readonly method: string;
  readonly args: readonly unknown[];
}

function toTasks(
  { model, method, args }: Call,
  ids: number | readonly number[],
  { context, user, runtime }: Pusher,
): NewTask[] {
  const { config, store, worker } = runtime;
  const { placement, stored } = splitContext(context, config.queue.batch_size);
  const common = {
    model,
    method,
    user,
    args: encodeArgs(args, "args"),
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
