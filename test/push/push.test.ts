/** `Model.__queue__.method(instances, ...args)`: Tryton's push. */
import { expect, test } from "bun:test";
import { Decimal, Model, ModelSQL, Transaction, type Queue, v } from "../../src/index.ts";
import { errorOf, makeRuntime, NOW, sentenceOf } from "../model/support.ts";

class Base extends Model {
  static async inherited(_records: unknown[]) {}
  async inheritedToo() {}
}

class Sale extends Base {
  declare static readonly __queue__: Queue<typeof Sale>;
  static override readonly __name__ = "sale";
  static readonly Line = class {};
  static readonly label = "Sale";
  static async process(_records: Sale[] | Sale, ..._args: unknown[]) {}
  static helper = async (_records: Sale[]) => {};
  async confirm(_note?: string) {}
  get total() {
    return () => 1;
  }
}

class Stored extends ModelSQL("stored", { name: v.optional(v.string()) }) {
  static async process(_records: Stored[]) {}
}

class Other extends ModelSQL("other", {}) {
  static async process(_records: Other[]) {}
}

class Special extends Stored {
  static override readonly __name__ = "stored.special";
}

/** As code without types pushes. */
const queue = Sale.__queue__ as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;

const call = (name: string, ...args: unknown[]) => queue[name]?.(...args);

const inContext = <T>(context: Record<string, unknown>, fn: () => Promise<T> | T) =>
  Transaction.start({ context }, fn);

const ids = (count: number) => Array.from({ length: count }, (_, index) => index + 1);

test("stores the call: model, method, user, context, instances and arguments", async () => {
  await using tq = makeRuntime();
  const id = await Transaction.start({ user: 5, context: { company: 2 } }, () =>
    Sale.__queue__.process([3, 1], "a", { b: [null] }),
  );
  expect(id).toEqual([1]);
  expect(await tq.getTask(1)).toMatchObject({
    state: "ready",
    queue: "default",
    priority: 0,
    model: "sale",
    method: "process",
    user: 5,
    context: { company: 2 },
    instances: [3, 1],
    args: ["a", { b: [null] }],
    scheduled_at: null,
    expected_at: null,
    enqueued_at: NOW,
    ref: null,
  });
});

test("the user may be another for a part of a transaction", async () => {
  await using tq = makeRuntime();
  await Transaction.start({ user: 1 }, async () => {
    await Transaction.current.setUser(2, () => Sale.__queue__.process([1]));
    await Sale.__queue__.process([1]);
  });
  expect((await tq.tasks()).map(({ user }) => user)).toEqual([2, 1]);
});

test("keys that steer the push are taken out of the stored context, and some that Tryton drops", async () => {
  await using tq = makeRuntime();
  const context = {
    queue_name: "mail",
    queue_scheduled_at: "PT1H",
    queue_expected_at: "PT2H",
    queue_batch: 10,
    queue_priority: 4,
    _check_access: true,
    language: "de",
    company: 1,
    _other: true,
  };
  const before = structuredClone(context);
  await inContext(context, async () => {
    await Sale.__queue__.process([1]);
    expect(Transaction.current.context).toEqual(before);
  });
  expect(context).toEqual(before);
  expect(await tq.getTask(1)).toMatchObject({
    queue: "mail",
    priority: 4,
    state: "scheduled",
    scheduled_at: NOW + 3_600_000,
    expected_at: NOW + 7_200_000,
    context: { company: 1, _other: true },
  });
});

test("keys that are null steer nothing", async () => {
  await using tq = makeRuntime();
  const keys = ["name", "scheduled_at", "expected_at", "batch", "priority"];
  const context = Object.fromEntries(keys.map((key) => [`queue_${key}`, null]));
  await inContext(context, () => Sale.__queue__.process([1]));
  expect(await tq.getTask(1)).toMatchObject({ queue: "default", state: "ready", context: {} });
});

