import { expect, test } from "bun:test";
import { claim, newTask } from "../../support/store.ts";
import { makeAdmin } from "../support.ts";

const W1 = { id: "w1", pid: 4711, threads: 2, queues: ["mail"] };

test("the workers are listed with what each busy thread runs", async () => {
  await using admin = makeAdmin();
  const { store } = admin;
  await store.register(W1);
  await store.condition.setTrouble("w1", "it is tired");
  await store.push([newTask(), newTask(), newTask()]);
  await claim(store, { owner: { worker: "w1", thread: 2 } });
  await claim(store, { owner: { worker: "w1", thread: 1 }, limit: 2 });
  const { status, body } = await admin.get("/api/v1/workers");
  expect(status).toBe(200);
  expect(Object.keys(body)).toEqual(["workers"]);
  expect(body.workers).toHaveLength(1);
  const run = { call: "sale.process", queue: "default", since: "2024-02-29T12:00:00.000Z" };
  expect(body.workers[0]).toMatchObject({
    ...W1,
    alive: true,
    running: 3,
    started_at: "2024-02-29T12:00:00.000Z",
    trouble: "it is tired",
    runs: [
      { thread: 1, task: 2, sure: false, others: 1, progress: null, ...run },
      { thread: 2, task: 1, sure: true, others: 0, progress: null, ...run },
    ],
  });
  await store.unregister("w1");
});

test("without a worker the list is empty", async () => {
  await using admin = makeAdmin();
  const { body } = await admin.get("/api/v1/workers");
  expect(body).toEqual({ workers: [] });
});
