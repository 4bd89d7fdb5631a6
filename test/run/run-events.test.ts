/** What events tell of a task and its run. */
import { expect, test } from "bun:test";
import { runOf } from "../../src/run/run-events.ts";
import type { ClaimedTask } from "../../src/task.ts";

const CLAIMED = {
  id: 42,
  attempt: 2,
  model: "sale",
  method: "process",
  queue: "mail",
  instances: "[7]",
  ref: "order-7",
} as ClaimedTask;

test("a run is named with the instances, the ref and the queue of its task", () => {
  expect(runOf(CLAIMED)).toEqual({
    task: 42,
    attempt: 2,
    model: "sale",
    method: "process",
    queue: "mail",
    instances: "[7]",
    ref: "order-7",
  });
});

test("a plain function has neither a method nor instances", () => {
  const { method, instances } = runOf({ ...CLAIMED, method: "call", instances: "[]" });
  expect([method, instances]).toEqual([null, null]);
});

test("long instances and a long ref are cut, as a task may have a million records", () => {
  const ids = JSON.stringify(Array.from({ length: 100_000 }, (_, id) => id));
  const { instances, ref } = runOf({ ...CLAIMED, instances: ids, ref: "é".repeat(1_000) });
  expect([instances, ref]).toEqual([`${ids.slice(0, 100)}…`, `${"é".repeat(200)}…`]);
});