test.each([
  [
    { queue_nam: "x" },
    'queue_nam: it is not one of queue_name, queue_priority, queue_scheduled_at, queue_expected_at, queue_batch; did you mean "queue_name"?',
  ],
  [{ queue_name: "" }, 'Cannot push: queue_name cannot be "": it must be the name of a queue'],
  [
    { queue_name: "\udc00" },
    "it must be the name of a queue, as text of 1 to 1000 characters, without NUL and without half a surrogate pair",
  ],
  [{ queue_name: 7 }, "Cannot push: queue_name cannot be 7: it must be the name of a queue"],
  [{ queue_priority: 1.5 }, "Cannot push: queue_priority cannot be 1.5: it must be a whole number"],
  [{ queue_priority: "1" }, 'Cannot push: queue_priority cannot be "1": it must be a whole number'],
  [{ queue_scheduled_at: 5 }, "Cannot push: queue_scheduled_at: 5 has no unit; say the unit"],
  [{ queue_expected_at: 5 }, "Cannot push: queue_expected_at: 5 has no unit; say the unit"],
  [{ queue_scheduled_at: new Date(0) }, "queue_scheduled_at: a Date is not a length of time"],
  [{ queue_scheduled_at: "5m" }, "is not an ISO 8601 duration"],
  [{ queue_scheduled_at: { months: 1 } }, "months have no fixed length"],
  [{ queue_scheduled_at: {} }, "no unit is given"],
  [
    { queue_batch: "x" },
    'Cannot push: queue_batch cannot be "x": it must be a whole number from 1 up, or true for the setting queue.batch_size',
  ],
  [{ queue_batch: 0 }, "Cannot push: queue_batch cannot be 0: it must be a whole number from 1 up"],
  [
    { queue_batch: -1 },
    "Cannot push: queue_batch cannot be -1: it must be a whole number from 1 up",
  ],
  [
    { queue_batch: 2.5 },
    "Cannot push: queue_batch cannot be 2.5: it must be a whole number from 1 up",
  ],
  [
    { queue_batch: "0" },
    'Cannot push: queue_batch cannot be "0": it must be a whole number from 1 up',
  ],
  [
    { queue_batch: {} },
    "Cannot push: queue_batch cannot be {}: it must be a whole number from 1 up",
  ],
  [{ lines: new Map() }, "context.lines: a Map is not JSON"],
])("a wrong context is refused with a sentence: %j", async (context, sentence) => {
  for (const worker of [true, false]) {
    await using tq = makeRuntime({ worker });
    expect(await sentenceOf(() => inContext(context, () => Sale.__queue__.process([1])))).toContain(
      sentence,
    );
    expect(await tq.tasks()).toEqual([]);
  }
});

test.each<[string, unknown, number]>([
  ["a Temporal.Duration", Temporal.Duration.from({ minutes: 5 }), 300_000],
  ["an object", { minutes: 5, seconds: 1 }, 301_000],
  ["ISO 8601 text", "PT5M", 300_000],
  ["a negative length", { minutes: -5 }, -300_000],
])("schedule and deadline take %s", async (_what, length, milliseconds) => {
  await using tq = makeRuntime();
  await inContext({ queue_scheduled_at: length, queue_expected_at: length }, () =>
    Sale.__queue__.process([1]),
  );
  const task = await tq.getTask(1);
  expect(task.scheduled_at).toBe(NOW + milliseconds);
  expect(task.expected_at).toBe(NOW + milliseconds);
  expect(task.state).toBe(milliseconds > 0 ? "scheduled" : "ready");
});

test("all tasks of a push have one now", async () => {
  await using tq = makeRuntime();
  await inContext({ queue_scheduled_at: "PT1S", queue_batch: 1 }, () =>
    Sale.__queue__.process(ids(3)),
  );
  expect(new Set((await tq.tasks()).map((task) => task.scheduled_at)).size).toBe(1);
});

test.each<[unknown, number[]]>([
  [20, [20, 20, 5]],
  [true, [20, 20, 5]],
  ["20", [20, 20, 5]],
  [45, [45]],
  [1000, [45]],
  [false, [45]],
])("45 records with queue_batch %p make tasks of %j", async (batch, sizes) => {
  await using tq = makeRuntime();
  const pushed = await inContext({ queue_batch: batch }, () => Sale.__queue__.process(ids(45)));
  expect(pushed).toEqual(ids(sizes.length));
  const tasks = await tq.tasks();
  expect(tasks.map(({ instances }) => (instances as number[]).length)).toEqual(sizes);
  expect(tasks.flatMap(({ instances }) => instances)).toEqual(ids(45));
});

