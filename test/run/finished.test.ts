/** What is kept of what a method returns, and how a task says that nothing is. */
import { describe, expect, test } from "bun:test";
import { ModelSQL, type Queue, tasks, Transaction, v } from "../../src/index.ts";
import { isNotKept } from "../../src/kept-result.ts";
import { makeRuntime } from "../model/support.ts";

let gives: () => unknown = () => undefined;

class Note extends ModelSQL("note", { text: v.optional(v.string(), "") }) {
  declare static readonly __queue__: Queue<typeof Note>;
  static readonly tasks = { strictly: { strict: true }, outside: { transaction: false } };
  static async work(this: void, _notes: Note[]) {
    await Note.create([{ text: "done" }]);
    return gives();
  }
  static strictly = Note.work;
  static outside(_notes: Note[]) {
    return gives();
  }
}

const cycle = () => {
  const value: Record<string, unknown> = {};
  value["self"] = [value];
  return value;
};

const throwing = () => {
  throw new Error("no");
};

class Point {
  x = 1;
}

const USE = "give a plain object, an array or an id";

const ALONE = "give the elements alone, or a plain object";

const push = (method: "work" | "strictly" | "outside" = "work") =>
  Transaction.start({}, async () => Note.__queue__[method](await Note.create([{}])));

async function ran(tq: ReturnType<typeof makeRuntime>, method?: Parameters<typeof push>[0]) {
  await push(method);
  const [task] = await tq.runAll();
  if (!task) throw new Error("no task has run");
  return task;
}

describe("a task finishes once, keeps its work, and says why its result is not kept, where it returns", () => {
  test.each<[string, () => unknown, string]>([
    ["a cycle", cycle, "result.self[0]: a value that contains itself is not JSON"],
    ["NaN", () => Number.NaN, "NaN is not JSON"],
    ["Infinity in depth", () => ({ a: [1, Infinity] }), "result.a[1]: Infinity is not JSON"],
    ["a Map", () => new Map(), `a Map is not JSON; ${USE}`],
    ["a Set", () => ({ seen: new Set([1]) }), `result.seen: a Set is not JSON; ${USE}`],
    ["a URL", () => new URL("http://a/"), `a URL is not JSON; ${USE}`],
    ["an instance", () => [new Point()], `result[0]: a Point is not JSON; ${USE}`],
    ["an error", () => ({ e: new Error("x") }), `result.e: an Error is not JSON; ${USE}`],
    ["a promise", () => [Promise.resolve()], "result[0]: a Promise is not JSON; await it first"],
    ["a function", () => ({ print() {} }), "result.print: a function is not JSON"],
    ["a toJSON", () => ({ toJSON: throwing }), "result.toJSON: a function is not JSON"],
    [
      "an array with a property",
      () => ({ a: [Object.assign([1], { b: 2 })] }),
      `result.a[0]: an array with the property "b" is not JSON; ${ALONE}`,
    ],
    [
      "the match of a pattern",
      () => /4+/.exec("A44"),
      `an array with the property "index" is not JSON; ${ALONE}`,
    ],
    [
      "an array with a symbol",
      () => Object.assign([1], { [Symbol("x")]: 2 }),
      `an array with the property Symbol(x) is not JSON; ${ALONE}`,
    ],
    ["a hole", () => [1, undefined], "result[1]: undefined is not JSON; give null"],
    ["a symbol", () => Symbol("x"), "a symbol is not JSON"],
    ["half a character", () => "\ud800", "a text with half a surrogate pair is not JSON"],
    ["a bad date", () => new Date(Number.NaN), "an invalid Date is not JSON"],
    [
      "a record",
      async () => (await Note.create([{}]))[0],
      "a record of note is not JSON; give its id",
    ],
    ["records", () => Note.create([{}]), "result[0]: a record of note is not JSON; give its id"],
    [
      "a getter that throws",
      () => Object.defineProperty({}, "x", { enumerable: true, get: throwing }),
      "it cannot be read: Error: no",
    ],
    [
      "too long a text",
      () => "é".repeat(9_999),
      "it has 10001 characters of JSON, and 10000 at most are kept; store it in a record or a file, and return its id or path",
    ],
  ])("%s", async (_what, does, why) => {
    await using tq = makeRuntime();
    gives = does;
    const task = await ran(tq);
    const reason = `its result is not kept: ${why}`;
    expect(task).toMatchObject({ state: "finished", attempts: 1, result: null, reason });
    expect(isNotKept(task)).toBe(true);
    expect(tq.sql("SELECT text FROM note WHERE text = 'done'")).toHaveLength(1);
    expect(tq.eventsOf("task.finished")).toMatchObject([{ task: task.id, reason }]);
  });
});

test.each<[string, unknown, unknown]>([
  ["undefined", undefined, undefined],
  ["a text of 10,000 characters of JSON", "x".repeat(9_998), "x".repeat(9_998)],
  ["-0", [-0], [-0]],
  ["a property that is undefined", { a: undefined, b: 1 }, { b: 1 }],
  ["an array with one", Object.assign([[1]], { a: undefined }), [[1]]],
  ["a Date", new Date(5), Temporal.Instant.fromEpochMilliseconds(5)],
])("a task that returns %s finishes without a reason", async (_what, value, result) => {
  await using tq = makeRuntime();
  gives = () => value;
  const { id, reason } = await ran(tq);
  expect(reason).toBeNull();
  expect(await tasks.result(id)).toEqual(result);
});

test("a strict method, and one outside any transaction, finish without their result too", async () => {
  for (const method of ["strictly", "outside"] as const) {
    await using tq = makeRuntime();
    gives = () => new Map();
    const reason = `its result is not kept: a Map is not JSON; ${USE}`;
    expect(await ran(tq, method)).toMatchObject({ state: "finished", attempts: 1, reason });
  }
});

test("in a batch each task says for itself that its result is not kept", async () => {
  await using tq = makeRuntime();
  const values = [1, new Map(), undefined, Number.NaN];
  gives = () => values.shift();
  const ids = (await Promise.all(values.map(() => push()))).flat();
  const tasks = await tq.runBatch(ids);
  expect(tasks.map(({ state, result, reason }) => [state, result, reason])).toEqual([
    ["finished", 1, null],
    ["finished", null, `its result is not kept: a Map is not JSON; ${USE}`],
    ["finished", null, null],
    ["finished", null, "its result is not kept: NaN is not JSON"],
  ]);
});
