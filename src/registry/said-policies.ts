/** The policies that models and tq.toml say of all methods, as plain data that threads and HTTP can carry. */
import type { ModelCatalog } from "../catalog.ts";
import { POLICIES, POLICY_KEYS, type PolicyKey, type PolicyRow } from "../policies/table.ts";
import type { TaskRules } from "../settings/task-rules.ts";
import { callName, FUNCTION_METHOD } from "../task.ts";
import { isFunction, methodNames, type ModelClass } from "./model-class.ts";
import { Policies } from "./policies.ts";

export interface SaidPolicy {
  /** As JSON; null where it has no such form, as a function. */
  readonly value: unknown;
  readonly words: string;
  readonly from: "model" | "tq.toml";
}

/** By the name of a method, `sale.process`, or of a function; all else has its preset. */
export type SaidPolicies = Readonly<
  Record<string, { readonly [K in PolicyKey]?: SaidPolicy } | undefined>
>;

/** @param rules those of tq.toml. */
export function saidPolicies(
  models: Iterable<ModelClass>,
  rules: readonly TaskRules[],
): SaidPolicies {
  const all = [...models];
  const functions = new Set(all.filter(isFunction).map(({ __name__ }) => __name__));
  const policies = new Policies(rules, (name) => functions.has(name));
  const said = Object.create(null) as Record<string, SaidPolicies[string]>;
  for (const model of all) {
    const isAlone = isFunction(model);
    for (const method of isAlone ? [FUNCTION_METHOD] : methodNames(model)) {
      const ofMethod = saidOf(policies, model, method);
      if (Object.keys(ofMethod).length > 0) {
        said[callName(model.__name__, isAlone ? null : method)] = ofMethod;
      }
    }
  }
  return said;
}

function saidOf(policies: Policies, model: ModelClass, method: string) {
  const { policy, sources } = policies.sourced(model, method, null);
  const said: { [K in PolicyKey]?: SaidPolicy } = {};
  for (const key of POLICY_KEYS) {
    const from = sources[key];
    if (from === "default" || from === "push") continue;
    const row = POLICIES[key] as PolicyRow<unknown>;
    said[key] = { value: row.toJson(policy[key]), words: row.words(policy[key]), from };
  }
  return said;
}

/** The models as a server knows them. */
export interface KnownModels {
  /** null: none are known. */
  readonly catalog: ModelCatalog | null;
  readonly policies: SaidPolicies;
}