test("true stands for the setting queue.batch_size", async () => {
  await using tq = makeRuntime({ settings: { queue: { batch_size: 30 } } });
  await inContext({ queue_batch: true }, () => Sale.__queue__.process(ids(45)));
  expect((await tq.tasks()).map(({ instances }) => (instances as number[]).length)).toEqual([
    30, 15,
  ]);
});

test("a batch of one makes a task a record, each with its list", async () => {
  await using tq = makeRuntime();
  await inContext({ queue_batch: 1 }, () => Sale.__queue__.process([7, 8]));
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([[7], [8]]);
});

test("queue_batch says nothing of a single instance, nor where there is no worker", async () => {
  {
    await using tq = makeRuntime();
    expect(await inContext({ queue_batch: 1 }, () => Sale.__queue__.process(7))).toBe(1);
    expect((await tq.getTask(1)).instances).toBe(7);
  }
  await using tq = makeRuntime({ worker: false });
  expect(await inContext({ queue_batch: 20 }, () => Sale.__queue__.process(ids(45)))).toEqual([1]);
  expect(await tq.tasks()).toHaveLength(1);
});

test("a list gives a list of ids, one instance an id, an empty list nothing at all", async () => {
  await using tq = makeRuntime();
  expect(await Sale.__queue__.process([1])).toEqual([1]);
  expect(await Sale.__queue__.process(1)).toBe(2);
  expect(await Sale.__queue__.process([])).toEqual([]);
  expect(await inContext({ queue_batch: 5 }, () => Sale.__queue__.process([]))).toEqual([]);
  expect(await tq.tasks()).toHaveLength(2);
});

test("instances are records or ids, in any iterable; order and duplicates are kept", async () => {
  await using tq = makeRuntime();
  const [one, two] = [new Sale(1), new Sale(2)];
  function* generate() {
    yield 5;
    yield new Sale(4);
  }
  for (const instances of [
    [two, one, two, 3, 3],
    new Set([two, one]),
    generate(),
    new Map([[1, one]]).values(),
    Uint8Array.of(1, 2),
  ]) {
    await call("process", instances);
  }
  await call("process", two);
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([
    [2, 1, 2, 3, 3],
    [2, 1],
    [5, 4],
    [1],
    [1, 2],
    2,
  ]);
});

test.each<[unknown, string]>([
  [
    "12",
    'Cannot push sale.process: "12" is not an instance; give a record, an id, or a list of them',
  ],
  [["1"], 'Cannot push sale.process, instances[0]: "1" is not an instance'],
  [1.5, "1.5 is not an id; ids are integers"],
  [Number.NaN, "NaN is not an id"],
  [2 ** 53, "is not an id"],
  [null, "null is not an instance"],
  [undefined, "undefined is not an instance"],
  [true, "true is not an instance"],
  [7n, "7n is not an instance"],
  [{}, "{} is not an instance"],
  [new Map([[1, 2]]), "instances[0]: [ 1, 2 ] is not an instance"],
  [[1, null], "instances[1]: null is not an instance"],
  [{ id: "3" }, 'the id of the record is "3", a string; ids are integers'],
  [[{ id: 7n }], "instances[0]: the id of the record is 7n, a bigint; ids are integers"],
  [{ id: 1.5 }, "the id of the record is 1.5, a number; ids are integers"],
  [{ id: null }, "the record is not saved and has no id; save it first"],
  [new Sale(), "the record is not saved and has no id; save it first"],
  [[new Sale(3), new Sale()], "instances[1]: the record is not saved and has no id; save it first"],
])("these instances are refused: %#", async (instances, sentence) => {
  await using tq = makeRuntime();
  const error = await errorOf(() => call("process", instances));
  expect(error.message).toContain(sentence);
  expect(error.code).toBe("invalid");
  expect(await tq.tasks()).toEqual([]);
});

test("a record of another model is refused: its id means something else", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    const [stored] = await Stored.create([{}]);
    const [other] = await Other.create([{}]);
    const [special] = await Special.browse([1]);
    const process = Stored.__queue__["process"];
    expect(await sentenceOf(() => process?.([stored, other]))).toBe(
      "Cannot push stored.process, instances[1]: the record is of the model other; give its own records",
    );
    await process?.([special]);
  });
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([[1]]);
});

