/** How a model wants its methods run as tasks: `static tasks = { charge: { transaction: false } }`. */
import { TqError } from "../errors.ts";
import { didYouMean } from "../suggest.ts";
import { type ModelClass, requireMethod } from "./model-class.ts";
import { inspected } from "../quote.ts";

export interface TaskPolicy {
  /**
   * false: the method runs alone and outside any transaction, for long I/O or code with a connection of its
   * own. It may start transactions; the claim of its task guards its end all the same. Default: true.
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

/** @throws TqError "not_found" for a method that the model does not have, "models" for an unknown key or value. */
export function checkPolicies(model: ModelClass): void {
  const { tasks = {} } = model as WithPolicies;
  for (const [method, policy] of Object.entries(tasks)) {
    requireMethod(model, method, "set a policy for");
    for (const [key, value] of Object.entries(policy)) {
      if ((KEYS as readonly string[]).includes(key) && typeof value === "boolean") continue;
      const problem = (KEYS as readonly string[]).includes(key)
        ? `${key} cannot be ${inspected(value)}; it must be true or false`
        : `${key} is not a policy${didYouMean(key, KEYS)}`;
      throw new TqError("models", `Cannot use ${model.__name__}.tasks.${method}: ${problem}`);
    }
  }
}
