import { describe, expect, test } from "bun:test";
import { CALL, makeAdmin } from "../support.ts";

test("the queues are listed with their tasks, and who serves them", async () => {
  await using admin = makeAdmin();
  await admin.post("/api/v1/tasks", [CALL, { ...CALL, queue: "mail", scheduled_at: "5m" }]);
  const { status, body } = await admin.get("/api/v1/queues");
  expect(status).toBe(200);
  const empty = { running: 0, failed: 0, served: false, paused: false, last_hour: null };
  expect(body).toEqual({
    queues: [
      { queue: "default", scheduled: 0, ready: 1, ...empty },
      { queue: "mail", scheduled: 1, ready: 0, ...empty },
    ],
  });
});

describe("a pause", () => {
  test("may end in a year of six digits", async () => {
    await using admin = makeAdmin();
    const { body } = await admin.post("/api/v1/pauses", {
      queue: "a",
      until: 8_640_000_000_000_000,
    });
    expect(body.until).toBe("+275760-09-13T00:00:00.000Z");
  });

  test("of a queue or a method is made, listed and ended", async () => {
    await using admin = makeAdmin();
    const paused = await admin.post("/api/v1/pauses", {
      queue: "print",
      reason: "no toner",
      until: "2h",
      by: "ana@till3",
    });
    const pause = {
      kind: "queue",
      name: "print",
      by: "ana@till3",
      reason: "no toner",
      since: "2024-02-29T12:00:00.000Z",
      until: "2024-02-29T14:00:00.000Z",
    };
    expect({ status: paused.status, body: paused.body }).toEqual({ status: 200, body: pause });
    await admin.post("/api/v1/pauses", { task: "sale.process" });
    const listed = await admin.get("/api/v1/pauses");
    expect(listed.body.pauses).toMatchObject([pause, { kind: "task", name: "sale.process" }]);
    expect((await admin.post("/api/v1/pauses/resume", { queue: "print" })).body).toEqual(pause);
    expect((await admin.get("/api/v1/pauses")).body.pauses).toHaveLength(1);
  });

  test.each([
    [{}, "Cannot pause: give either a queue or a task"],
    [{ queue: "a", task: "b" }, "Cannot pause: give either a queue or a task"],
    [{ queue: "a", until: "2024-01-01" }, "Cannot pause: until has passed already"],
    [{ queue: "a", until: "soon" }, "Cannot pause: until"],
    [{ queue: "a", until: "" }, "Cannot pause: until"],
    [{ queue: "a", until: false }, "Cannot pause: until cannot be false"],
    [{ queue: 7 }, "Cannot pause: queue cannot be 7"],
    [{ queue: "a", reason: "" }, "Cannot pause: reason"],
    [{ queue: "a", by: 7 }, "Cannot pause: by cannot be 7"],
    [{ queu: "a" }, 'Cannot pause: "queu" is not a field; did you mean "queue"?'],
  ])("that says %j is refused, and none is made", async (body, sentence) => {
    await using admin = makeAdmin();
    const answer = await admin.post("/api/v1/pauses", body);
    expect(answer.status).toBe(422);
    expect(answer.body.detail).toStartWith(sentence);
    expect(await admin.store.pauses.list()).toEqual([]);
  });

  test("that is not there cannot be ended", async () => {
    await using admin = makeAdmin();
    const { status, body } = await admin.post("/api/v1/pauses/resume", { queue: "print" });
    expect({ status, code: body.code }).toEqual({ status: 404, code: "not_found" });
  });
});
