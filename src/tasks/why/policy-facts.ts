/** The facts of a policy that explain how a task stands. */
import { filterWords } from "../../policies/error-filter.ts";
import type { Policy } from "../../policies/table.ts";
import { Policies } from "../../registry/policies.ts";
import type { Registry } from "../../registry/registry.ts";
import type { TaskRules } from "../../settings/task-rules.ts";
import type { Task } from "../../task.ts";

export interface PolicyFacts {
  readonly attempts: number;
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
  return { attempts: policy.attempts, endsEarly: endingWords(policy, reason ?? "") };
}

/** The policy may have changed since the run: then no rule of it may be the cause. */
function endingWords({ retryOn, failOn, backoff }: Policy, reason: string): string {
  const rules = [
    ...(failOn === null ? [] : [`failOn (${filterWords(failOn)})`]),
    ...(retryOn === null ? [] : [`retryOn (${filterWords(retryOn)})`]),
    ...(typeof backoff === "function" ? ["backoff (a function of the model)"] : []),
  ];
  const isForPeople = /^User(?:Error|Warning)\b/.test(reason);
  if (isForPeople && retryOn === null) return "as an error for people is not tried again";
  return rules.length === 0 ? "as its policy said then" : `as its policy says: ${rules.join(", ")}`;
}
