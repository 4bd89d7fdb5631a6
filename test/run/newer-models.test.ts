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
  const columns = {
    id: 1,
    claim: 1,
    attempt: 1,
    model,
    method,
    instances: "1",
    args,
    context: "{}",
  };
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

test.each([
  [1, 500],
  [2, 1_000],
  [40, 10_000],
])(
  "a task that no loaded model has waits for those on the disk: run %d for %d ms",
  (attempt, delay) => {
    const newerOnDisk = () => "models.ts has changed";
    const task = { ...call("part", "send"), attempt };
    const outcome = prepare(task, { registry, policies, leaveToNewer: () => false, newerOnDisk });
    const reason =
      "models.ts has changed, and the models that its worker has loaded lack its method: it waits for the new ones (SIGHUP loads them)";
    expect(outcome).toEqual({ kind: "snoozed", delay, reason });
  },
);

test("a task that no loaded model has fails where the disk has the loaded ones", () => {
  const outcome = prepare(call("part", "send"), { registry, policies, newerOnDisk: () => null });
  expect(outcome).toMatchObject({ kind: "failed" });
});
