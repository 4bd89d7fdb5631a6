/** A plain function that is a task: what `task()` gives, what a push stores, what a run calls. */
import { describe, expect, test } from "bun:test";
import { currentTask, Model, ModelSQL, push, task, Transaction, v } from "../../src/index.ts";
import { eventWords } from "../../src/log/words.ts";
import { makeRuntime, sentenceOf } from "./support.ts";

class Picture extends ModelSQL("picture", { path: v.string(), width: v.number() }) {}

const seen: unknown[][] = [];
const thumbnail = task("thumbnail", async (path: string, width = 100) => {
  seen.push([path, width]);
  await Picture.create([{ path, width }]);
  return { path, width };
});

const stubborn = task("stubborn", { attempts: 3, backoff: "10s" }, (text: string) => {
  throw new Error(text);
});

const outside = task("mail.send", { transaction: false }, async (to: string) => {
  const user = await Transaction.start({}, () => Transaction.current.user);
  return [to, currentTask()?.model, currentTask()?.method, user];
});

describe("a function that is a task", () => {
  test("runs at once where it is called itself", async () => {
    const double = task("double", (n: number) => n * 2);
    expect(double(4)).toBe(8);
    expect([1, 2].map((n) => double(n))).toEqual([2, 4]);
    expect(task("named", function half() {}).name).toBe("half");
  });

  test("is stored under its name, with its arguments and without instances", async () => {
    await using tq = makeRuntime();
    const id = await thumbnail.push("a.png", 200);
    expect(await tq.getTask(id)).toMatchObject({
      id: 1,
      state: "ready",
      model: "thumbnail",
      method: "call",
      instances: [],
      args: ["a.png", 200],
    });
  });

  test("cannot be pushed in batches, which a context may ask for all the same", async () => {
    await using tq = makeRuntime();
    const sentence =
      "Cannot push: batch cannot be 2: it divides a list of records, and a function has none; leave it out";
    expect(await sentenceOf(() => thumbnail.push.with({ batch: 2 })("a.png"))).toBe(sentence);
    expect(await sentenceOf(() => push({ model: "thumbnail", batch: 2 }))).toBe(sentence);
    await Transaction.start({ context: { queue_batch: 2 } }, async () => {
      await thumbnail.push("a.png");
      await push({ model: "thumbnail", batch: false });
    });
    expect(await tq.tasks()).toHaveLength(2);
  });

  test("runs in the transaction of its task, and its result is kept", async () => {
    await using tq = makeRuntime();
    await thumbnail.push("a.png");
    expect(await tq.runAll()).toMatchObject([
      { state: "finished", reason: null, attempts: 1, result: { path: "a.png", width: 100 } },
    ]);
    expect(tq.sql("SELECT path, width FROM picture")).toEqual([{ path: "a.png", width: 100 }]);
  });

  test("runs at once in a program without a worker", async () => {
    await using tq = makeRuntime({ worker: false });
    await thumbnail.push("b.png", 7);
    expect(await tq.tasks()).toMatchObject([{ state: "finished", result: { width: 7 } }]);
  });

  test("is stored with the transaction that pushes it, and with its user, context and options", async () => {
    await using tq = makeRuntime();
    const context = { company: 1, queue_name: "pictures", queue_priority: 5, queue_batch: 2 };
    await Transaction.start({ user: 3, context }, () => thumbnail.push("a.png"));
    await Transaction.start({}, async () => {
      await thumbnail.push("never.png");
      throw new Error("no");
    }).catch(() => {});
    expect(await tq.tasks()).toMatchObject([
      { args: ["a.png"], user: 3, context: { company: 1 }, queue: "pictures", priority: 5 },
    ]);
  });

  test("runs in batches like a method, once it is known to be quick", async () => {
    await using tq = makeRuntime();
    const quick = task("quick", (n: number) => n + 1);
    const ids: number[] = [];
    for (let n = 0; n < 3; n++) ids.push(await quick.push(n));
    const ended = await tq.runBatch(ids);
    expect(ended.map(({ state, result }) => [state, result])).toEqual([
      ["finished", 1],
      ["finished", 2],
      ["finished", 3],
    ]);
  });

  test("has the policy that it is given", async () => {
    await using tq = makeRuntime();
    const now = tq.clock.time;
    await stubborn.push("the printer is off");
    expect(await tq.runAll()).toMatchObject([
      { state: "scheduled", failures: 1, scheduled_at: now + 10_000 },
    ]);
  });

  test.each([
    ["stubborn", 5],
    ["*", 5],
    ["stubborn.call", 5],
    ["stubborn.*", 5],
    ["stubborn.print", 3],
  ])("has the policy of [tasks.%j] where that names it", async (pattern, attempts) => {
    await using tq = makeRuntime({ settings: { tasks: { [pattern]: { attempts: 5 } } } });
    await stubborn.push("no");
    for (let run = 0; run < 5; run++) {
      await tq.runAll();
      tq.clock.time += 3_600_000;
    }
    expect(await tq.tasks()).toMatchObject([{ state: "failed", failures: attempts }]);
  });

  test("runs outside any transaction where its policy says so", async () => {
    await using tq = makeRuntime();
    await Transaction.start({ user: 4 }, () => outside.push("Ada"));
    expect(await tq.runAll()).toMatchObject([{ result: ["Ada", "mail.send", null, 4] }]);
  });

  test("is pushed with options, and gives a handle of its task", async () => {
    await using tq = makeRuntime();
    const made = await thumbnail.push.with({ ref: "once", attempts: 2 })("a.png", 7);
    expect(made.id).toBe(1);
    await tq.runAll();
    expect(await made.result()).toEqual({ path: "a.png", width: 7 });
    expect(await tq.tasks()).toMatchObject([{ ref: "once", policy: { attempts: 2 } }]);
  });

  test("is named alone where the wait for its result fails", async () => {
    await using tq = makeRuntime();
    const failing = await stubborn.push.with({ attempts: 1 })("the printer is off");
    await tq.runAll();
    expect(await sentenceOf(() => failing.result())).toStartWith("Task 1 (stubborn) ");
  });

  test("is pushed by its name alone from a program that does not have it", async () => {
    await using tq = makeRuntime();
    expect(await push({ model: "thumbnail", args: ["a.png"], ref: "once" })).toEqual([1]);
    expect(await tq.tasks()).toMatchObject([
      { model: "thumbnail", method: "call", instances: [], args: ["a.png"], ref: "once" },
    ]);
    const half = [{ method: "call" }, { instances: [7] }] as const;
    const refusals = await Promise.all(
      half.map((part) => sentenceOf(() => push({ model: "thumbnail", ...part } as never))),
    );
    expect(refusals).toEqual([
      expect.stringContaining("Cannot push thumbnail.call: undefined is not an instance"),
      expect.stringContaining("Cannot push: method is missing"),
    ]);
  });

  test("refuses arguments that JSON cannot carry", async () => {
    await using tq = makeRuntime();
    const untyped = thumbnail as unknown as { push(fn: () => void): Promise<number> };
    expect(await sentenceOf(() => untyped.push(() => {}))).toContain("args[0]");
    expect(await tq.tasks()).toEqual([]);
  });

  test("is named alone, without its method, in the events of its runs", async () => {
    await using tq = makeRuntime();
    await thumbnail.push("a.png");
    await tq.runAll();
    expect(tq.eventsOf("task.finished")).toMatchObject([{ model: "thumbnail", method: null }]);
    expect(tq.eventsOf("task.finished").map(eventWords)).toEqual([
      expect.stringMatching(/^task 1 finished {2}thumbnail {2}run 1 {2}/),
    ]);
  });
});

