import { describe, expect, test } from "bun:test";
import { CALL, NOW, OWNER, makeAdmin } from "./support.ts";

const CLAIM = { owner: OWNER, queues: [], limit: 1 };

describe("a list", () => {
  test("has the newest first, with the columns of tq_tasks", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", [CALL, { ...CALL, instances: 8 }]);
    const { status, headers, body } = await admin.get("/api/tasks");
    expect(status).toBe(200);
    expect(headers.get("content-type")).toStartWith("application/json");
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body.map((task: { id: number }) => task.id)).toEqual([2, 1]);
    const columns =
      "id state queue priority model method instances args user context ref enqueued_at scheduled_at " +
      "expected_at expires_at dequeued_at finished_at attempts failures snoozes crashes worker policy result reason paused";
    expect(Object.keys(body[0])).toEqual(columns.split(" "));
  });

  test("and one task and the status say what is paused", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", [{ ...CALL, queue: "print" }, CALL]);
    const why = { by: "ana@till3", reason: "toner", until: null };
    await admin.store.pauses.pause({ kind: "queue", name: "print", ...why });
    const { body } = await admin.get("/api/tasks");
    expect(body).toMatchObject([
      { id: 2, state: "ready", paused: false },
      { id: 1, state: "ready", paused: true },
    ]);
    expect((await admin.get("/api/tasks/1")).body).toMatchObject({ id: 1, paused: true });
    await admin.post("/api/tasks/1/cancel");
    expect((await admin.get("/api/tasks/1")).body).not.toHaveProperty("paused");
    expect((await admin.get("/api/status")).body).toMatchObject({
      pauses: [{ kind: "queue", name: "print", since: NOW, ...why }],
    });
  });

  test("is empty when there is nothing", async () => {
    await using admin = makeAdmin();
    expect((await admin.get("/api/tasks")).body).toEqual([]);
  });

  test("is filtered by state, queue, model and id", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", [
      CALL,
      { ...CALL, queue: "mail" },
      { ...CALL, model: "ir.mail", method: "send" },
      { ...CALL, scheduled_at: "5m" },
    ]);
    await admin.post("/api/tasks/1/cancel");
    const ids = async (query: string) => {
      const { body } = await admin.get(`/api/tasks?${query}`);
      return body.map((task: { id: number }) => task.id) as number[];
    };
    expect(await ids("state=ready")).toEqual([3, 2]);
    expect(await ids("state=scheduled,cancelled")).toEqual([4, 1]);
    expect(await ids("state=scheduled&state=cancelled")).toEqual([4, 1]);
    expect(await ids("queue=mail")).toEqual([2]);
    expect(await ids("model=ir.mail")).toEqual([3]);
    expect(await ids("model=nothing")).toEqual([]);
    expect(await ids("limit=1")).toEqual([4]);
    expect(await ids("limit=2&before=4")).toEqual([3, 2]);
    expect(await ids("state=ready&queue=default&model=sale")).toEqual([]);
    expect(await ids("method=se*&pushed_after=1h&after=2")).toEqual([3]);
    expect(await ids("reason_has=BY+HAND&ended_after=1h&user=0")).toEqual([1]);
    expect(await ids("where=instances%3D9999&where=context.a%3D1")).toEqual([]);
  });

  test("has the one task of a ref, if it passes the rest of the filter", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", [CALL, { ...CALL, ref: "größe 7" }, CALL]);
    const ids = async (query: string) => {
      const { body } = await admin.get(`/api/tasks?ref=gr%C3%B6%C3%9Fe+7${query}`);
      return body.map((task: { id: number }) => task.id) as number[];
    };
    expect(await ids("")).toEqual([2]);
    expect(await ids("&state=ready&queue=default&model=sale&before=3")).toEqual([2]);
    for (const other of ["&state=failed", "&queue=mail", "&model=ir.mail", "&before=2"]) {
      expect(await ids(other)).toEqual([]);
    }
    expect((await admin.get("/api/tasks?ref=none")).body).toEqual([]);
    expect((await admin.get("/api/tasks?ref=")).status).toBe(422);
  });

  test.each([
    [4, "all of them"],
    [5, "nothing behind the last page"],
    [7, "some behind it"],
  ])("of large calls is written in parts: %d, %s", async (count) => {
    await using admin = makeAdmin();
    const large = { ...CALL, args: ["x".repeat(400_000)] };
    for (let i = 0; i < count; i++) await admin.post("/api/tasks", large);
    const ids = async (query: string) => {
      const { status, headers, body } = await admin.get(`/api/tasks?${query}`);
      expect(status).toBe(200);
      expect(headers.get("content-type")).toBe("application/json");
      for (const { args } of body) expect(args).toEqual(large.args);
      return body.map((task: { id: number }) => task.id) as number[];
    };
    const all = Array.from({ length: count }, (_, index) => count - index);
    expect(await ids("")).toEqual(all);
    expect(await ids("limit=3")).toEqual(all.slice(0, 3));
    expect(await ids("limit=4&before=4")).toEqual([3, 2, 1]);
  });

  test("has 100 tasks unless the limit says more", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", Array(150).fill(CALL));
    expect((await admin.get("/api/tasks")).body).toHaveLength(100);
    expect((await admin.get("/api/tasks?limit=1000")).body).toHaveLength(150);
  });

  test.each([
    ["state=redy", 'state cannot be "redy": it must be one of scheduled, ready, running'],
    ["state=redy", 'did you mean "ready"?'],
    ["limit=0", 'limit cannot be "0": it must be a whole number from 1 to 1000'],
    ["limit=1001", 'limit cannot be "1001"'],
    ["limit=1e2", 'limit cannot be "1e2"'],
    ["limit=", 'limit cannot be ""'],
    ["limit=1&limit=2", "limit is given twice"],
    ["before=x", 'before cannot be "x": it must be the id of a task'],
    ["before=99999999999999999999", "before cannot be"],
    ["user=me", 'user cannot be "me": it must be the id of a user'],
    ["pushed_before=7", 'pushed_before: "7" has no unit'],
    ["where=order%3D1", 'a path cannot begin with "order"'],
    ["user=me&args_have=", "2 things are wrong"],
    ["args_have=a&args_have=b", "args_have is given twice"],
    [`reason_has=${"%25".repeat(5_000)}`, "as text of 1 to 1000 characters"],
    ["queue=", 'queue cannot be "": it must be the name of a queue'],
    ["modle=sale", '"modle" is not a field; did you mean "model"?'],
    ["__proto__=1", '"__proto__" is not a field'],
    ["constructor=1", '"constructor" is not a field'],
  ])("is refused with ?%s", async (query, sentence) => {
    await using admin = makeAdmin();
    const { status, body } = await admin.get(`/api/tasks?${query}`);
    expect(status).toBe(422);
    expect(body.error.code).toBe("invalid");
    expect(body.error.message).toStartWith("Cannot list tasks: ");
    expect(body.error.message).toContain(sentence);
  });
});

