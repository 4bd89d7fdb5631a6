/** How a task is run: Tryton's rules for user, context, records and results. */
import { afterEach, expect, test } from "bun:test";
import { currentTask, Model, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { TqError } from "../../src/errors.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { makeRuntime } from "../model/support.ts";

const seen: unknown[] = [];
afterEach(() => void (seen.length = 0));

class Part extends ModelSQL("part", { name: v.string(), used: v.optional(v.boolean()) }) {
  declare static readonly __queue__: Queue<typeof Part>;

  static async list(records: Part[], ...args: unknown[]) {
    seen.push([records.map(({ id }) => id), ...args]);
    return records.length;
  }
  static async one(record: Part) {
    seen.push(record.id);
    return { id: record.id };
  }
  static async any(records: Part | Part[]) {
    seen.push(Array.isArray(records) ? records.map(({ id }) => id) : records.id);
  }
  static sync(records: Part[]) {
    seen.push(this === Part, records.length);
    return "done";
  }
  async use(by?: string) {
    seen.push([this.id, this.used ?? false, by]);
    this.used = true;
    await this.save();
    return this.name;
  }
  static async where(_records: Part[]) {
    const { user, context } = Transaction.current;
    seen.push({ user, context, task: currentTask() });
    await Part.__queue__.list([1]);
  }
  static async give(_records: Part[], what: string) {
    const values: Record<string, unknown> = {
      date: Temporal.PlainDate.from("2024-02-29"),
      function: () => 1,
      long: "x".repeat(20_000),
      nothing: undefined,
      null: null,
      nan: Number.NaN,
    };
    return values[what];
  }
  static async fails(_records: Part[], what: unknown) {
    // oxlint-disable-next-line typescript/only-throw-error -- users throw anything
    throw what;
  }
  static tasks = { goOn: { transaction: false } };
  static during: () => Promise<unknown> = () => Promise.resolve();
  /** Outside any transaction. */
  static async goOn(records: Part[]) {
    await Part.during();
    for (const act of [
      () => Transaction.start({}, () => Part.create([{ name: "late" }])),
      () => Transaction.start({ lock: true }, () => Part.create([{ name: "later" }])),
      () => Part.__queue__.list(records),
    ]) {
      await act().catch((error: unknown) => seen.push(error));
    }
  }
  static async writeAndFail(records: Part[]) {
    for (const record of records) await record.use();
    await Part.__queue__.list([1]);
    throw new RangeError("too far");
  }
}

async function makeParts(count: number): Promise<Part[]> {
  const values = Array.from({ length: count }, (_, index) => ({ name: `part ${index + 1}` }));
  return Transaction.start({}, () => Part.create(values));
}

test("the task has the user and context of its push, no warnings and no access checks", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  const context = { company: 3, _skip_warnings: false, _check_access: true, queue_name: "mail" };
  const [id = 0] = await Transaction.start({ user: 9, context }, () => Part.__queue__.where([1]));
  await tq.runTask(id);
  expect(seen).toEqual([
    {
      user: 9,
      context: { company: 3, _skip_warnings: true, _check_access: false },
      task: { id, attempt: 1, model: "part", method: "where", queue: "mail" },
    },
  ]);
});

test("a task pushed inside a task inherits user and context, but not name, schedule and batch", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  const context = {
    company: 3,
    queue_name: "mail",
    queue_scheduled_at: "-PT1S",
    queue_expected_at: "PT1H",
    queue_priority: 5,
    queue_batch: 1,
  };
  const [id = 0] = await Transaction.start({ user: 9, context }, () => Part.__queue__.where([1]));
  await tq.runTask(id);
  expect(await tq.getTask(id + 1)).toMatchObject({
    user: 9,
    context: { company: 3, _skip_warnings: true },
    queue: "default",
    priority: 0,
    scheduled_at: null,
    expected_at: null,
  });
});

test("a static method gets the list or the one record; an instance method is called on each in order", async () => {
  await using tq = makeRuntime();
  await makeParts(3);
  await Part.__queue__.list([2, 1], "a", { b: 1 });
  await Part.__queue__.one(2);
  await Part.__queue__.any([3]);
  await Part.__queue__.any(3);
  await Part.__queue__.use([3, 1], "me");
  await Part.__queue__.use(2);
  await Part.__queue__.sync([1]);
  await tq.runAll();
  expect(seen).toEqual([
    [[2, 1], "a", { b: 1 }],
    2,
    [3],
    3,
    [3, false, "me"],
    [1, false, "me"],
    [2, false, undefined],
    true,
    1,
  ]);
});

