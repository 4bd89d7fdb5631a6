/** `task(name, function)`: a plain function that tasks can call, beside models and in the same files. */
import { isPlain } from "../values/plain.ts";
import { TqError } from "../errors.ts";
import { noteMade } from "../made-functions.ts";
import type { TaskPolicy } from "../policies/table.ts";
import { inspected } from "../quote.ts";
import type { Mark } from "../redaction/marks.ts";
import { checkModelName } from "../registry/definition.ts";
import { FUNCTION, isClass, MODEL_OF, type ModelClass } from "../registry/model-class.ts";
import { checkMarks } from "../registry/marked-models.ts";
import { checkPolicies } from "../registry/policies.ts";
import { recurringTasks } from "../registry/recurring.ts";
import { queueOf } from "../push/queue-caller.ts";
import type { TaskOptions } from "../push/task-options.ts";
import type { TaskHandle } from "../tasks/handle.ts";
import { FUNCTION_METHOD, NO_INSTANCES } from "../task.ts";
import { Model } from "./model.ts";
import type { JsonArgs, Returned, WithOptions } from "./queue-types.ts";
import type { RecurringCalls } from "./recurring-types.ts";

/** A function that can be pushed as a task. Called itself, it runs at once, as any function does. */
export type TaskFunction<F> = F & {
  /**
   * Stores a call as a task, in the current transaction or in one of its own.
   *
   * @returns the id of the task.
   * @throws TqError "invalid" for an argument that JSON cannot carry.
   */
  readonly push: Push<F, number> & WithOptions<Push<F, TaskHandle<ResultOf<F>>>>;
};

type Push<F, Answer> = (...args: JsonArgs<ArgsOf<F>>) => Promise<Answer>;

type ArgsOf<F> = F extends (...args: infer Args) => unknown ? Args : never;

type ResultOf<F> = F extends (...args: never) => infer Result ? Returned<Result> : never;

/** The policies of a function's tasks: it has no records that could be missing. */
type FunctionPolicy = Omit<TaskPolicy, "missing" | "instances">;

/** How the tasks of a function run, when they come by themselves, and what in them is secret. */
type FunctionOptions<F> = FunctionPolicy & {
  readonly cron?: RecurringCalls<NoInfer<F>>;
  readonly redact?: readonly Mark[];
};

type AnyFunction = (...args: unknown[]) => unknown;

/**
 * Makes a plain function a task. Export it from a models file, and workers run it; its name is what its tasks are
 * stored under, unique among functions and models.
 *
 * @param policy how its tasks run; `cron`: when they come by themselves; `redact`: the fields, and the places of the
 * arguments, that nothing may show.
 * @throws TqError "models" for a name, a policy or a recurring task that cannot be.
 * @example
 * export const thumbnail = task("thumbnail", async (path: string, width: number) => { … });
 * await thumbnail.push("a.png", 200);
 */
export function task<F extends CallableFunction>(name: string, fn: F): TaskFunction<F>;
export function task<F extends CallableFunction>(
  name: string,
  policy: FunctionOptions<F>,
  fn: F,
): TaskFunction<F>;
export function task(name: string, ...rest: readonly unknown[]): AnyFunction {
  checkModelName(name, "function");
  const [policy, given] = rest.length > 1 ? rest : [undefined, rest[0]];
  const fn = readFunction(name, given);
  const model = modelFor(name, policy, fn);
  checkPolicies(model);
  recurringTasks([model]);
  checkMarks(model);
  noteMade(name);
  const call = (...args: unknown[]) => fn(...args);
  return Object.assign(named(call, fn.name || name), { push: pushOf(model), [MODEL_OF]: model });
}

/** The push of a model's method, without the instances. */
function pushOf(model: ModelClass) {
  const caller = () => queueOf(model)[FUNCTION_METHOD];
  const push = (...args: unknown[]) => caller()?.(NO_INSTANCES, ...args);
  const withOptions = (options: TaskOptions) => {
    const pushWith = caller()?.with(options);
    return (...args: unknown[]) => pushWith?.(NO_INSTANCES, ...args);
  };
  return Object.assign(push, { with: withOptions });
}

/**
 * The model that stands for a function: so all that holds for models holds for functions. Those of tq itself have reserved
 * names.
 */
export function modelFor(name: string, given: unknown, fn: AnyFunction): ModelClass {
  const isTable = typeof given === "object" && given !== null && isPlain(given);
  const { cron, redact, ...policies } = isTable
    ? (given as { readonly cron?: unknown; readonly redact?: unknown })
    : {};
  const policy = isTable ? policies : given;
  class FunctionModel extends Model {
    static override readonly __name__ = name;
    static readonly [FUNCTION] = true;
    static override readonly [FUNCTION_METHOD] = fn;
    static readonly tasks = policy === undefined ? undefined : { [FUNCTION_METHOD]: policy };
    static readonly cron = cron;
    static readonly redact = redact;
  }
  return named(FunctionModel, `task(${JSON.stringify(name)})`);
}

function named<T extends object>(value: T, name: string): T {
  return Object.defineProperty(value, "name", { value: name });
}

function readFunction(name: string, given: unknown): AnyFunction {
  if (typeof given === "function" && !isClass(given)) return given as AnyFunction;
  const why = `${inspected(given)} is not a function; write task(name, function), or task(name, policy, function)`;
  throw new TqError("models", `Cannot make the function ${name}: ${why}`);
}
