/** `Model.__queue__.method(instances, ...args)`: a call that is stored instead of made. */
import { encode } from "../values/encoding.ts";
import { type ModelClass, type ModelMethod, requireMethod } from "../registry/model-class.ts";
import { toTasks } from "./division.ts";
import { toIds } from "./instances.ts";
import { splitContext } from "./placement.ts";
import { basisOf, encodeArgs, storeTasks } from "./store-tasks.ts";

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
  // A check instead of a search at each push: classes can be changed while a program runs.
  const isThere = ({ kind, call }: ModelMethod) =>
    (holders[kind] as Readonly<Record<string, unknown>>)[method] === call;
  return (instances, ...args) =>
    storeTasks<number | number[]>((pusher) => {
      const { context, user, runtime } = pusher;
      const { registry, worker } = runtime;
      registry.add(model, null, !worker); // from no file; without a worker this program runs the task
      if (!found || !isThere(found)) found = requireMethod(model, method, "push");
      const name = model.__name__;
      const ids = toIds(instances, { model: name, method, type: model });
      const { placement, stored } = splitContext(context, basisOf(pusher));
      const common = {
        model: name,
        method,
        user,
        args: encodeArgs(args, "args"),
        context: encode(stored, "context"),
        ...placement.columns,
      };
      const tasks = toTasks(common, ids, placement.batch);
      const single = typeof ids === "number";
      return { tasks, result: (pushed) => (single ? (pushed[0] ?? 0) : pushed) };
    });
}
