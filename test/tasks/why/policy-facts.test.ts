/** The policy of a task in what is said of it: its attempts, and the rule that ended it before the last one. */
import { expect, test } from "bun:test";
import { task } from "../../../src/index.ts";
import { type ModelClass, modelOf } from "../../../src/registry/model-class.ts";
import { Registry } from "../../../src/registry/registry.ts";
import { saidPolicies } from "../../../src/registry/said-policies.ts";
import type { Task } from "../../../src/task.ts";
import { knownPolicyFacts, policyFacts } from "../../../src/tasks/why/policy-facts.ts";
import { needsPolicy, whyOf } from "../../../src/tasks/why/why.ts";
import { ended, putOff, running, situation } from "./situations.ts";

test.each([
  [{ failOn: "SmtpError" }, "SmtpError: 550", "as its policy says: failOn (SmtpError)"],
  [{ retryOn: ["EOFF", TypeError] }, "Error: no", "as its policy says: retryOn (EOFF, TypeError)"],
  [{}, "UserError: no paper", "as an error for people is not tried again"],
  [{}, "Error: no", "as its policy said then"],
  [{ backoff: () => null }, "Error: no", "as its policy says: backoff (a function of the model)"],
])("with the policy %p, %s ended the task %s", (policy, reason, words) => {
  const registry = new Registry();
  const fn = task("printer", { attempts: 3, expires: "1m", ...policy }, () => 1);
  registry.add(modelOf(fn) as ModelClass, null);
  const call = { model: "printer", method: "call", reason, policy: null };
  expect(policyFacts(registry, [], call as Task)).toEqual({
    attempts: 3,
    expires: 60_000,
    endsEarly: words,
  });
  expect(policyFacts(new Registry(), [], call as Task)).toBeNull();
  const known = { catalog: registry.catalog(), policies: saidPolicies(registry.all(), []) };
  const pushed = { ...call, instances: [] as readonly number[] };
  expect(knownPolicyFacts(known, pushed as Task)).toEqual({
    attempts: 3,
    expires: 60_000,
    endsEarly: words,
  });
  expect(knownPolicyFacts({ catalog: null, policies: {} }, pushed as Task)).toBeNull();
});

test("the attempts that the policy allows are said where they are known", () => {
  const known = {
    mode: "worker",
    policy: { attempts: 5, expires: null, endsEarly: "as it says" },
  } as const;
  expect(whyOf(putOff("failed"), known).sentence).toContain("attempt 3 of 5, in 40 s");
  const failed = ended("failed", { failures: 5, attempts: 5, reason: "Error: no" });
  expect(whyOf(failed, known).sentence).toBe(
    'Task 7 failed 1 min ago, at attempt 5 of 5: "Error: no"',
  );
});

test("a task that failed before its last attempt says what in its policy ended it", () => {
  const { lastRun } = putOff("failed");
  const failed = ended("failed", { failures: 1, reason: "SmtpError: 550" });
  const known = {
    mode: "worker",
    policy: { attempts: 3, expires: null, endsEarly: "as it says" },
  } as const;
  expect(whyOf({ ...failed, lastRun }, known).sentence).toBe(
    'Task 7 failed 1 min ago, at attempt 1 of 3: "SmtpError: 550"; it was not tried again, as it says',
  );
  expect(needsPolicy({ ...failed, lastRun })).toBe(true);
});

test("a task whose model says that it has expired by now says so, whether a worker lives or not", () => {
  const policy = { attempts: 1, expires: 50_000, endsEarly: "" };
  const known = { mode: "worker", policy } as const;
  for (const of of [situation({ workers: [] }), situation()]) {
    expect(whyOf(of, known)).toMatchObject({
      cause: "expired",
      sentence:
        "Task 7 expired 10 s ago, before its first run: the worker that takes it cancels it",
    });
  }
  const later = { ...known, policy: { ...policy, expires: 61_000 } };
  expect(whyOf(situation({ workers: [] }), later).cause).toBe("no_worker");
  expect(needsPolicy(situation({ workers: [] }))).toBe(true);
  expect(needsPolicy(situation({ workers: [], task: { expires_at: 1 } }))).toBe(false);
  expect(needsPolicy(situation({ workers: [], task: { attempts: 1 } }))).toBe(false);
});

test("they are asked for only where they would be said, as the models are user code", () => {
  const asking = [putOff("failed"), ended("failed", { failures: 2 })];
  const others = [situation(), running(), putOff("snoozed"), ended("failed"), ended("finished")];
  expect(asking.map(needsPolicy)).toEqual([true, true]);
  expect(others.map(needsPolicy)).toEqual(others.map(() => false));
});