describe("a task", () => {
  test("is shown with its errors", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", CALL);
    await admin.store.write(async (session) => {
      const [claim] = await session.claim(CLAIM);
      if (claim)
        await session.settle(claim, {
          kind: "failed",
          error: { name: "Error", message: "no paper", stack: null },
        });
    });
    const { status, body } = await admin.get("/api/tasks/1");
    expect(status).toBe(200);
    expect(body).toMatchObject({ id: 1, state: "failed", finished_at: NOW });
    expect(body.errors).toMatchObject([
      { task: 1, name: "Error", message: "no paper", attempt: 1, count: 1, first_at: NOW },
    ]);
  });

  test("is cancelled and retried", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", CALL);
    const cancelled = await admin.post("/api/tasks/1/cancel");
    expect(cancelled.status).toBe(200);
    expect(cancelled.body).toMatchObject({ id: 1, state: "cancelled" });
    const retried = await admin.post("/api/tasks/1/retry");
    expect(retried.status).toBe(200);
    expect(retried.body).toMatchObject({ id: 1, state: "ready", finished_at: null });
  });

  test("is cancelled while it runs", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", CALL);
    const [claim] = await admin.store.write((session) => session.claim(CLAIM));
    expect((await admin.post("/api/tasks/1/cancel")).body.state).toBe("cancelled");
    if (!claim) throw new Error("not claimed");
    expect(
      await admin.store.write((session) =>
        session.settle(claim, { kind: "finished", result: null, reason: null }),
      ),
    ).toBe(false);
  });

  test("that is in the wrong state stays as it is", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/tasks", CALL);
    const retry = await admin.post("/api/tasks/1/retry");
    expect(retry.status).toBe(409);
    expect(retry.body.error.message).toBe("Cannot retry task 1: it is ready; a worker runs it");
    await admin.post("/api/tasks/1/cancel");
    const cancel = await admin.post("/api/tasks/1/cancel");
    expect(cancel.status).toBe(409);
    expect(cancel.body.error.code).toBe("conflict");
  });

  test("that does not exist is not found", async () => {
    await using admin = makeAdmin();
    const answers = [
      await admin.get("/api/tasks/42"),
      await admin.post("/api/tasks/42/retry"),
      await admin.post("/api/tasks/42/cancel"),
    ];
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404]);
    expect(answers.map(({ body }) => body.error.message)).toEqual([
      "Cannot show task 42: there is no such task; it may have been cleaned",
      "Cannot retry task 42: there is no such task; it may have been cleaned",
      "Cannot cancel task 42: there is no such task; it may have been cleaned",
    ]);
  });

  test.each(["abc", "0", "-1", "1.5", "1%00", "99999999999999999", "__proto__"])(
    "has a whole number as its id, not %s",
    async (id) => {
      await using admin = makeAdmin();
      const { status, body } = await admin.get(`/api/tasks/${id}`);
      expect(status).toBe(422);
      expect(body.error.message).toStartWith("Cannot show a task: its id cannot be ");
      expect((await admin.post(`/api/tasks/${id}/retry`)).status).toBe(422);
      expect((await admin.post(`/api/tasks/${id}/cancel`)).status).toBe(422);
    },
  );
});

