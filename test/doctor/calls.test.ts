/** Tasks for methods that no live worker has. */
import { expect, test } from "bun:test";
import { calls } from "../../src/doctor/checks/calls.ts";
import { Examination } from "../../src/doctor/examination.ts";
import { parseSettings } from "../../src/settings/config.ts";
import { FUNCTION_METHOD, WEBHOOK_CALL, WEBHOOK_QUEUE } from "../../src/task.ts";
import { makeStore, newTask, type TestStore } from "../support/store.ts";

async function addWorker(
  { store }: TestStore,
  id: string,
  queues: string[],
  has: string[],
): Promise<void> {
  await store.register({ id, pid: process.pid, threads: 1, queues });
  const about = {
    models: [],
    version: { entries: [], files: {} },
    calls: has,
    settings: null,
    fingerprints: {},
    refusal: null,
  };
  await store.condition.setAbout(id, about, null);
}

async function messages({ store }: TestStore): Promise<string[]> {
  const config = parseSettings({}, "test");
  const found = await calls.find(new Examination({ store, config, mode: "worker" }), "doctor");
  return found.map(({ message }) => message);
}

const MISSING = 'in the queue "mail", and no models have that: each fails once it is run';

test("a task of a queue that no worker takes is for a method that no worker has", async () => {
  await using subject = makeStore();
  await subject.store.push([newTask({ queue: "mail", model: "sale", method: "send" })]);
  await addWorker(subject, "w1", ["print"], ["sale.process"]);
  expect(await messages(subject)).toEqual([`1 task waits for sale.send ${MISSING}`]);
  await addWorker(subject, "w2", ["print"], ["sale.send"]);
  expect(await messages(subject)).toEqual([]);
});

test("a method that only workers of other queues have is missing in a queue that a worker takes", async () => {
  await using subject = makeStore();
  await subject.store.push([newTask({ queue: "mail", model: "sale", method: "send" })]);
  await addWorker(subject, "w1", ["mail"], ["sale.process"]);
  await addWorker(subject, "w2", ["print"], ["sale.send"]);
  expect(await messages(subject)).toEqual([`1 task waits for sale.send ${MISSING}`]);
});

test("what tq itself calls is missing in no models", async () => {
  await using subject = makeStore();
  const own = { model: WEBHOOK_CALL, method: FUNCTION_METHOD, queue: WEBHOOK_QUEUE };
  await subject.store.push([newTask(own)]);
  await addWorker(subject, "w1", [], ["sale.process"]);
  expect(await messages(subject)).toEqual([]);
});