test("records that no longer exist are left out; order and duplicates are kept", async () => {
  await using tq = makeRuntime();
  const [, second] = await makeParts(3);
  await Part.__queue__.list([3, 2, 1, 3, 99]);
  await Part.__queue__.use([1, 2, 1]);
  await Transaction.start({}, async () => second?.delete());
  await tq.runAll();
  expect(seen).toEqual([[[3, 1, 3]], [1, false, undefined], [1, true, undefined]]);
});

test("where no record is left the method is not called, and the task is finished", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  await Part.__queue__.list([7, 8]);
  await Part.__queue__.one(7);
  await Part.__queue__.use([7]);
  const ended = await tq.runAll();
  expect(seen).toEqual([]);
  expect(ended.map(({ state, result }) => [state, result])).toEqual([
    ["finished", null],
    ["finished", null],
    ["finished", null],
  ]);
});

test("what the method returns is the task's result, as far as JSON and its size allow", async () => {
  await using tq = makeRuntime();
  await makeParts(2);
  await Part.__queue__.list([1, 2]);
  await Part.__queue__.one(1);
  await Part.__queue__.sync([1]);
  await Part.__queue__.use(1);
  await Part.__queue__.use([1, 2]);
  for (const what of ["date", "function", "long", "nothing", "null", "nan"]) {
    await Part.__queue__.give([1], what);
  }
  const ended = await tq.runAll();
  expect(ended.every(({ state }) => state === "finished")).toBe(true);
  expect(ended.map(({ result }) => result)).toEqual([
    2,
    { id: 1 },
    "done",
    "part 1",
    null,
    { __class__: "date", day: 29, month: 2, year: 2024 },
    null,
    "(a result of 20002 characters is not kept)",
    null,
    null,
    null,
  ]);
});

test("effects and the end of a task are one commit; those of a failed one are gone", async () => {
  await using tq = makeRuntime();
  await makeParts(2);
  await Part.__queue__.use([1]);
  await Part.__queue__.writeAndFail([2]);
  const [finished, failed] = await tq.runAll();
  expect(finished?.state).toBe("finished");
  expect(failed).toMatchObject({ state: "failed", reason: "RangeError: too far", attempts: 1 });
  expect(tq.sql("SELECT id, used FROM part")).toEqual([
    { id: 1, used: 1 },
    { id: 2, used: null },
  ]);
  expect(await tq.tasks()).toHaveLength(2);
});

test("a run whose claim was lost commits nothing, and may not commit in the middle", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  class Lost extends Model {
    declare static readonly __queue__: Queue<typeof Lost>;
    static override readonly __name__ = "lost";
    static async process(_records: Lost[], middle: boolean) {
      const [part] = await Part.browse([1]);
      await tq.store.cancel(currentTask()?.id ?? 0);
      await part?.use();
      if (middle) await Transaction.current.commit();
    }
  }
  for (const middle of [false, true]) {
    const [id = 0] = await Lost.__queue__.process([1], middle);
    expect((await tq.runTask(id)).state).toBe("cancelled");
  }
  expect(tq.sql("SELECT used FROM part")).toEqual([{ used: null }]);
  expect(tq.eventsOf("task.late").map(({ outcome }) => outcome)).toEqual(["finished", "failed"]);
});

test.each<[unknown, string]>([
  ["text", 'Error: "text" was thrown'],
  [null, "Error: null was thrown"],
  [7, "Error: 7 was thrown"],
])("throwing %p fails the task", async (what, reason) => {
  await using tq = makeRuntime();
  await makeParts(1);
  const [id = 0] = await Part.__queue__.fails([1], what);
  expect(await tq.runTask(id)).toMatchObject({ state: "failed", reason });
});

