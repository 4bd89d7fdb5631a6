/** The rule of a policy that ended a task before its last attempt. */
import { expect, test } from "bun:test";
import { task } from "../../../src/index.ts";
import { type ModelClass, modelOf } from "../../../src/registry/model-class.ts";
import { Registry } from "../../../src/registry/registry.ts";
import type { Task } from "../../../src/task.ts";
import { policyFacts } from "../../../src/tasks/why/policy-facts.ts";

test.each([
  [{ failOn: "SmtpError" }, "SmtpError: 550", "as its policy says: failOn (SmtpError)"],
  [{ retryOn: ["EOFF", TypeError] }, "Error: no", "as its policy says: retryOn (EOFF, TypeError)"],
  [{}, "UserError: no paper", "as an error for people is not tried again"],
  [{}, "Error: no", "as its policy said then"],
])("with the policy %p, %s ended the task %s", (policy, reason, words) => {
  const registry = new Registry();
  const fn = task("printer", { attempts: 3, ...policy }, () => 1);
  registry.add(modelOf(fn) as ModelClass, null);
  const call = { model: "printer", method: "call", reason, policy: null };
  expect(policyFacts(registry, [], call as Task)).toEqual({ attempts: 3, endsEarly: words });
  expect(policyFacts(new Registry(), [], call as Task)).toBeNull();
});
