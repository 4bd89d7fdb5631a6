/** Values that a push by HTTP carries, and those that no run could read. */
import { describe, expect, test } from "bun:test";
import { decode } from "../../src/values/encoding.ts";
import { CALL, makeAdmin } from "./support.ts";
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