test("a model or a method that does not exist fails the task, with what is near", async () => {
  await using tq = makeRuntime();
  tq.registry.add(Part, null);
  const insert = (model: string, method: string) =>
    tq.sql("INSERT INTO tq_push (model, method, instances) VALUES (?, ?, '[1]')", model, method);
  for (const [model, method] of [
    ["parts", "list"],
    ["nothing.like.it", "list"],
    ["part", "lists"],
    ["part", "constructor"],
    ["part", "__proto__"],
    ["part", "toString"],
    ["part", "browse"],
    ["part", "save"],
  ]) {
    insert(model ?? "", method ?? "");
  }
  const ended = await tq.runAll();
  expect(ended.map(({ reason }) => reason?.replace("TqError: Cannot run task ", ""))).toEqual([
    '1: there is no model "parts" here; did you mean "part"?',
    '2: there is no model "nothing.like.it" here; it has part',
    '3, part.lists: the model part has no method "lists"; did you mean "list"?',
    '4, part.constructor: the model part has no method "constructor"',
    '5, part.__proto__: the model part has no method "__proto__"',
    '6, part.toString: the model part has no method "toString"',
    '7, part.browse: the model part has no method "browse"',
    '8, part.save: the model part has no method "save"',
  ]);
  expect(ended.every(({ state }) => state === "failed")).toBe(true);
});

test.each<[string, string, string]>([
  ["instances", "[1,", 'its instances cannot be read: instances: "[1," is not JSON'],
  ["instances", '["1"]', "its instances must be an id or a list of ids"],
  ["instances", "{}", "its instances must be an id or a list of ids"],
  ["args", "not json", 'its args cannot be read: args: "not json" is not JSON'],
  ["args", "{}", "its args must be a list"],
  ["args", '[{"__class__":"date","year":2024}]', "its args cannot be read: args[0]"],
  ["context", "[", "its context cannot be read"],
  ["context", "[]", "its context must be an object"],
  ["context", "7", "its context must be an object"],
])(
  "a row whose %s somebody damaged fails with the reason, and the next one runs: %p",
  async (column, text, sentence) => {
    await using tq = makeRuntime();
    await makeParts(1);
    await Part.__queue__.list([1]);
    await Part.__queue__.list([1]);
    tq.sql(`UPDATE tq__task SET ${column} = ? WHERE id = 1`, text);
    const [damaged, next] = await tq.runAll();
    expect(damaged?.state).toBe("failed");
    expect(damaged?.reason).toContain(`Cannot run task 1: ${sentence}`);
    expect(next?.state).toBe("finished");
    expect(seen).toHaveLength(1);
  },
);

test("a record that others change meanwhile makes the task run again, holding the lock", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  let runs = 0;
  class Racer extends Model {
    declare static readonly __queue__: Queue<typeof Racer>;
    static override readonly __name__ = "racer";
    static async process(_records: Racer[]) {
      runs += 1;
      const [part] = await Part.browse([1]);
      if (runs === 1) tq.sql("UPDATE part SET name = 'changed' WHERE id = 1");
      if (part) part.name += "!";
      await part?.save();
    }
  }
  const [id = 0] = await Racer.__queue__.process([1]);
  expect(await tq.runTask(id)).toMatchObject({ state: "finished", attempts: 1 });
  expect(runs).toBe(2);
  expect(tq.sql("SELECT name FROM part")).toEqual([{ name: "changed!" }]);
});

test("a push that nobody awaits and that fails makes its task fail, with nothing kept", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  class Careless extends Model {
    declare static readonly __queue__: Queue<typeof Careless>;
    static override readonly __name__ = "careless";
    static async process(_records: Careless[]) {
      await Part.create([{ name: "half" }]);
      void Part.__queue__.list([1], Number.NaN);
    }
  }
  const [id = 0] = await Careless.__queue__.process([1]);
  expect(await tq.runTask(id)).toMatchObject({
    state: "failed",
    reason: "TqError: args[0]: NaN is not JSON",
  });
  expect(tq.sql("SELECT count(*) AS n FROM part")).toEqual([{ n: 1 }]);
});