test("an unsaved record of a table says so", async () => {
  await using _tq = makeRuntime();
  expect(await sentenceOf(() => Stored.__queue__["process"]?.(new Stored()))).toBe(
    "Cannot push stored.process: the record is not saved and has no id; save it first",
  );
});

test("the method's name may be computed, and methods of the user's base classes count", async () => {
  await using tq = makeRuntime();
  for (const name of ["process", "confirm", "inherited", "inheritedToo", "helper"]) {
    await Sale.__queue__[name as "process"]([1]);
  }
  expect((await tq.tasks()).map(({ method }) => method)).toEqual([
    "process",
    "confirm",
    "inherited",
    "inheritedToo",
    "helper",
  ]);
});

test("a method that does not exist is refused at the push, with the near one", async () => {
  await using tq = makeRuntime();
  const error = await errorOf(() => call("proces", [1]));
  expect(error.message).toBe(
    'Cannot push sale.proces: the model sale has no method "proces"; did you mean "process"?',
  );
  expect(error.code).toBe("not_found");
  expect(await tq.tasks()).toEqual([]);
});

test("a method that was taken away or replaced meanwhile is looked for again", async () => {
  await using tq = makeRuntime();
  class Base extends Model {
    static override readonly __name__ = "changing";
    static go() {}
  }
  class Changing extends Base {
    static override go() {}
    stop() {}
  }
  const push = (name: string) => Changing.__queue__[name]?.([1]);
  await push("go");
  await push("stop");
  Reflect.deleteProperty(Changing.prototype, "stop");
  expect(await sentenceOf(() => push("stop"))).toContain('has no method "stop"');
  Reflect.deleteProperty(Changing, "go");
  await push("go"); // that of the base
  Object.assign(Changing, { go: 7 });
  await push("go"); // what is no method hides none
  Reflect.deleteProperty(Base, "go");
  expect(await sentenceOf(() => push("go"))).toContain('has no method "go"');
  Object.assign(Changing, { go() {} });
  await push("go");
  expect((await tq.tasks()).map(({ method }) => method)).toEqual(["go", "stop", "go", "go", "go"]);
});

test("a method that no text can name is none", async () => {
  await using tq = makeRuntime();
  class Odd extends Model {
    static override readonly __name__ = "odd";
    static "\ud800"() {}
  }
  expect(await sentenceOf(() => Odd.__queue__["\ud800"]?.([1]))).toContain(
    'the model odd has no method "\\ud800"',
  );
  expect(await tq.tasks()).toEqual([]);
});

test.each(
  `constructor __proto__ prototype toString hasOwnProperty valueOf
   browse search create save delete lock __queue__ __name__
   id total label Line name length call $$typeof`.split(/\s+/),
)("%p is no method of a model", async (name) => {
  await using tq = makeRuntime();
  for (const model of [Sale, Stored]) {
    const push = (model.__queue__ as Record<string, (ids: unknown) => unknown>)[name];
    const error = await errorOf(() => push?.([1]));
    expect(error.message).toContain(`has no method ${JSON.stringify(name)}`);
  }
  expect(await tq.tasks()).toEqual([]);
});

test("a method that is added after a push of it was refused is found", async () => {
  await using tq = makeRuntime();
  class Late extends Model {
    static override readonly __name__ = "late";
  }
  const push = () => (Late.__queue__ as Record<string, (ids: unknown) => unknown>)["come"]?.(1);
  expect((await errorOf(push)).code).toBe("not_found");
  Object.assign(Late, { come() {} });
  expect(await push()).toBe(1);
  expect(await push()).toBe(2);
  expect(await tq.tasks()).toHaveLength(2);
});

test("a class has one queue, and a class that extends it another", async () => {
  await using tq = makeRuntime();
  expect(Stored.__queue__).toBe(Stored.__queue__);
  expect(Special.__queue__).not.toBe(Stored.__queue__);
  const pushProcess = async (model: typeof Stored) =>
    (model.__queue__ as Record<string, (ids: unknown) => unknown>)["process"]?.(1);
  for (const model of [Stored, Special, Stored]) await pushProcess(model);
  const models = (await tq.tasks()).map(({ model }) => model);
  expect(models).toEqual(["stored", "stored.special", "stored"]);
});

