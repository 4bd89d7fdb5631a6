/** `push` and `pushMany`: for a model that another process has. */
import { expect, test } from "bun:test";
import { push, pushMany, Transaction } from "../../src/index.ts";
import type { PushOptions } from "../../src/index.ts";
import { errorOf, makeRuntime, NOW, sentenceOf } from "../model/support.ts";

const CALL = { model: "far.away", method: "process", instances: [1] };

test("stores a call of a model that nobody here has", async () => {
  await using tq = makeRuntime();
  const ids = await push({
    ...CALL,
    args: [1, { a: Temporal.PlainDate.from("2024-02-29") }, undefined],
    user: 4,
    context: { company: 1, language: "de" },
    queue: "mail",
    priority: -2,
    scheduledAt: "PT1M",
    expectedAt: { hours: 1 },
    ref: "invoice-7",
  });
  expect(ids).toEqual([1]);
  expect(await tq.getTask(1)).toMatchObject({
    model: "far.away",
    method: "process",
    instances: [1],
    args: [1, { a: { __class__: "date" } }],
    user: 4,
    context: { company: 1 },
    queue: "mail",
    priority: -2,
    scheduled_at: NOW + 60_000,
    expected_at: NOW + 3_600_000,
    ref: "invoice-7",
  });
});

test("user and context are the transaction's unless they are given", async () => {
  await using tq = makeRuntime();
  await Transaction.start({ user: 3, context: { a: 1, queue_name: "x" } }, async () => {
    await push(CALL);
    await push({ ...CALL, user: 0, context: {} });
  });
  expect(await tq.tasks()).toMatchObject([
    { user: 3, context: { a: 1 }, queue: "default" },
    { user: 0, context: {}, queue: "default" },
  ]);
});

test("one instance is one task; a list is divided where a batch is given", async () => {
  await using tq = makeRuntime();
  expect(await push({ ...CALL, instances: 7, batch: 1 })).toEqual([1]);
  expect(await push({ ...CALL, instances: [1, 2, 3], batch: 2 })).toEqual([2, 3]);
  expect(await push({ ...CALL, instances: [1, 2, 3], batch: true })).toEqual([4]);
  expect(await push({ ...CALL, instances: [] })).toEqual([]);
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([7, [1, 2], [3], [1, 2, 3]]);
});

test("many are one transaction: all or nothing", async () => {
  await using tq = makeRuntime();
  expect(await pushMany([CALL, { ...CALL, instances: 2 }])).toEqual([1, 2]);
  const error = await errorOf(() => pushMany([{ ...CALL, ref: "a" }, CALL, { ...CALL, ref: "a" }]));
  expect(error.message).toBe('Cannot push with ref "a": another task of this push has it');
  expect(error.code).toBe("conflict");
  expect(await sentenceOf(() => pushMany([CALL, { ...CALL, method: "" }]))).toBe(
    'In call [1]: Cannot push: method cannot be "": it must be the name of a method, as text of 1 to 1000 characters',
  );
  for (const [wrong, sentence] of [
    [{ args: [1, [Number.NaN]] }, "In call [1]: args[1][0]: NaN is not JSON"],
    [{ instances: "1" }, 'In call [1]: Cannot push far.away.process: "1" is not an instance'],
    [
      { priority: "x" },
      'In call [1]: Cannot push: priority cannot be "x": it must be a whole number',
    ],
    [{ scheduledAt: 5 }, "In call [1]: Cannot push: scheduledAt: 5 has no unit"],
  ] as const) {
    const list = [CALL, { ...CALL, ...wrong }] as PushOptions[];
    expect(await sentenceOf(() => pushMany(list))).toContain(sentence);
  }
  expect(await tq.tasks()).toHaveLength(2);
  expect(await pushMany([])).toEqual([]);
});

test("a ref that is taken is a conflict, also inside a transaction that goes on", async () => {
  await using tq = makeRuntime();
  await push({ ...CALL, ref: "a" });
  await Transaction.start({}, async () => {
    const error = await errorOf(() => push({ ...CALL, ref: "a" }));
    expect(error.code).toBe("conflict");
    await push({ ...CALL, ref: "b" });
  });
  expect((await tq.tasks()).map(({ ref }) => ref)).toEqual(["a", "b"]);
});

