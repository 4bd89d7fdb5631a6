/** Tasks whose method only other threads of the worker have, which have newer models. */
import { expect, test } from "bun:test";
import { Policies } from "../../src/registry/policies.ts";
import { Registry } from "../../src/registry/registry.ts";
import { prepare } from "../../src/run/prepare.ts";
import type { ClaimedTask } from "../../src/task.ts";
import { Part } from "./part.ts";

const registry = new Registry();
registry.add(Part, null);
const policies = new Policies([]);

function call(model: string, method: string, args = "[]"): ClaimedTask {
  const columns = { id: 1, claim: 1, model, method, instances: "1", args, context: "{}" };
  return { ...columns, policy: null } as unknown as ClaimedTask;
}

test.each([
  ["invoice", "send"],
  ["part", "send"],
])("a thread with older models gives %s.%s back, and ends", (model, method) => {
  let asked = 0;
  const leaveToNewer = () => (asked += 1) > 0;
  const outcome = prepare(call(model, method), { registry, policies, leaveToNewer });
  const reason = "its thread has older models, and leaves it to a newer one";
  expect(outcome).toEqual({ kind: "interrupted", reason });
  expect(asked).toBe(1);
});

test("a thread with the newest models fails it", () => {
  const outcome = prepare(call("part", "send"), { registry, policies, leaveToNewer: () => false });
  expect(outcome).toMatchObject({ kind: "failed" });
});

test("a thread with older models fails a task whose arguments cannot be read", () => {
  const leaveToNewer = () => true;
  const outcome = prepare(call("part", "list", "{}"), { registry, policies, leaveToNewer });
  expect(outcome).toMatchObject({ kind: "failed" });
});
