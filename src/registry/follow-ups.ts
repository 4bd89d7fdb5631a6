/** The tasks that failures push: the policy `onFailed` of each method, told to the store before a task can fail. */
import { isOfAny } from "../call-patterns.ts";
import { callsOf, type ModelCatalog } from "../catalog.ts";
import { TqError } from "../errors.ts";
import type { TaskRules } from "../settings/task-rules.ts";
import type { DeclaredFollowUps, FollowUp } from "../store/failure-store.ts";
import type { Store } from "../store/store.ts";
import { didYouMean } from "../suggest.ts";
import { FUNCTION_METHOD } from "../task.ts";
import { isFunction, methodNames, type ModelClass } from "./model-class.ts";
import { Policies } from "./policies.ts";
import type { Registry } from "./registry.ts";

/**
 * Tells the store what the failures of these models push.
 *
 * @throws TqError as `followUpsOf`.
 */
export async function declareFollowUps(
  store: Store,
  registry: Registry,
  rules: readonly TaskRules[],
  isComplete = true,
): Promise<DeclaredFollowUps> {
  const declared = followUpsOf(registry, rules, isComplete);
  await store.failures.declare(declared.models, declared.followUps);
  return declared;
}

/**
 * The tasks that the failures of these models push.
 *
 * @param isComplete the registry has all functions: none that it lacks can be called.
 * @throws TqError "models" for a function that names one which there is not.
 */
export function followUpsOf(
  registry: Registry,
  rules: readonly TaskRules[],
  isComplete = true,
): DeclaredFollowUps {
  const policies = new Policies(rules, (name) => isCallable(name, registry, isComplete));
  const models = registry.all();
  const followUps = models.flatMap((model) => {
    if (isFunction(model)) return followUpsOfFunction(model, registry, policies, isComplete);
    return followUpsOfModel(model, policies);
  });
  return { models: models.map(({ __name__ }) => __name__), followUps };
}

function followUpsOfModel(model: ModelClass, policies: Policies): FollowUp[] {
  const name = model.__name__;
  const methods = methodNames(model);
  return methods.flatMap((method) => {
    const called = policies.sourced(model, method, null).policy.onFailed;
    if (called === null) return [];
    return [{ model: name, method, calls: { model: name, method: called } }];
  });
}

function followUpsOfFunction(
  model: ModelClass,
  registry: Registry,
  policies: Policies,
  isComplete: boolean,
): FollowUp[] {
  const name = model.__name__;
  const called = policies.sourced(model, FUNCTION_METHOD, null).policy.onFailed;
  if (called === null) return [];
  if (!isCallable(called, registry, isComplete)) throw noFunction(name, called, registry);
  return [
    { model: name, method: FUNCTION_METHOD, calls: { model: called, method: FUNCTION_METHOD } },
  ];
}

function isCallable(name: string, registry: Registry, isComplete: boolean): boolean {
  const found = registry.get(name);
  return found === undefined ? !isComplete : isFunction(found);
}

function noFunction(name: string, called: string, registry: Registry): TqError {
  const functions = registry.all().filter(isFunction);
  const near = didYouMean(
    called,
    functions.map(({ __name__ }) => __name__),
  );
  return new TqError(
    "models",
    `Cannot use task(${JSON.stringify(name)}).onFailed: there is no function ${JSON.stringify(called)} here${near}`,
  );
}

/** A sentence for each `on_failed` of tq.toml that no task can call: it does not count. */
export function unknownFollowUps(rules: readonly TaskRules[], catalog: ModelCatalog): string[] {
  return rules.flatMap(({ pattern, said: { onFailed = null } }) => {
    if (onFailed === null) return [];
    const lacking = Object.entries(catalog).filter(
      ([model, methods]) => isMeant(pattern, model, methods) && !can(catalog, model, onFailed),
    );
    if (lacking.length === 0) return [];
    const names = lacking.map(([model]) => model).join(", ");
    const words = `on_failed = ${JSON.stringify(onFailed)} of [tasks.${JSON.stringify(pattern)}]`;
    return [
      `${words} is of no use for ${names}: there is no such method or function; it does not count there`,
    ];
  });
}

function isMeant(pattern: string, model: string, methods: ModelCatalog[string]): boolean {
  return isOfAny(pattern, callsOf({ [model]: methods ?? null }));
}

function can(catalog: ModelCatalog, model: string, called: string): boolean {
  const methods = catalog[model];
  return methods
    ? methods.includes(called)
    : Object.hasOwn(catalog, called) && catalog[called] === null;
}
