/** `Model.__queue__.method(instances, ...args)`: a call that is stored instead of made; a function has no instances. */
import { encode } from "../values/encoding.ts";
import { TqError } from "../errors.ts";
import { quote } from "../quote.ts";
import { type ModelClass, requireMethod } from "../registry/model-class.ts";
import { type NewTask, NO_INSTANCES } from "../task.ts";
import { TaskHandle } from "../tasks/handle.ts";
import { refuseBatchOfFunction, toTasks } from "./division.ts";
import { toIds } from "./instances.ts";
import { splitContext } from "./placement.ts";
import { basisOf, encodeArgs, type Pusher, storeTasks } from "./store-tasks.ts";
import type { TaskOptions } from "./task-options.ts";

/**
 * Names that JavaScript itself asks of any object: a queue that had them would be awaited, or written as JSON,
 * by a push.
 */
const ASKED_BY_LANGUAGE = new Set(["then", "toJSON"]);

/** A call to store: the records, then the arguments. */
type Call<Answer> = (instances: unknown, ...args: unknown[]) => Promise<Answer | Answer[]>;

interface Caller extends Call<number> {
  /** The same call with options of its own, which win over the context's keys. */
  with: (options: TaskOptions) => Call<TaskHandle>;
}

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
  const tasksOf = (
    pusher: Pusher,
    instances: unknown,
    args: readonly unknown[],
    options: Given | null,
  ): NewTask[] => {
    const { context, user, runtime } = pusher;
    const { registry, worker } = runtime;
    registry.add(model, null, !worker); // from no file; without a worker this program runs the task
    const { kind } = requireMethod(model, method, "push");
    const name = model.__name__;
    const { placement, stored } = splitContext(context, basisOf(pusher), options);
    const common = {
      model: name,
      method,
      user,
      args: encodeArgs(args, "args"),
      context: encode(stored, "context"),
      ...placement.columns,
    };
    if (kind === "function") {
      if (options) refuseBatchOfFunction(options["batch"]); // that of a context is for all pushes
      return [{ ...common, instances: NO_INSTANCES }];
    }
    const ids = toIds(instances, { model: name, method, type: model });
    return toTasks(common, ids, placement.batch);
  };
  const call: Call<number> = (instances, ...args) =>
    storeTasks<number | number[]>((pusher) => {
      const tasks = tasksOf(pusher, instances, args, null);
      return { tasks, result: (pushed) => (isSingle(tasks) ? (pushed[0] ?? 0) : pushed) };
    });
  const withOptions = (options: TaskOptions): Call<TaskHandle> => {
    return (instances, ...args) =>
      storeTasks<TaskHandle | TaskHandle[]>((pusher) => {
        const tasks = tasksOf(pusher, instances, args, givenIn(options));
        const handle = (id: number) => new TaskHandle(pusher.runtime, id);
        return {
          tasks,
          result: (pushed) => (isSingle(tasks) ? handle(pushed[0] ?? 0) : pushed.map(handle)),
        };
      });
  };
  return Object.assign(call, { with: withOptions });
}

/** A push of one record, or of a function, makes one task: it answers for that alone. */
function isSingle([task]: readonly NewTask[]): boolean {
  return typeof task?.instances === "number" || task?.instances.length === 0;
}

type Given = Readonly<Record<string, unknown>>;

function givenIn(options: TaskOptions): Given {
  if (typeof options === "object" && options !== null && !Array.isArray(options))
    return { ...options };
  const why = `${quote(options)} is no object of options, such as { attempts: 3 }`;
  throw new TqError("invalid", `Cannot push: ${why}`);
}
