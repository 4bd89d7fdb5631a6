import { describe, expect, test } from "bun:test";
import { outputLine } from "../../../src/store/task-output.ts";
import { CALL, makeAdmin, NOW, OWNER } from "../support.ts";

const CLAIM = { owner: OWNER, queues: [], limit: 1 };

describe("a push", () => {
  test("answers with its ids, and with the place of a single task", async () => {
    await using admin = makeAdmin();
    const one = await admin.post("/api/v1/tasks", CALL);
    expect(one.status).toBe(201);
    expect(one.body).toEqual({ ids: [1] });
    expect(one.headers.get("location")).toBe("/api/v1/tasks/1");
    const two = await admin.post("/api/v1/tasks", [CALL, CALL]);
    expect(two.body).toEqual({ ids: [2, 3] });
    expect(two.headers.get("location")).toBeNull();
  });

  test("that is wrong gets a problem document with what is wrong", async () => {
    await using admin = makeAdmin();
    const { status, headers, body } = await admin.post("/api/v1/tasks", { ...CALL, priority: "9" });
    expect(status).toBe(422);
    expect(headers.get("content-type")).toBe("application/problem+json");
    expect(body).toEqual({
      type: "about:blank",
      title: "Unprocessable Entity",
      status: 422,
      detail: 'Cannot push: priority cannot be "9": it must be a whole number; higher runs first',
      code: "invalid",
    });
    expect(await admin.store.list()).toEqual([]);
  });

  test("with a taken ref names the task that has it", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", { ...CALL, ref: "order-7" });
    const { status, body } = await admin.post("/api/v1/tasks", { ...CALL, ref: "order-7" });
    expect(status).toBe(409);
    expect(body).toMatchObject({ code: "conflict", task: { id: 1, state: "ready" } });
  });
});

describe("a list", () => {
  test("has times in ISO 8601 and leads from page to page by `next`", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", [CALL, { ...CALL, scheduled_at: "5m" }, CALL]);
    const seen: number[] = [];
    let path: string | null = "/api/v1/tasks?model=sale&limit=1";
    while (path !== null) {
      const { body } = await admin.get(path);
      for (const task of body.tasks) seen.push(task.id);
      if (body.tasks[0]?.id === 2) {
        expect(body.tasks[0].scheduled_at).toBe("2024-02-29T12:05:00.000Z");
      }
      path = body.next;
    }
    expect(seen).toEqual([3, 2, 1]);
  });

  test("takes times in any form of the command line", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    for (const time of ["1h", "2024-02-29T11:00Z", "2024-02-29T11:00:00.000+00:00"]) {
      const { body } = await admin.get(`/api/v1/tasks?pushed_after=${encodeURIComponent(time)}`);
      expect(body.tasks).toHaveLength(1);
    }
    const { status, body } = await admin.get("/api/v1/tasks?pushed_after=yesterday");
    expect(status).toBe(422);
    expect(body.detail).toContain("pushed_after");
  });

  test("refuses a field that is none, with the near name", async () => {
    await using admin = makeAdmin();
    const { body } = await admin.get("/api/v1/tasks?sate=failed");
    expect(body.detail).toBe('Cannot list tasks: "sate" is not a field; did you mean "state"?');
  });
});

describe("a task", () => {
  test("is shown with its runs and errors", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    await admin.store.write(async (session) => {
      const [claim] = await session.claim(CLAIM);
      if (!claim) throw new Error("not claimed");
      const error = { name: "Error", message: "no paper", stack: null };
      await session.settle(claim, { kind: "failed", error });
    });
    const { body } = await admin.get("/api/v1/tasks/1");
    expect(body).toMatchObject({
      id: 1,
      state: "failed",
      finished_at: "2024-02-29T12:00:00.000Z",
      runs: [{ number: 1, outcome: "failed", message: "no paper" }],
      errors: [{ message: "no paper", first_at: "2024-02-29T12:00:00.000Z" }],
    });
  });

  test("that is not there is 404", async () => {
    await using admin = makeAdmin();
    for (const path of ["", "/why", "/log", "/result"]) {
      const { status, body } = await admin.get(`/api/v1/tasks/9${path}`);
      expect({ status, code: body.code }).toEqual({ status: 404, code: "not_found" });
    }
  });

  test("says why it does not run", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    const { body } = await admin.get("/api/v1/tasks/1/why");
    expect(body).toMatchObject({ id: 1, state: "ready", cause: "no_worker" });
    expect(body.sentence).toContain("no worker");
  });

  test("shows what its runs said", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    expect((await admin.get("/api/v1/tasks/1/log")).body).toEqual({ runs: [] });
    expect((await admin.get("/api/v1/tasks/1/log?from=0")).body.detail).toContain(
      'from cannot be "0": it must be the number of a run',
    );
    const [task] = await admin.store.claim(CLAIM);
    if (task === undefined) throw new Error("There is no task");
    await admin.store.write(async (session) => {
      await session.settle(task, { kind: "finished", result: null, reason: null });
      await session.keepOutput(1, 1, outputLine({ at: NOW, level: "info", text: "printed" }));
    });
    const run = { attempt: 1, lines: [{ text: "printed" }] };
    expect((await admin.get("/api/v1/tasks/1/log?from=1")).body).toMatchObject({ runs: [run] });
    expect((await admin.get("/api/v1/tasks/1/log?from=2")).body).toEqual({ runs: [] });
  });
});

describe("the result of a task", () => {
  test("is waited for until the task has ended", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    const waits = admin.get("/api/v1/tasks/1/result?wait=1m");
    await admin.store.write(async (session) => {
      const [claim] = await session.claim(CLAIM);
      if (!claim) throw new Error("not claimed");
      await session.settle(claim, { kind: "finished", result: '{"sum":3}', reason: null });
    });
    const { status, body } = await waits;
    expect(status).toBe(200);
    expect(body).toEqual({ id: 1, state: "finished", result: { sum: 3 }, reason: null });
  });

  test("is 202 with the state where the task has not ended in time", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    const { status, body } = await admin.get("/api/v1/tasks/1/result");
    expect(status).toBe(202);
    expect(body).toEqual({ id: 1, state: "ready" });
  });

  test("is waited for up to five minutes", async () => {
    await using admin = makeAdmin();
    const { status, body } = await admin.get("/api/v1/tasks/1/result?wait=1h");
    expect(status).toBe(422);
    expect(body.detail).toBe("Cannot wait for a task: wait must be a length of time from 0s to 5m");
  });
});

test("an id that is too large to be exact is refused as it was given", async () => {
  await using admin = makeAdmin();
  const { body } = await admin.get("/api/v1/tasks/9007199254740993");
  expect(body.detail).toContain('its id cannot be "9007199254740993"');
});
