/** What is wrong with a push by HTTP, each with its place. */
import { describe, expect, test } from "bun:test";
import { CALL, makeAdmin } from "./support.ts";
import { refusal } from "./refusal.ts";

const { rawJSON } = JSON as unknown as { rawJSON: (text: string) => object };
const JSON_1E400 = rawJSON("1e400");

describe("a wrong push", () => {
  test.each([
    [{ model: undefined }, "model is missing: it must be the name of a model"],
    [{ model: "" }, 'model cannot be "": it must be the name of a model'],
    [{ method: 7 }, "method cannot be 7: it must be the name of a method"],
    [{ instances: undefined }, "instances is missing: it must be an id like 7, or a list of ids"],
    [
      { instances: "1,2" },
      "instances cannot be text of 3 characters: it must be an id like 7, or a list of ids",
    ],
    [{ instances: { id: 1 } }, "instances cannot be an object"],
    [
      { instances: [1, "2"] },
      "instances[1] cannot be text of 1 character: it must be an id: a whole number",
    ],
    [{ instances: [1, null] }, "instances[1] cannot be null"],
    [{ instances: 1.5 }, "instances cannot be a number"],
    [{ args: { a: 1 } }, "args cannot be an object: it must be a list of arguments like [42]"],
    [{ kwargs: [1] }, "kwargs cannot be a list: it must be a JSON object"],
    [{ context: "x" }, "context cannot be text of 1 character: it must be a JSON object"],
    [
      { user: -1 },
      "user cannot be -1: it must be the id of a user: a whole number from 0 to 9007199254740991",
    ],
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
    [{ timeout: JSON_1E400 }, "timeout: 1e400 is not a length of time"],
    [{ scheduled_at: JSON_1E400 }, "scheduled_at"],
    [{ backoff: JSON_1E400 }, "backoff"],
    [{ backoff: { first: JSON_1E400 } }, "backoff.first: 1e400 is not a length of time"],
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
        "  [1].instances cannot be text of 1 character: it must be an id like 7, or a list of ids like [7, 8]",
        "  [1].user cannot be 1.5: it must be the id of a user: a whole number from 0 to 9007199254740991",
        "  [2] cannot be a number: it must be a JSON object",
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
    ['{"a": "x\ny"}', "line 1, column 9: a control character in a text"],
    ['{"a": "x', "line 1, column 7: this text has no closing quote"],
    ['{"a": 1,}', 'line 1, column 9: expected a name in double quotes, found "}"'],
    ['["😀" x]', 'line 1, column 7: expected "," or "]", found "x"'],
    ["[tru]", 'line 1, column 2: expected a value, found "t"'],
    ["[1.]", "line 1, column 2: expected a value"],
    ["[-]", "line 1, column 2: expected a value"],
    [`[1${"0".repeat(4300)}]`, "a number of 4301 characters is too long; it may have 4300"],
    ["{} {}", "line 1, column 4: "],
    ['{"model": "sale"', "line 1, column 17: "],
    ["null", "the body cannot be null: it must be a JSON object"],
  ])("is refused when its body is not one: %p", async (body, sentence) => {
    expect(await refusal(body)).toContain(sentence);
  });

  test.each([
    ["it is nested too deeply", "[".repeat(500_000)],
    ["line 1, column 900006: ", `["${"x".repeat(900_000)}", ]`],
    ["line 1, column 900007: ", `["${"\\\\n".repeat(300_000)}", "\\x"]`],
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
