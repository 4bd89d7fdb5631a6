import { describe, expect, test } from "bun:test";
import { digestOf } from "../../src/admin/access/tokens.ts";
import { TestClock } from "../support/clock.ts";
import { newTask } from "../support/store.ts";
import { CALL, makeAdmin } from "./support.ts";

async function anonymous(admin: ReturnType<typeof makeAdmin>) {
  const response = await admin.app.request("/readyz");
  return { status: response.status, body: (await response.json()) as unknown };
}

const READY = { status: 200, body: { status: "ready" } };

describe("the readiness", () => {
  test("needs no token, and then gives words without paths", async () => {
    await using admin = makeAdmin({ trouble: () => "Cannot load models from /srv/models.ts" });
    expect(await anonymous(admin)).toEqual({
      status: 503,
      body: { status: "not ready", reasons: ["no_thread_can_run"] },
    });
    const { status, body } = await admin.get("/readyz");
    expect(status).toBe(503);
    const message = "Cannot load models from /srv/models.ts";
    const advice = "mend the cause: the worker then goes on by itself";
    expect(body.problems).toEqual([`${message}; ${advice}`]);
    expect(body.findings).toEqual([{ check: "no_thread_can_run", message, advice }]);
  });

  test("refuses a wrong token, and says no sentence to one that may not read", async () => {
    await using admin = makeAdmin({ trouble: () => "Cannot load models" });
    const wrong = await admin.ask("/readyz", { headers: { authorization: "Bearer wrong" } });
    expect(wrong.status).toBe(401);
    await admin.store.tokens.add({ name: "shop", roles: ["push"] }, digestOf("shop"));
    const pushes = await admin.ask("/readyz", { headers: { authorization: "Bearer shop" } });
    expect(pushes.body).toEqual({ status: "not ready", reasons: ["no_thread_can_run"] });
  });

  test.each([
    ["the queue is full", "pushes_refused", { queue: { max_size: 1 } }],
    ["the models are still loading", "starting", { isReady: () => false }],
  ])("fails while %s", async (_, reason, options) => {
    await using admin = makeAdmin({ ...options, mode: "no worker" });
    await admin.store.push([newTask()]);
    expect(await anonymous(admin)).toEqual({
      status: 503,
      body: { status: "not ready", reasons: [reason] },
    });
  });

  test("fails while no live worker takes the ready tasks of a queue that is not paused", async () => {
    const clock = new TestClock();
    await using admin = makeAdmin({ clock });
    expect(await anonymous(admin)).toEqual(READY);
    await admin.post("/api/v1/tasks", { ...CALL, scheduled_at: "1h" });
    expect(await anonymous(admin)).toEqual(READY);
    await admin.post("/api/v1/tasks", { ...CALL, queue: "mail" });
    const reasons = ["no_worker_for_ready_tasks"];
    expect(await anonymous(admin)).toEqual(READY); // a worker that is started again may come
    clock.advance(5_000);
    const unserved = { status: 503, body: { status: "not ready", reasons } };
    expect(await anonymous(admin)).toEqual(unserved);
    const { body } = await admin.get("/readyz");
    expect(body.problems).toEqual([
      'No worker that can run tasks takes the ready ones of the queue "mail"; tq status says which there are',
    ]);
    const worker = { id: "w1", pid: process.pid, threads: 2, queues: ["default"] };
    await admin.store.register(worker);
    expect(await anonymous(admin)).toEqual(unserved);
    await admin.store.register({ ...worker, id: "w2", queues: ["mail"] });
    expect(await anonymous(admin)).toEqual(READY);
    await admin.store.condition.setTrouble("w2", "Cannot load models");
    clock.advance(5_000);
    expect(await anonymous(admin)).toEqual(unserved);
    await admin.post("/api/v1/pauses", { queue: "mail" });
    expect(await anonymous(admin)).toEqual(READY);
  });

  test("fails where the database cannot be read, with the word alone", async () => {
    await using admin = makeAdmin();
    admin.store.get = () => Promise.reject(new Error("/srv is on fire"));
    expect(await anonymous(admin)).toEqual({
      status: 503,
      body: { status: "not ready", reasons: ["database"] },
    });
    expect(JSON.stringify(admin.events)).toContain("on fire");
  });
});