test("the higher priority runs first, then the earlier deadline, then the earlier push", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  const push = (name: string, context: Record<string, unknown> = {}) =>
    Transaction.start({ context }, () => Part.__queue__.list([1], name));
  await push("plain");
  await push("generous", { queue_expected_at: "PT1H" });
  await push("was due", { queue_scheduled_at: "-PT1H" });
  await push("later plain");
  await push("late", { queue_expected_at: "-PT2H" });
  await push("urgent", { queue_priority: 1, queue_expected_at: "P1D" });
  await push("can wait", { queue_priority: -1, queue_expected_at: "-P1D" });
  await push("not due", { queue_scheduled_at: "PT1S", queue_priority: 9 });
  await tq.runAll();
  expect(seen.map((args) => (args as unknown[])[1])).toEqual(
    "urgent, late, was due, plain, later plain, generous, can wait".split(", "),
  );
  tq.clock.time += 1000;
  await tq.runAll();
  expect(seen.at(-1)).toEqual([[1], "not due"]);
});

test("a method outside any transaction commits and pushes nothing once its task was cancelled", async () => {
  await using tq = makeRuntime();
  const parts = await makeParts(1);
  const [id = 0] = await Part.__queue__.goOn(parts);
  Part.during = () => tq.store.cancel(id);
  expect(await tq.runTask(id)).toMatchObject({ state: "cancelled" });
  expect(seen).toEqual(
    Array.from({ length: 3 }, () =>
      expect.objectContaining({
        code: "conflict",
        message: "Cannot commit: this run lost its claim; its work was discarded",
      }),
    ),
  );
  expect(tq.sql("SELECT name FROM part")).toEqual([{ name: "part 1" }]);
  expect(await tq.tasks()).toHaveLength(1);

  seen.length = 0;
  Part.during = () => Promise.resolve();
  const [again = 0] = await Part.__queue__.goOn(parts);
  expect(await tq.runTask(again)).toMatchObject({ state: "finished" });
  expect(seen).toEqual([]);
  expect(tq.sql("SELECT name FROM part")).toHaveLength(3);
  expect(await tq.tasks()).toHaveLength(3);
});

test("a method outside any transaction ends with the transactions that it has started", async () => {
  await using tq = makeRuntime();
  const parts = await makeParts(1);
  const start = (fn: () => Promise<unknown>) => {
    Part.during = () => {
      void Transaction.start({}, async () => {
        await nextTurn();
        await fn();
      });
      return Promise.resolve();
    };
    return Part.__queue__.goOn(parts);
  };
  const [id = 0] = await start(() => Part.create([{ name: "beside" }]));
  expect(await tq.runTask(id)).toMatchObject({ state: "finished" });
  expect(tq.sql("SELECT name FROM part WHERE name = 'beside'")).toHaveLength(1);
  const [failing = 0] = await start(() => Promise.reject(new Error("nobody looks")));
  expect(await tq.runTask(failing)).toMatchObject({
    state: "failed",
    reason: "Error: nobody looks",
  });
});

test("a method outside any transaction that fails does not wait for the transactions that it has started", async () => {
  await using tq = makeRuntime();
  const [id = 0] = await Part.__queue__.goOn(await makeParts(1));
  const never = Promise.withResolvers<void>();
  const started: Promise<unknown>[] = [];
  Part.during = () => {
    started.push(Transaction.start({}, () => never.promise));
    return Promise.reject(new Error("no"));
  };
  expect(await tq.runTask(id)).toMatchObject({ state: "failed", reason: "Error: no" });
  never.resolve();
  await Promise.all(started);
});

test("a method outside any transaction that meets a busy database is tried again later, not at once", async () => {
  await using tq = makeRuntime();
  const [id = 0] = await Part.__queue__.goOn(await makeParts(1));
  let runs = 0;
  Part.during = () => {
    runs += 1;
    return Promise.reject(new TqError("busy", "Cannot write: somebody else does"));
  };
  expect(await tq.runTask(id)).toMatchObject({ state: "scheduled", attempts: 1 });
  expect(runs).toBe(1);
});

test("code that goes on after its task is in none", async () => {
  await using tq = makeRuntime();
  const after = Promise.withResolvers<unknown>();
  const going = Promise.withResolvers<void>();
  Part.during = () => {
    void going.promise.then(() => after.resolve(currentTask()));
    return Promise.resolve(seen.push(currentTask()?.method));
  };
  const [id = 0] = await Part.__queue__.goOn(await makeParts(1));
  await tq.runTask(id);
  going.resolve();
  expect(seen[0]).toBe("goOn");
  expect(await after.promise).toBeUndefined();
});
