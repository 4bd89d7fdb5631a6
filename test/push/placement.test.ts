/** The context of a push: the keys that say when, where and in how many tasks, and what is refused. */
import { expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { makeRuntime, NOW, sentenceOf } from "../model/support.ts";
import { ids, inContext, Sale } from "./sale.ts";

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
    'queue_nam: it is not one of queue_name, queue_priority, queue_scheduled_at, queue_expected_at, queue_expires_at, queue_attempts, queue_backoff, queue_timeout, queue_batch; did you mean "queue_name"?',
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
  [{ queue_scheduled_at: new Date(Number.NaN) }, "queue_scheduled_at: the Date is not a valid one"],
  [{ queue_scheduled_at: "5 min" }, '"5 min" is not a length of time; write it like 5m'],
  [{ queue_scheduled_at: "20:00" }, "a point in time is written like 2026-12-01T20:00"],
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