describe("a task that does not fit what its name is now", () => {
  class Phone extends Model {
    static override readonly __name__ = "phone";
    static override call(phones: Phone[]) {
      return phones.length;
    }
  }

  test.each([
    ["process", [7]],
    ["call", [7]],
    ["call", 7],
  ])("fails where %s is called on %j, and it is a function", async (method, instances) => {
    await using tq = makeRuntime();
    await thumbnail.push("a.png");
    const [id = 0] = await push({ model: "thumbnail", method, instances });
    expect((await tq.runTask(id)).reason).toBe(
      `TqError: Cannot run task 2, thumbnail.${method}: thumbnail is a function, not a model: push it with its arguments alone, without a method and instances (if it is new, have the worker load it: SIGHUP, or start it again)`,
    );
  });

  test("fails where it was pushed as a function, and it is a model with any methods", async () => {
    await using tq = makeRuntime();
    tq.registry.add(Phone as never, null);
    const [id = 0] = await push({ model: "phone" });
    expect((await tq.runTask(id)).reason).toBe(
      "TqError: Cannot run task 1, phone: phone is a model, not a function: push one of its methods, such as call, with the instances that it is called on (if it is new, have the worker load it: SIGHUP, or start it again)",
    );
  });

  test("fails with the near name where there is no such function", async () => {
    await using tq = makeRuntime();
    await thumbnail.push("a.png");
    const [id = 0] = await push({ model: "tumbnail" });
    expect((await tq.runTask(id)).reason).toBe(
      'TqError: Cannot run task 2: there is no function "tumbnail" here; did you mean "thumbnail"? (if it is new, have the worker load it: SIGHUP, or start it again)',
    );
  });

  test("runs where a model has a method of that name, on instances", async () => {
    await using tq = makeRuntime();
    tq.registry.add(Phone as never, null);
    const [id = 0] = await push({ model: "phone", method: "call", instances: [7, 8] });
    expect(await tq.runTask(id)).toMatchObject({ state: "finished", result: 2 });
    expect(tq.eventsOf("task.finished")).toMatchObject([{ model: "phone", method: "call" }]);
  });
});

describe("task() refuses", () => {
  const untyped = task as unknown as (...args: unknown[]) => unknown;

  test.each([
    [["Thumb nail", () => 1], 'Cannot make the function "Thumb nail": a name has lower-case'],
    [["tq_x", () => 1], "Cannot make the function tq_x: names that begin with tq_"],
    [["x"], "Cannot make the function x: undefined is not a function; write task(name, function)"],
    [["x", () => 1, { attempts: 2 }], "is not a function; write task(name, function), or task("],
    [["x", class {}], "is not a function; write task(name, function)"],
    [
      ["x", { atempts: 2 }, () => 1],
      'task("x"): atempts is not a policy; did you mean "attempts"?',
    ],
    [["x", { attempts: 0 }, () => 1], 'task("x").attempts cannot be 0: it must be a whole number'],
    [["x", new Map(), () => 1], 'task("x") cannot be Map {}: it must be an object of policies'],
    [["x", [], () => 1], 'task("x") cannot be []: it must be an object of policies'],
    [
      ["x", 7, () => 1],
      'Cannot use the function x: task("x") cannot be 7: it must be an object of policies',
    ],
  ])("%p", async (args, sentence) => {
    expect(await sentenceOf(() => untyped(...args))).toContain(sentence);
  });
});
