/** All that can be pushed, with the policies in force of each method: for people and programs to read. */
import type { ModelCatalog } from "../catalog.ts";
import { fieldOf, POLICIES, POLICY_KEYS, type PolicyRow } from "../policies/table.ts";
import { callName } from "../task.ts";
import type { SaidPolicies, SaidPolicy } from "./said-policies.ts";

interface PolicyInForce extends Omit<SaidPolicy, "from"> {
  readonly from: SaidPolicy["from"] | "default";
}

export interface ListedMethod {
  /** null: it is a function. */
  readonly method: string | null;
  /** `sale.process`, or the name of the function. */
  readonly call: string;
  /** By the names that tq.toml has. */
  readonly policies: Readonly<Record<string, PolicyInForce>>;
}

export interface ListedModel {
  readonly name: string;
  readonly kind: "model" | "function";
  readonly methods: readonly ListedMethod[];
}

/** @param catalog null: no models are known. */
export function listModels(catalog: ModelCatalog | null, said: SaidPolicies): ListedModel[] {
  const models = Object.entries(catalog ?? {}).map(([name, methods]) => ({
    name,
    kind: methods === null ? ("function" as const) : ("model" as const),
    methods: (methods ?? [null]).map((method) => listedMethod(name, method, said)),
  }));
  return models.toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

function listedMethod(model: string, method: string | null, said: SaidPolicies): ListedMethod {
  const call = callName(model, method);
  const policies = POLICY_KEYS.map((key) => {
    const { preset, toJson, words } = POLICIES[key] as PolicyRow<unknown>;
    const standing = { value: toJson(preset), words: words(preset), from: "default" as const };
    return [fieldOf(key), said[call]?.[key] ?? standing] as const;
  });
  return { method, call, policies: Object.fromEntries(policies) };
}
