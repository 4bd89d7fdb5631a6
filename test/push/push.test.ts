/** `Model.__queue__.method(instances, ...args)`: Tryton's push. */
import { expect, test } from "bun:test";
import { Decimal, Transaction } from "../../src/index.ts";
import { makeRuntime, NOW, sentenceOf } from "../model/support.ts";
import { call, Sale } from "./sale.ts";

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

test("arguments travel as JSON with Tryton's tags", async () => {
  await using tq = makeRuntime();
  const date = Temporal.PlainDate.from("2024-02-29");
  await call("process", [1], date, new Decimal("1.50"), Uint8Array.of(0, 255), 2n ** 70n);
  const [row] = tq.sql<{ args: string }>("SELECT args FROM tq_tasks");
  expect(row?.args).toBe(
    '[{"__class__":"date","day":29,"month":2,"year":2024},{"__class__":"Decimal","decimal":"1.50"},' +
      '{"__class__":"bytes","base64":"AP8=\\n"},1180591620717411303424]',
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
  ["a record", new Sale(1), "args[0]: a record of sale is not JSON; give its id"],
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
