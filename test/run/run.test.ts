/** How a task is run: Tryton's rules for user, context, records and results. */
import { afterEach, expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { levelOf } from "../../src/log/events.ts";
import { makeRuntime } from "../model/support.ts";
import { makeParts, Part, seen } from "./part.ts";

afterEach(() => void (seen.length = 0));

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
      task: {
        id,
        attempt: 1,
        model: "part",
        method: "where",
        queue: "mail",
        user: 9,
        context: { company: 3, _skip_warnings: true, _check_access: false },
      },
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

const noneOf = (count: number) =>
  `${count === 1 ? "its record does not exist" : `none of its ${count} records exists`}; the method was not called`;

test("a task none of whose records exists is finished, and says that its method was not called", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  await Part.__queue__.list([7, 8]);
  await Part.__queue__.one(7);
  await Part.__queue__.use([7]);
  await Part.__queue__.list([1]);
  const ended = await tq.runAll();
  expect(seen).toEqual([[[1]]]);
  const reasons = [noneOf(2), noneOf(1), noneOf(1), null];
  expect(ended.map(({ state, reason }) => [state, reason])).toEqual(
    reasons.map((reason) => ["finished", reason]),
  );
  expect(tq.eventsOf("task.finished").map((event) => [levelOf(event), event.reason])).toEqual(
    reasons.map((reason) => [reason === null ? "info" : "warn", reason]),
  );
});

test("in a batch too a task none of whose records exists says so; a retry by hand forgets it", async () => {
  await using tq = makeRuntime({ settings: { log: { level: "warn" } } });
  await makeParts(2);
  const ids: number[] = [];
  for (const record of [1, 7, 2, 8]) ids.push(...(await Part.__queue__.any([record])));
  const ended = await tq.runBatch(ids);
  expect(ended.map(({ reason }) => reason)).toEqual([null, noneOf(1), null, noneOf(1)]);
  expect(tq.eventsOf("task.finished").map(({ task }) => task)).toEqual([2, 4]);
  await tq.store.retry(2);
  expect(await tq.getTask(2)).toMatchObject({ state: "ready", reason: null });
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
    null,
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
  expect(tq.sql("SELECT id, used FROM part ORDER BY id")).toEqual([
    { id: 1, used: 1 },
    { id: 2, used: null },
  ]);
  expect(await tq.tasks()).toHaveLength(2);
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
