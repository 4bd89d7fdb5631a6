import { describe, expect, test } from "bun:test";
import { decode } from "../../src/values/encoding.ts";
import { LocalTurn } from "../../src/sqlite/lock/turn.ts";
import { SqliteStore } from "../../src/sqlite/store.ts";
import { CALL, NOW, makeAdmin } from "./support.ts";

/** The message of a refused push. */
async function refusal(body: unknown): Promise<string> {
  await using admin = makeAdmin();
  const answer = await admin.post("/api/tasks", body);
  expect(answer.status).toBe(422);
  expect(answer.body.error.code).toBe("invalid");
  expect(await admin.store.list()).toEqual([]);
  return answer.body.error.message;
}

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
      message: 'Cannot push with ref "a": another task has it',
    });
  });

  test("is refused with 507 when the queue is full", async () => {
    await using admin = makeAdmin({ maxSize: 1 });
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

  test("waits in a sentence when another program holds the database", async () => {
    await using admin = makeAdmin({ timeout: 20 });
    const other = new SqliteStore({ path: admin.store.name, turn: new LocalTurn() });
    const session = other.session();
    await session.begin();
    const { status, headers, body } = await admin.post("/api/tasks", CALL);
    expect(status).toBe(503);
    expect(headers.get("retry-after")).toBe("1");
    expect(body.error.code).toBe("busy");
    expect(admin.events).toMatchObject([{ name: "log.note", level: "warn" }]);
    await other.release(session);
    await other.close();
    expect((await admin.post("/api/tasks", CALL)).status).toBe(201);
  });
});

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

