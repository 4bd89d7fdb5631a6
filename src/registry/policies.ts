/**
 * The policy of a method: what a push says wins over tq.toml, that over `static tasks` of the model, that over the
 * preset.
 */
import { didYouMeanCall, isOfAny, matchesCall } from "../call-patterns.ts";
import { callsOf, type ModelCatalog } from "../catalog.ts";
import { TqError } from "../errors.ts";
import { inspected } from "../quote.ts";
import { isPlain } from "../values/plain.ts";
import { IN_MODEL, readPolicies, readPushed, type Said } from "../policies/read.ts";
import {
  type Policy,
  POLICY_KEYS,
  type PolicyKey,
  PRESET_POLICY,
  type TaskPolicy,
} from "../policies/table.ts";
import type { TaskRules } from "../settings/task-rules.ts";
import {
  isFunction,
  methodNames,
  type ModelClass,
  type ModelMethod,
  requireMethod,
} from "./model-class.ts";
import { WEBHOOK_CALL } from "../task.ts";

interface WithPolicies {
  readonly tasks?: Readonly<Record<string, TaskPolicy>>;
}

/** Where the value of a policy comes from. */
type PolicySource = "push" | "tq.toml" | "model" | "default";

/** A policy, and where each value of it comes from. */
export interface SourcedPolicy {
  readonly policy: Policy;
  readonly sources: Readonly<Record<PolicyKey, PolicySource>>;
}

/** Whether there is a function of this name. */
type HasFunction = (name: string) => boolean;

/** The policies of all methods of this process; each is read once. */
export class Policies {
  readonly #rules: readonly TaskRules[];
  readonly #hasFunction: HasFunction;
  readonly #byModel = new WeakMap<ModelClass, Map<string, Policy>>();

  /**
   * @param rules those of tq.toml.
   * @param hasFunction is asked about the `onFailed` of functions; without it all names count.
   */
  constructor(rules: readonly TaskRules[], hasFunction: HasFunction = () => true) {
    this.#rules = rules;
    this.#hasFunction = hasFunction;
  }

  /**
   * @param pushed the JSON that the push has stored with the task; null: it said nothing.
   * @throws TqError "models" or "invalid" for a value that cannot be.
   */
  of(model: ModelClass, method: string, pushed: string | null): Policy {
    let byMethod = this.#byModel.get(model);
    if (!byMethod) this.#byModel.set(model, (byMethod = new Map<string, Policy>()));
    let policy = byMethod.get(method);
    if (!policy) byMethod.set(method, (policy = this.sourced(model, method, null).policy));
    return pushed === null ? policy : { ...policy, ...readPushed(pushed, "its policy") };
  }

  /** The policy with the source of each value, for people. */
  sourced(model: ModelClass, method: string, pushed: string | null): SourcedPolicy {
    const layers: [PolicySource, Said][] = [
      ["default", PRESET_POLICY],
      ["model", saidByModel(model, method)],
      ["tq.toml", this.#saidByRules(model, method)],
      ["push", pushed === null ? {} : readPushed(pushed, "its policy")],
    ];
    const policy = Object.assign({}, ...layers.map(([, said]) => said)) as Policy;
    const sources = Object.fromEntries(
      POLICY_KEYS.map((key) => [key, layers.findLast(([, said]) => key in said)?.[0] ?? "default"]),
    ) as Record<PolicyKey, PolicySource>;
    return { policy, sources };
  }

  /** Gathers the policies of tq.toml for a method: a name wins over a pattern, a longer pattern over a shorter one. */
  #saidByRules(model: ModelClass, method: string): Said {
    const called = isFunction(model) ? null : method;
    const those = this.#rules.filter(({ pattern }) => matchesCall(pattern, model.__name__, called));
    return Object.assign({}, ...those.map(({ said }) => this.#countingFor(model, said))) as Said;
  }

  /** A section is for many models: its `onFailed` counts for those that have the method. */
  #countingFor(model: ModelClass, said: Said): Said {
    const { onFailed: called = null, ...others } = said;
    if (called === null) return said;
    const canCall = isFunction(model)
      ? this.#hasFunction(called)
      : methodNames(model).includes(called);
    return canCall ? said : others;
  }
}

/** tq has this function itself, in every worker. */
const OWN_CALL = { model: WEBHOOK_CALL, method: null };

/** A sentence for each section of tq.toml that names a method which there is not: it is misspelt, or left over. */
export function unknownRules(
  rules: readonly TaskRules[],
  catalog: ModelCatalog,
  where = "tq.toml",
): string[] {
  const calls = callsOf(catalog);
  return rules
    .filter(({ pattern }) => !isOfAny(pattern, [...calls, OWN_CALL]))
    .map(
      ({ pattern }) =>
        `[tasks.${JSON.stringify(pattern)}] of ${where} is of no use: no method has that name${didYouMeanCall(pattern, calls)}`,
    );
}

/** Where a model says the policy of a method, for the sentence of an error. */
function placeOf(model: ModelClass, method: string): string {
  return isFunction(model)
    ? `task(${JSON.stringify(model.__name__)})`
    : `${model.__name__}.tasks.${method}`;
}

function saidByModel(model: ModelClass, method: string): Said {
  const { tasks } = model as WithPolicies;
  const given = tasks && Object.hasOwn(tasks, method) ? tasks[method] : undefined;
  if (given === undefined) return {};
  return readPolicies(given, placeOf(model, method), IN_MODEL, (problem) => {
    throw refused(model, problem);
  });
}

/** @throws TqError "not_found" for a method that the model does not have, "models" for an unknown key or value. */
export function checkPolicies(model: ModelClass): void {
  const { tasks } = model as { readonly tasks?: unknown };
  if (tasks === undefined) return;
  if (typeof tasks !== "object" || tasks === null || !isPlain(tasks)) {
    throw refused(
      model,
      `${model.__name__}.tasks cannot be ${inspected(tasks)}: it must be an object of policies by the names of methods`,
    );
  }
  for (const [method, policy] of Object.entries(tasks)) {
    const { kind } = requireMethod(model, method, "set a policy for");
    if (typeof policy === "object" && policy !== null && isPlain(policy))
      checkSaid(model, method, kind);
    else {
      const wanted = `it must be an object of policies, such as { attempts: 3 }`;
      throw refused(model, `${placeOf(model, method)} cannot be ${inspected(policy)}: ${wanted}`);
    }
  }
}

function refused(model: ModelClass, problem: string): TqError {
  const kind = isFunction(model) ? "function" : "model";
  return new TqError("models", `Cannot use the ${kind} ${model.__name__}: ${problem}`);
}

function checkSaid(model: ModelClass, method: string, kind: ModelMethod["kind"]): void {
  const said = saidByModel(model, method);
  checkInstances(model, said, kind, placeOf(model, method));
  // Other functions may be defined later: the worker looks for them.
  if (typeof said.onFailed === "string" && kind !== "function") {
    requireMethod(
      model,
      said.onFailed,
      `call, as ${placeOf(model, method)}.onFailed says,`,
      "; there it names a method of the same model, and no function",
    );
  }
}

function checkInstances(
  model: ModelClass,
  { instances }: Said,
  kind: ModelMethod["kind"],
  place: string,
): void {
  if (instances === undefined || instances === null || kind === "static") return;
  const why =
    kind === "function" ? "a function has none" : "a method of the record is called on each";
  throw refused(model, `${place}: instances is for static methods, and ${why}`);
}
