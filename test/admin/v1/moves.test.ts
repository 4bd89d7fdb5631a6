import { describe, expect, test } from "bun:test";
import { CALL, makeAdmin } from "../support.ts";

describe("one task", () => {
  test("is cancelled with a reason, retried, moved and deleted", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    const cancelled = await admin.post("/api/v1/tasks/1/cancel", { reason: "sold out" });
    expect(cancelled.body).toMatchObject({ id: 1, state: "cancelled", reason: "sold out" });
    expect((await admin.post("/api/v1/tasks/1/retry")).body).toMatchObject({ state: "ready" });
    const moved = await admin.post("/api/v1/tasks/1/move", { queue: "slow", priority: 3 });
    expect(moved.body).toMatchObject({ queue: "slow", priority: 3 });
    const early = await admin.ask("/api/v1/tasks/1", { method: "DELETE" });
    expect(early.status).toBe(409);
    await admin.post("/api/v1/tasks/1/cancel");
    const deleted = await admin.ask("/api/v1/tasks/1", { method: "DELETE" });
    expect(deleted.body).toMatchObject({ id: 1, state: "cancelled" });
    expect((await admin.get("/api/v1/tasks/1")).status).toBe(404);
  });

  test("stays where a move says no place, or a field that is none", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    const nowhere = await admin.post("/api/v1/tasks/1/move", {});
    expect(nowhere.body.detail).toBe("Cannot move: say where to, with queue or priority");
    const misspelt = await admin.post("/api/v1/tasks/1/move", { quue: "slow" });
    expect(misspelt.body.detail).toContain('"quue" is not a field; did you mean "queue"?');
    expect((await admin.get("/api/v1/tasks/1")).body).toMatchObject({ queue: "default" });
  });
});

describe("all tasks of a filter", () => {
  test("are counted by a dry run, which changes none", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", [CALL, CALL, { ...CALL, queue: "mail" }]);
    const dry = await admin.post("/api/v1/tasks/cancel?state=ready&queue=default&dry_run=true");
    expect(dry.body).toEqual({ matched: 2, moved: 0, dry_run: true, newest: 2 });
    const { body } = await admin.get("/api/v1/tasks?state=ready");
    expect(body.tasks).toHaveLength(3);
  });

  test("are cancelled, retried, moved and deleted", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", [CALL, CALL, { ...CALL, queue: "mail" }]);
    const path = (verb: string, state: string) =>
      `/api/v1/tasks/${verb}?state=${state}&queue=default&before=3`;
    const moved = { matched: 2, moved: 2, dry_run: false, newest: 2 };
    const cancelled = await admin.post(path("cancel", "ready"), { reason: "sold out" });
    expect(cancelled.body).toEqual(moved);
    expect((await admin.get("/api/v1/tasks/2")).body).toMatchObject({ reason: "sold out" });
    expect((await admin.post(path("retry", "cancelled"))).body).toEqual(moved);
    expect((await admin.post(path("move", "ready"), { priority: 5 })).body).toEqual(moved);
    expect((await admin.get("/api/v1/tasks/1")).body).toMatchObject({ priority: 5 });
    await admin.post(path("cancel", "ready"));
    expect((await admin.post(path("delete", "cancelled"))).body).toEqual(moved);
    const { body } = await admin.get("/api/v1/tasks");
    expect(body.tasks).toMatchObject([{ id: 3, state: "ready", queue: "mail" }]);
  });

  test("are only those whose ids are given, where some are", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", [CALL, CALL, CALL, { ...CALL, queue: "mail" }]);
    const path = "/api/v1/tasks/cancel?state=ready&queue=default&ids=";
    const cancelled = await admin.post(`${path}1,3,4,99`, {});
    expect(cancelled.body).toEqual({ matched: 2, moved: 2, dry_run: false, newest: 3 });
    const { body } = await admin.get("/api/v1/tasks?state=ready");
    expect(body.tasks).toMatchObject([{ id: 4 }, { id: 2 }]);
    for (const ids of ["", "x", "1,,2"]) {
      expect((await admin.post(path + ids, {})).status).toBe(422);
    }
    const many = Array.from({ length: 501 }, (_, index) => index + 1).join(",");
    expect((await admin.post(path + many, {})).body.detail).toBe(
      "Cannot cancel tasks: ids are at most 500; ask in parts",
    );
  });

  test("are not retried while they wait for their first run", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", { ...CALL, scheduled_at: "1h" });
    const { body } = await admin.post("/api/v1/tasks/retry?state=scheduled");
    expect(body).toEqual({ matched: 0, moved: 0, dry_run: false, newest: null });
    expect((await admin.get("/api/v1/tasks/1")).body).toMatchObject({ state: "scheduled" });
  });

  test("are none where the filter says no states, or a limit", async () => {
    await using admin = makeAdmin();
    await admin.post("/api/v1/tasks", CALL);
    const all = await admin.post("/api/v1/tasks/cancel");
    expect(all.status).toBe(422);
    expect(all.body.detail).toBe("Cannot cancel tasks: say their states, such as ?state=failed");
    const some = await admin.post("/api/v1/tasks/cancel?state=ready&limit=1");
    expect(some.body.detail).toContain('"limit" is not a field');
    const dry = await admin.post("/api/v1/tasks/cancel?state=ready&dry_run=yes");
    expect(dry.body.detail).toBe("Cannot cancel tasks: dry_run must be true or false");
    expect((await admin.get("/api/v1/tasks/1")).body).toMatchObject({ state: "ready" });
  });
});