test("a queue is no promise and writes no task when it is looked at", async () => {
  await using tq = makeRuntime();
  expect("then" in queue).toBe(false);
  expect(queue["then"]).toBeUndefined();
  expect(await Promise.resolve(queue)).toBe(queue);
  expect(JSON.stringify({ queue })).toBe('{"queue":{}}');
  expect(Bun.inspect(queue)).toBeString();
  expect(await tq.tasks()).toEqual([]);
});

test("a model without a name says so", async () => {
  await using _tq = makeRuntime();
  class Nameless extends Model {
    static async process() {}
  }
  expect(await sentenceOf(() => Nameless.__queue__["process"]?.([1]))).toContain(
    "a name has lower-case letters",
  );
});

test("arguments travel as JSON with Tryton's tags", async () => {
  await using tq = makeRuntime();
  const date = Temporal.PlainDate.from("2024-02-29");
  await call("process", [1], date, new Decimal("1.50"), Uint8Array.of(0, 255), 2n ** 70n);
  const [row] = tq.sql<{ args: string }>("SELECT args FROM tq_tasks");
  expect(row?.args).toBe(
    '[{"__class__":"date","day":29,"month":2,"year":2024},{"__class__":"Decimal","decimal":"1.50"},' +
      '{"__class__":"bytes","base64":"AP8=\\n"},{"__class__":"bigint","bigint":"1180591620717411303424"}]',
  );
});

test("trailing undefined is as good as not given; elsewhere it is refused with its path", async () => {
  await using tq = makeRuntime();
  await Sale.__queue__.process([1], "a", undefined, undefined);
  await Sale.__queue__.process([1], undefined);
  expect((await tq.tasks()).map(({ args }) => args)).toEqual([["a"], []]);
  expect(await sentenceOf(() => call("process", [1], undefined, "a"))).toBe(
    "args[0]: undefined is not JSON; give null",
  );
  expect(await sentenceOf(() => call("process", [1], [undefined]))).toBe(
    "args[0][0]: undefined is not JSON; give null",
  );
});

test.each<[string, unknown, string]>([
  ["a function", () => 1, "args[0]: a function is not JSON"],
  ["a symbol", Symbol("x"), "args[0]: a symbol is not JSON"],
  ["a Map", new Map(), "args[0]: a Map is not JSON; give a plain object, an array or an id"],
  ["a Set", { seen: new Set() }, "args[0].seen: a Set is not JSON"],
  ["a record", new Sale(1), "args[0]: a Sale is not JSON; give a plain object, an array or an id"],
  [
    "NaN in depth",
    { lines: [0, { price: Number.NaN }] },
    "args[0].lines[1].price: NaN is not JSON",
  ],
  ["Infinity", -Infinity, "args[0]: -Infinity is not JSON"],
  ["a lone surrogate", "\ud800", "args[0]: a text with half a surrogate pair is not JSON"],
  ["a promise", Promise.resolve(1), "args[0]: a Promise is not JSON; await it first"],
])("%s is refused at the push, with its path", async (_what, value, sentence) => {
  await using tq = makeRuntime();
  expect(await sentenceOf(() => call("process", [1], value))).toContain(sentence);
  expect(await tq.tasks()).toEqual([]);
});

test("a cycle is refused, not followed", async () => {
  await using _tq = makeRuntime();
  const cycle: Record<string, unknown> = {};
  cycle["self"] = cycle;
  expect(await sentenceOf(() => call("process", [1], cycle))).toBe(
    "args[0].self: a value that contains itself is not JSON",
  );
});

test("the arguments are taken as they are at the push, also when nobody awaits it", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, () => {
    const list = [1];
    void Sale.__queue__.process([1], list);
    list.push(2);
  });
  expect((await tq.getTask(1)).args).toEqual([[1]]);
});

test("tasks are woken for after the commit, never seen before", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    await Sale.__queue__.process([1]);
    expect(await tq.tasks()).toEqual([]);
  });
  expect(await tq.tasks()).toHaveLength(1);
});