test("the status says mode and version beside what the store knows", async () => {
  await using admin = makeAdmin({ mode: "no worker" });
  await admin.post("/api/tasks", CALL);
  const { body } = await admin.get("/api/status");
  expect(body).toMatchObject({
    mode: "no worker",
    version: "1.2.3",
    path: admin.store.name,
    durability: "normal",
    queues: [{ queue: "default", ready: 1, scheduled: 0, running: 0, failed: 0 }],
    workers: [],
  });
});

describe("an error", () => {
  test("of an unknown path is 404", async () => {
    await using admin = makeAdmin();
    for (const path of ["/nothing", "/api", "/api/task", "/api/tasks/1/stop", "/api/tasks/"]) {
      const { status, body } = await admin.get(path);
      expect(status).toBe(404);
      expect(body.error).toEqual({
        code: "not_found",
        message: `Cannot find ${path}: nothing is there`,
      });
    }
  });

  test.each([
    ["DELETE", "/api/tasks", "GET, HEAD, POST"],
    ["PUT", "/api/tasks/1", "GET, HEAD"],
    ["GET", "/api/tasks/1/retry", "POST"],
    ["POST", "/api/status", "GET, HEAD"],
    ["POST", "/healthz", "GET, HEAD"],
  ])("of %s %s is 405 and says what is allowed", async (method, path, allow) => {
    await using admin = makeAdmin();
    const { status, headers, body } = await admin.ask(path, { method });
    expect(status).toBe(405);
    expect(headers.get("allow")).toBe(allow);
    expect(body.error).toEqual({
      code: "method_not_allowed",
      message: `Cannot ${method} ${path}: it takes ${allow}`,
    });
  });

  test("that nobody expected is told to the log and not to the caller", async () => {
    await using admin = makeAdmin();
    admin.store.status = () => Promise.reject(new TypeError("secret detail"));
    const { status, headers, body } = await admin.get("/api/status");
    expect(status).toBe(500);
    expect(headers.get("cache-control")).toBe("no-store");
    expect(body.error).toEqual({
      code: "internal",
      message: "Something went wrong inside tq; its log has the details",
    });
    const [event] = admin.events;
    expect(event).toMatchObject({ name: "log.note", level: "error" });
    expect(JSON.stringify(event)).toContain("GET /api/status: TypeError: secret detail");
  });

  test("without a report is answered all the same", async () => {
    await using admin = makeAdmin({ report: () => {} });
    admin.store.status = () => Promise.reject(new Error("x"));
    expect((await admin.get("/api/status")).status).toBe(500);
  });
});

test("HEAD answers as GET does, without a body", async () => {
  await using admin = makeAdmin();
  const { status, body } = await admin.ask("/api/tasks", { method: "HEAD" });
  expect(status).toBe(200);
  expect(body).toBeNull();
});
