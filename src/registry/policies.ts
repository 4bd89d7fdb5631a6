/** How a model wants its methods run as tasks: `static tasks = { charge: { transaction: false } }`. */
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { type ModelClass, requireMethod } from "./model-class.ts";

export interface TaskPolicy {
  /**
   * false: the method runs alone and outside any transaction, for long I/O or code with a connection of its
   * own. It may start transactions of its own; its end is guarded all the same. Default: true.
   */
  readonly transaction?: boolean;
}

const KEYS = ["transaction"] as const satisfies (keyof TaskPolicy)[];

const NONE: TaskPolicy = {};

interface WithPolicies {
  readonly tasks?: Readonly<Record<string, TaskPolicy>>;
}

/** The policy of one method. */
export function policyOf(model: ModelClass, method: string): TaskPolicy {
  const { tasks } = model as WithPolicies;
  return tasks && Object.hasOwn(tasks, method) ? (tasks[method] ?? NONE) : NONE;
}

/** @throws TqError "models" for a policy of a method that is not there, or with a key or value that is none. */
export function checkPolicies(model: ModelClass): void {
  const { tasks = {} } = model as WithPolicies;
  for (const [method, policy] of Object.entries(tasks)) {
    requireMethod(model, method, "set a policy for");
    for (const [key, value] of Object.entries(policy)) {
      if ((KEYS as readonly string[]).includes(key) && typeof value === "boolean") continue;
      const what = (KEYS as readonly string[]).includes(key)
        ? `${key} cannot be ${Bun.inspect(value)}; it must be true or false`
        : `${key} is not a policy${didYouMean(key, KEYS)}`;
      throw new TqError("models", `Cannot use ${model.__name__}.tasks.${method}: ${what}`);
    }
  }
}
