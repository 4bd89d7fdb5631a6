/** Values that a push by HTTP carries, and those that no run could read. */
import { describe, expect, test } from "bun:test";
import { decode } from "../../src/values/encoding.ts";
import { CALL, makeAdmin, NOW } from "./support.ts";
import { refusal } from "./refusal.ts";

describe("what a push carries", () => {
  test("comes back in any script", async () => {
    await using admin = makeAdmin();
    const words = ["Ünïcödé", "日本語", "🧾👩‍👩‍👧", "\u0000 inside", "\u2028"];
    const name = "Größe 🧾";
    await admin.post("/api/tasks", {
      ...CALL,
      args: words,
      context: { [name]: name },
      queue: name,
      ref: name,
    });
    const { body } = await admin.get(`/api/tasks?queue=${encodeURIComponent(name)}`);
    expect(body).toMatchObject([
      { args: words, context: { [name]: name }, queue: name, ref: name },
    ]);
  });

  test("is due at a point in time, which the answer says in ms", async () => {
    await using admin = makeAdmin();
    const push = (scheduled_at: unknown) => admin.post("/api/tasks", { ...CALL, scheduled_at });
    const ms = Date.parse("2030-12-01T07:00Z");
    for (const at of ["2030-12-01T07:00Z", "2030-12-01T08:00+01:00", ms]) {
      expect((await push(at)).body).toEqual({ id: expect.any(Number), scheduled_at: ms });
    }
    const local = new Date(2030, 11, 1, 7).getTime();
    expect((await push("2030-12-01T07:00")).body.scheduled_at).toBe(local);
    expect((await push("5m")).body.scheduled_at).toBe(NOW + 300_000);
    const tasks = await admin.store.list();
    expect(tasks.map((task) => task.scheduled_at)).toEqual([NOW + 300_000, local, ms, ms, ms]);
    expect(await refusal({ ...CALL, expected_at: "2030-02-30" })).toContain(
      "is not a point in time",
    );
  });

  test("keeps keys that JavaScript uses itself", async () => {
    await using admin = makeAdmin();
    const text = `{"__proto__":{"admin":true},"constructor":1,"toString":2}`;
    await admin.post(
      "/api/tasks",
      `{"model":"sale","method":"process","instances":7,"args":[${text}],"context":${text}}`,
    );
    const task = await admin.store.get(1);
    expect(JSON.stringify(task?.args)).toBe(`[${text}]`);
    expect(JSON.stringify(task?.context)).toBe(text);
    expect(Reflect.get({}, "admin")).toBeUndefined();
  });

  test("keeps numbers that JavaScript cannot hold", async () => {
    await using admin = makeAdmin();
    let args = "";
    const push = admin.store.push.bind(admin.store);
    admin.store.push = (tasks) => {
      args = tasks[0]?.args ?? "";
      return push(tasks);
    };
    const numbers = "[12345678901234567890,-0,9007199254740993,0.1,1e-7]";
    const { status } = await admin.post(
      "/api/tasks",
      `{"model":"sale","method":"process","instances":7,"args":${numbers}}`,
    );
    expect(status).toBe(201);
    expect(args).toBe(numbers);
    expect(decode(args)).toEqual([12345678901234567890n, -0, 9007199254740993n, 0.1, 1e-7]);
  });

  test("may have tags", async () => {
    await using admin = makeAdmin();
    const date = { __class__: "date", day: 29, month: 2, year: 2024 };
    expect((await admin.post("/api/tasks", { ...CALL, args: [date] })).status).toBe(201);
    expect((await admin.store.get(1))?.args).toEqual([date]);
  });

  test("is refused with its path where a run could not read it", async () => {
    const date = { __class__: "date", day: 30, month: 2, year: 2024 };
    expect(await refusal({ ...CALL, args: [1, { lines: [date] }] })).toStartWith(
      "Cannot push: args[1].lines[0]: Cannot read",
    );
    const context = '{"model":"sale","method":"process","instances":7,"context":{"a":["\\ud800"]}}';
    expect(await refusal(context)).toBe(
      "Cannot push: context.a[0]: a text with half a surrogate pair is not JSON",
    );
    const large = '{"model":"sale","method":"process","instances":7,"args":[1e400]}';
    expect(await refusal(large)).toBe("Cannot push: args[0]: Infinity is not JSON");
  });

  test("is refused as a context that would come back as something else", async () => {
    const date = { __class__: "date", day: 29, month: 2, year: 2024 };
    const message = ": the key __class__ makes another value of this object; rename it";
    expect(await refusal({ ...CALL, context: date })).toBe(`Cannot push: context${message}`);
    expect(await refusal({ ...CALL, kwargs: date })).toBe(`Cannot push: kwargs${message}`);
  });

  test("is refused when it is nested too deep", async () => {
    for (const depth of [600, 20_000, 200_000]) {
      const args = "[".repeat(depth) + "]".repeat(depth);
      const body = `{"model":"sale","method":"process","instances":7,"args":${args}}`;
      expect(await refusal(body)).toMatch(/nested (deeper than 500 levels|too deep)/);
    }
  });
});