test("pushes that a rolled-back transaction made are gone", async () => {
  await using tq = makeRuntime();
  await errorOf(() =>
    Transaction.start({}, async () => {
      await pushMany([CALL, CALL]);
      throw new Error("no");
    }),
  );
  expect(await tq.tasks()).toEqual([]);
});

test.each<[unknown, string]>([
  [undefined, "Cannot push: undefined is not a call: give { model, method, instances }"],
  [
    { ...CALL, model: "" },
    'Cannot push: model cannot be "": it must be the name of a model, as text of',
  ],
  [
    { ...CALL, method: 7 },
    "Cannot push: method cannot be 7: it must be the name of a method, as text of",
  ],
  [{ ...CALL, methd: "x" }, 'Cannot push: methd is not an option; did you mean "method"?'],
  [{ ...CALL, instances: "1" }, 'Cannot push far.away.process: "1" is not an instance'],
  [{ ...CALL, args: "x" }, "Cannot push: args cannot be text of 1 character; give a list"],
  [{ ...CALL, args: [Number.NaN] }, "args[0]: NaN is not JSON"],
  [
    { ...CALL, user: "1" },
    'Cannot push: user cannot be "1": it must be the id of a user: a whole number from 0 to 9007199254740991',
  ],
  [{ ...CALL, context: [] }, "Cannot use [] as the context"],
  [{ ...CALL, context: { a: Symbol("x") } }, "context.a: a symbol is not JSON"],
  [
    { ...CALL, context: { queue_name: "x" } },
    'Cannot push: context: give the option "queue" of the task instead of the key queue_name',
  ],
  [{ ...CALL, ref: 7 }, "ref cannot be 7: it must be a name that no other task has"],
  [{ ...CALL, ref: "" }, 'ref cannot be ""'],
  [
    { ...CALL, ref: "a\ud800" },
    'ref cannot be "a\\ud800": it must be a name that no other task has, as text of 1 to 1000 characters, without NUL and without half a surrogate pair',
  ],
  [
    { ...CALL, model: "a\ud800" },
    'model cannot be "a\\ud800": it must be the name of a model, as text of 1 to 1000 characters, without NUL and without half a surrogate pair',
  ],
  [
    { ...CALL, method: "\udc00a" },
    'method cannot be "\\udc00a": it must be the name of a method, as text of 1 to 1000 characters, without NUL and without half a surrogate pair',
  ],
  [{ ...CALL, queue: "a\ud800" }, "without NUL and without half a surrogate pair"],
  [{ ...CALL, context: { "a\ud800": 1 } }, "a text with half a surrogate pair is not JSON"],
  [
    { ...CALL, ref: "a", instances: [1, 2], batch: 1 },
    'Cannot push: ref cannot be "a": a ref names one task, and these are 2',
  ],
  [
    { ...CALL, batch: 0 },
    "Cannot push: batch cannot be 0: it must be a whole number from 1 up, or true for",
  ],
  [{ ...CALL, queue: "" }, 'Cannot push: queue cannot be "": it must be the name of a queue'],
  [{ ...CALL, scheduledAt: 5 }, "Cannot push: scheduledAt: 5 has no unit; say the unit"],
])("a bad form is refused with a sentence: %#", async (options, sentence) => {
  await using tq = makeRuntime();
  expect(await sentenceOf(() => push(options as PushOptions))).toContain(sentence);
  expect(
    await sentenceOf(() => Transaction.start({}, () => push(options as PushOptions))),
  ).toContain(sentence);
  expect(await tq.tasks()).toEqual([]);
});

test("what is not a list of calls is refused", async () => {
  await using _tq = makeRuntime();
  expect(await sentenceOf(() => pushMany(CALL as never))).toContain("is not a list of calls");
});

test("a push takes lengths of time and points in time, as every way in does", async () => {
  await using tq = makeRuntime();
  const at = Temporal.Instant.from("2030-12-01T07:00Z");
  const times = [at, new Date(at.epochMilliseconds), "2030-12-01T07:00Z", "2030-12-01T08:00+01:00"];
  for (const scheduledAt of times) await push({ ...CALL, scheduledAt });
  const stored = (await tq.tasks()).map((task) => task.scheduled_at);
  expect(stored).toEqual(times.map(() => at.epochMilliseconds));
  await push({ ...CALL, scheduledAt: "5m" });
  await push({ ...CALL, scheduledAt: "PT5M" });
});
