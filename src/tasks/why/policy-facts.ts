/** The facts of a policy that explain how a task stands. */
import { isTqError } from "../../errors.ts";
import { filterWords } from "../../policies/error-filter.ts";
import { readPushed, type Said } from "../../policies/read.ts";
import { POLICIES } from "../../policies/table.ts";
import { Policies } from "../../registry/policies.ts";
import type { Registry } from "../../registry/registry.ts";
import type { KnownModels } from "../../registry/said-policies.ts";
import type { TaskRules } from "../../settings/task-rules.ts";
import { calledMethod, callName, type Task } from "../../task.ts";

export interface PolicyFacts {
  readonly attempts: number;
  /** The longest wait for the first run, in ms; null: no limit. */
  readonly expires: number | null;
  /** Which rules end a task before its last attempt, in words; the last part of a sentence. */
  readonly endsEarly: string;
}

/** @returns null where the registry does not have the model. @throws TqError for a policy that cannot be. */
export function policyFacts(
  registry: Registry,
  rules: readonly TaskRules[],
  { model, method, policy: said, reason }: Task,
): PolicyFacts | null {
  const found = registry.get(model);
  if (found === undefined) return null;
  const pushed = said === null ? null : JSON.stringify(said);
  const policy = new Policies(rules).of(found, method, pushed);
  const { attempts, expires, failOn, retryOn, backoff } = policy;
  const ending = {
    failOn: failOn && filterWords(failOn),
    retryOn: retryOn && filterWords(retryOn),
    isByFunction: typeof backoff === "function",
  };
  return { attempts, expires, endsEarly: endingWords(ending, reason ?? "") };
}

/** @returns null where a server does not know the method, or a newer tq pushed the task. */
export function knownPolicyFacts(
  { catalog, policies }: KnownModels,
  { model, method, instances, policy, reason }: Task,
): PolicyFacts | null {
  const called = calledMethod({ method, instances });
  const methods = catalog && Object.hasOwn(catalog, model) ? catalog[model] : undefined;
  const isKnown = called === null ? methods === null : methods?.includes(called) === true;
  const pushed = isKnown ? pushedOf(policy) : null;
  if (pushed === null) return null;
  const said = policies[callName(model, called)] ?? {};
  const attempts = (said.attempts?.value as number | undefined) ?? POLICIES.attempts.preset;
  const rules = {
    failOn: said.failOn?.words ?? null,
    retryOn: said.retryOn?.words ?? null,
    isByFunction: said.backoff?.value === null && pushed.backoff === undefined,
  };
  const expires = said.expires ? POLICIES.expires.read(said.expires.value, "expires") : null;
  return {
    attempts: pushed.attempts ?? attempts,
    expires: pushed.expires === undefined ? expires : pushed.expires,
    endsEarly: endingWords(rules, reason ?? ""),
  };
}

function pushedOf(policy: Task["policy"]): Said | null {
  try {
    return policy === null ? {} : readPushed(JSON.stringify(policy), "its policy");
  } catch (error) {
    if (isTqError(error)) return null;
    throw error;
  }
}

/** The rules by which a task may fail before its last attempt, in words; null: the preset. */
interface EndingRules {
  readonly failOn: string | null;
  readonly retryOn: string | null;
  /** A function of the model chooses the waits. */
  readonly isByFunction: boolean;
}

/** The policy may have changed since the run: then no rule of it may be the cause. */
function endingWords({ retryOn, failOn, isByFunction }: EndingRules, reason: string): string {
  const rules = [
    ...(failOn === null ? [] : [`failOn (${failOn})`]),
    ...(retryOn === null ? [] : [`retryOn (${retryOn})`]),
    ...(isByFunction ? ["backoff (a function of the model)"] : []),
  ];
  const isForPeople = /^User(?:Error|Warning)\b/.test(reason);
  if (isForPeople && retryOn === null) return "as an error for people is not tried again";
  return rules.length === 0 ? "as its policy said then" : `as its policy says: ${rules.join(", ")}`;
}