describe("a wrong push", () => {
  test.each([
    [{ model: undefined }, "model is missing: it must be the name of a model"],
    [{ model: "" }, 'model cannot be "": it must be the name of a model'],
    [{ method: 7 }, "method cannot be 7: it must be the name of a method"],
    [{ instances: undefined }, "instances is missing: it must be an id like 7, or a list of ids"],
    [{ instances: "1,2" }, 'instances cannot be "1,2": it must be an id like 7, or a list of ids'],
    [{ instances: { id: 1 } }, 'instances cannot be {"id":1}'],
    [{ instances: [1, "2"] }, 'instances[1] cannot be "2": it must be an id: a whole number'],
    [{ instances: [1, null] }, "instances[1] cannot be null"],
    [{ instances: 1.5 }, "instances cannot be 1.5"],
    [{ args: { a: 1 } }, 'args cannot be {"a":1}: it must be a list of arguments like [42]'],
    [{ kwargs: [1] }, "kwargs cannot be [1]: it must be a JSON object"],
    [{ context: "x" }, 'context cannot be "x": it must be a JSON object'],
    [{ user: -1 }, "user cannot be -1: it must be the id of a user: a whole number from 0 up"],
    [{ queue: "a\0b" }, "without NUL"],
    [{ queue: "a\ud800" }, "without half a surrogate pair"],
    [{ ref: "a\ud800" }, "without half a surrogate pair"],
    [{ kwargs: { "a\ud800": 1 } }, "a text with half a surrogate pair is not JSON"],
    [{ ref: "x".repeat(1001) }, "as text of 1 to 1000 characters"],
    [{ priority: "high" }, 'priority cannot be "high": it must be a whole number'],
    [
      { batch: 0 },
      "batch cannot be 0: it must be a whole number from 1 up, or true for the setting",
    ],
    [{ batch: "x" }, 'batch cannot be "x"'],
    [{ scheduled_at: "5" }, 'scheduled_at: "5" has no unit; say the unit: 5s, 5m or 5h'],
    [{ scheduled_at: 300 }, "scheduled_at: 300 is not a time in ms since 1970 UTC; give a length"],
    [{ scheduled_at: 1e15 + 0.5 }, "is not a time in ms since 1970 UTC"],
    [{ scheduled_at: { minute: 5 } }, '"minute" is not a unit; did you mean "minutes"?'],
    [{ scheduled_at: true }, "scheduled_at cannot be true: it must be a length of time from now"],
    [{ expected_at: "tomorrow" }, 'expected_at: "tomorrow" is not a length of time'],
    [
      { instances: [1, 2], batch: 1, ref: "a" },
      'ref cannot be "a": a ref names one task, and these are 2',
    ],
    [{ args_: [] }, '"args_" is not a field; did you mean "args"?'],
    [{ context: { queue_name: "x" } }, 'context: give the field "queue" of the task instead'],
    [{ context: { queue_batch: 1 } }, 'context: give the field "batch" of the task instead'],
    [{ context: { queue_nam: 1 } }, '"queue_nam" is none of them; did you mean "queue_name"?'],
  ])("is refused: %j", async (change, sentence) => {
    const message = await refusal({ ...CALL, ...change });
    expect(message).toStartWith("Cannot push: ");
    expect(message).toContain(sentence);
  });

  test("is refused with everything that is wrong, each with its place", async () => {
    expect(await refusal([CALL, { ...CALL, instances: "x", user: 1.5 }, 7])).toBe(
      [
        "Cannot push: 3 things are wrong:",
        '  [1].instances cannot be "x": it must be an id like 7, or a list of ids like [7, 8]',
        "  [1].user cannot be 1.5: it must be the id of a user: a whole number from 0 up",
        "  [2] cannot be 7: it must be a JSON object",
      ].join("\n"),
    );
  });

  test("is refused in a few lines when a thousand things are wrong", async () => {
    const message = await refusal({ ...CALL, instances: Array(1000).fill("x") });
    expect(message.split("\n")).toHaveLength(22);
    expect(message).toEndWith("and 980 more");
  });

  test("is refused when its fields have names of Object", async () => {
    const body = '{"__proto__":{"model":"sale"},"constructor":1,"method":"process","instances":7}';
    const message = await refusal(body);
    expect(message).toContain('"__proto__" is not a field');
    expect(message).toContain('"constructor" is not a field');
    expect(message).toContain("model is missing");
  });

  test.each([
    ["", "it is empty"],
    [" \n", "it is empty"],
    ["{'model': 1}", "it is not JSON: line 1, column 2: "],
    ['{"model": "sale",\n  "method": process}', "line 2, column 13: "],
    ['{"model": "sale", "args": [1, 2,]}', "line 1, column 33: "],
    ['{"a": [], "b": {}, "c" 1}', "line 1, column 24: "],
    ['{"a": 01}', "line 1, column 7: "],
    ['{"a": "x\ny"}', "line 1, column 7: "],
    ["{} {}", "line 1, column 4: "],
    ['{"model": "sale"', "line 1, column 17: "],
    ["null", "the body cannot be null: it must be a JSON object"],
  ])("is refused when its body is not one: %p", async (body, sentence) => {
    expect(await refusal(body)).toContain(sentence);
  });

  test.each([
    ["it is nested too deep", "[".repeat(500_000)],
    ["line 1, column 900006: ", `["${"x".repeat(900_000)}", ]`],
    ["line 1, column 900006: ", `["${"\\\\n".repeat(300_000)}", "\\x"]`],
    ["line 1, column 2: ", `["${"x".repeat(900_000)}`],
  ])("is refused when its long body is not JSON: %s", async (sentence, body) => {
    expect(await refusal(body)).toContain(sentence);
  });

  test("is refused when it is not UTF-8", async () => {
    await using admin = makeAdmin();
    const body = new Uint8Array([0x7b, 0xff, 0x7d]);
    const answer = await admin.ask("/api/tasks", { method: "POST", body });
    expect(answer.status).toBe(422);
    expect(answer.body.error.message).toBe(
      "Cannot read the body: it is not UTF-8; send JSON as UTF-8",
    );
  });

  test("is refused when it is larger than 1 MiB", async () => {
    await using admin = makeAdmin();
    const fits = JSON.stringify({ ...CALL, args: ["x".repeat(1024 * 1024 - 100)] });
    expect((await admin.post("/api/tasks", fits)).status).toBe(201);
    const { status, body } = await admin.post("/api/tasks", `${fits}${" ".repeat(100)}`);
    expect(status).toBe(413);
    expect(body.error.message).toBe("Cannot take the body: it is larger than 1 MiB; push in parts");
  });

  test("is refused when no models are known", async () => {
    await using admin = makeAdmin({ catalog: () => null });
    const { status, body } = await admin.post("/api/tasks", CALL);
    expect(status).toBe(404);
    expect(body.error.message).toContain("start with --models FILE");
  });

  test("is refused with the near name when there is no such method", async () => {
    await using admin = makeAdmin();
    const { status, body } = await admin.post("/api/tasks", [CALL, { ...CALL, method: "proces" }]);
    expect(status).toBe(404);
    expect(body.error).toEqual({
      code: "not_found",
      message:
        'Cannot push sale.proces: the model sale has no method "proces"; did you mean "process"?',
    });
    expect(await admin.store.list()).toEqual([]);
  });
});
