/** A push by HTTP: its answer, and what is stored. */
import { describe, expect, test } from "bun:test";
import { CALL, makeAdmin, NOW } from "./support.ts";

describe("a push", () => {
  test("answers one instance with its id", async () => {
    await using admin = makeAdmin();
    const { status, body } = await admin.post("/api/tasks", CALL);
    expect(status).toBe(201);
    expect(body).toEqual({ id: 1 });
    expect(await admin.store.get(1)).toMatchObject({
      state: "ready",
      model: "sale",
      method: "process",
      instances: 7,
      args: [],
      context: {},
      user: 0,
      queue: "default",
      priority: 0,
      ref: null,
      enqueued_at: NOW,
      scheduled_at: null,
    });
  });

  test("stores every field", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", {
      ...CALL,
      args: [1, "zwei", { drei: [null, true] }],
      user: 5,
      context: { company: 1 },
      queue: "mail",
      priority: -3,
      scheduled_at: "5m",
      expected_at: { hours: 1 },
      ref: "order-17",
    });
    expect(await admin.store.getByRef("order-17")).toMatchObject({
      state: "scheduled",
      args: [1, "zwei", { drei: [null, true] }],
      user: 5,
      context: { company: 1 },
      queue: "mail",
      priority: -3,
      scheduled_at: NOW + 300_000,
      expected_at: NOW + 3_600_000,
    });
  });

  test("takes null for a field that is not given", async () => {
    await using admin = makeAdmin();
    const optional = ["args", "kwargs", "user", "context", "queue", "priority", "ref", "batch"];
    const nulls = Object.fromEntries(
      [...optional, "scheduled_at", "expected_at"].map((name) => [name, null]),
    );
    expect((await admin.post("/api/tasks", { ...CALL, ...nulls })).status).toBe(201);
    expect(await admin.store.get(1)).toMatchObject({ queue: "default", args: [], context: {} });
  });

  test("makes kwargs the last argument, unless they are empty", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", { ...CALL, args: [1], kwargs: { force: true } });
    await admin.post("/api/tasks", { ...CALL, args: [1], kwargs: {} });
    expect((await admin.store.get(1))?.args).toEqual([1, { force: true }]);
    expect((await admin.store.get(2))?.args).toEqual([1]);
  });

  test("takes times as text, as units, and as ms since 1970", async () => {
    await using admin = makeAdmin();
    const times = ["PT5M", "-1h", { seconds: 90 }, NOW + 5];
    await admin.post(
      "/api/tasks",
      times.map((scheduled_at) => ({ ...CALL, scheduled_at })),
    );
    const tasks = await admin.store.list();
    expect(tasks.map((task) => (task.scheduled_at ?? 0) - NOW).toReversed()).toEqual([
      300_000, -3_600_000, 90_000, 5,
    ]);
    expect(tasks.map((task) => task.state).toReversed()).toEqual([
      "scheduled",
      "ready",
      "scheduled",
      "scheduled",
    ]);
  });

  test("answers a list of instances with the ids of its tasks", async () => {
    await using admin = makeAdmin();
    const answer = await admin.post("/api/tasks", { ...CALL, instances: [3, 3, 1] });
    expect(answer.body).toEqual({ ids: [1] });
    expect((await admin.store.get(1))?.instances).toEqual([3, 3, 1]);
  });

  test("makes no task of an empty list", async () => {
    await using admin = makeAdmin();
    for (const body of [{ ...CALL, instances: [] }, []]) {
      const answer = await admin.post("/api/tasks", body);
      expect(answer.status).toBe(201);
      expect(answer.body).toEqual({ ids: [] });
    }
    expect(await admin.store.list()).toEqual([]);
  });

  test("makes a task for each batch of a list", async () => {
    await using admin = makeAdmin();
    const instances = Array.from({ length: 45 }, (_, index) => index + 1);
    await admin.post("/api/tasks", { ...CALL, instances, batch: true });
    const sizes = (await admin.store.list()).map(({ instances }) => (instances as number[]).length);
    expect(sizes).toEqual([5, 20, 20]);

    const { body } = await admin.post("/api/tasks", { ...CALL, instances: [1, 2], batch: 1 });
    expect(body.ids).toHaveLength(2);
    const unsplit = await admin.post("/api/tasks", { ...CALL, instances, batch: false });
    expect(unsplit.body.ids).toHaveLength(1);
  });

  test("batches by the size it was started with", async () => {
    await using admin = makeAdmin({ batchSize: 2 });
    const { body } = await admin.post("/api/tasks", { ...CALL, instances: [1, 2, 3], batch: true });
    expect(body.ids).toHaveLength(2);
  });

  test("makes one task of one instance, whatever the batch", async () => {
    await using admin = makeAdmin();
    const { body } = await admin.post("/api/tasks", { ...CALL, batch: true, ref: "one" });
    expect(body).toEqual({ id: 1 });
  });

  test("stores a list of pushes in its order", async () => {
    await using admin = makeAdmin();
    const calls = [CALL, { ...CALL, instances: [1, 2], batch: 1 }, { ...CALL, method: "print" }];
    const { body } = await admin.post("/api/tasks", calls);
    expect(body).toEqual({ ids: [1, 2, 3, 4] });
    expect((await admin.store.get(4))?.method).toBe("print");
  });

  test("stores all of a list or nothing", async () => {
    await using admin = makeAdmin();
    const answer = await admin.post("/api/tasks", [
      { ...CALL, ref: "a" },
      { ...CALL, ref: "a" },
    ]);
    expect(answer.status).toBe(409);
    expect(await admin.store.list()).toEqual([]);
  });

  test("is refused when its ref is taken", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", { ...CALL, ref: "a" });
    const { status, body } = await admin.post("/api/tasks", { ...CALL, ref: "a" });
    expect(status).toBe(409);
    expect(body.error).toEqual({
      code: "conflict",
      message: 'Cannot push with ref "a": task 1 has it, and is ready',
      task: { id: 1, state: "ready" },
    });
  });

  test("is refused with 507 when the queue is full", async () => {
    await using admin = makeAdmin({ queue: { max_size: 1 } });
    expect(await admin.post("/api/tasks", CALL)).toMatchObject({ status: 201 });
    const { status, body } = await admin.post("/api/tasks", CALL);
    expect(status).toBe(507);
    expect(body).toMatchObject({
      error: {
        code: "full",
        message:
          "Cannot push a task: the queue has 1, and queue.max_size is 1; wait until some have run, or raise it",
      },
    });
  });

  test("gets an id of its own when 200 arrive at once", async () => {
    await using admin = makeAdmin();
    const pushes = Array.from({ length: 200 }, (_, user) => ({ ...CALL, user }));
    const answers = await Promise.all(pushes.map((push) => admin.post("/api/tasks", push)));
    const ids = answers.map(({ body }) => body.id as number);
    expect(new Set(ids).size).toBe(200);
    for (const [user, id] of ids.entries()) expect((await admin.store.get(id))?.user).toBe(user);
  });

  test("goes through although one that arrives with it is refused", async () => {
    await using admin = makeAdmin();
    const answers = await Promise.all(
      ["a", "a", "b"].map((ref) => admin.post("/api/tasks", { ...CALL, ref })),
    );
    expect(answers.map(({ status }) => status)).toEqual([201, 409, 201]);
  });
});
