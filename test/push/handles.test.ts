/** `Model.__queue__.method.with(options)(records)`: options of one push, and handles of its tasks. */
import { expect, test } from "bun:test";
import { Model, TqError, Transaction } from "../../src/index.ts";
import { TaskHandle } from "../../src/tasks/handle.ts";
import { errorOf, makeRuntime, NOW, sentenceOf } from "../model/support.ts";
import { ids, inContext, Sale, Stored } from "./sale.ts";

test("the options of with() place the task, and win over the keys of the context", async () => {
  await using tq = makeRuntime();
  const context = {
    queue_name: "mail",
    queue_priority: 4,
    queue_scheduled_at: "1h",
    queue_attempts: 7,
    company: 1,
  };
  const handle = await inContext(context, () =>
    Sale.__queue__.process.with({
      queue: "print",
      scheduledAt: null,
      attempts: null,
      expectedAt: "5m",
      backoff: "10s",
      ref: "order-7",
    })(3, "a"),
  );
  expect(handle).toBeInstanceOf(TaskHandle);
  expect(await handle.get()).toMatchObject({
    id: handle.id,
    queue: "print",
    priority: 4,
    state: "ready",
    scheduled_at: null,
    expected_at: NOW + 300_000,
    policy: { backoff: ["10000ms"] },
    ref: "order-7",
    instances: 3,
    args: ["a"],
    context: { company: 1 },
  });
  await Sale.__queue__.process(4); // a push without options is as before
  expect(await tq.getTask(2)).toMatchObject({ queue: "default", ref: null, policy: null });
});

test("one record gives a handle, a list one for each task", async () => {
  await using tq = makeRuntime();
  const one = await Sale.__queue__.confirm.with({})(7);
  expect(one.id).toBe(1);
  const many = await Sale.__queue__.process.with({ batch: 2 })(ids(5));
  expect(many.map(({ id }) => id)).toEqual([2, 3, 4]);
  const none = await Sale.__queue__.process.with({ batch: 2 })([]);
  expect(none).toEqual([]);
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([7, [1, 2], [3, 4], [5]]);
});

test("a handle shows, cancels, retries and follows its task", async () => {
  await using tq = makeRuntime();
  const handle = await Sale.__queue__.confirm.with({})(7);
  expect((await handle.cancel("no")).reason).toBe("no");
  expect((await handle.retry()).state).toBe("ready");
  await tq.runTask(handle.id);
  expect(await handle.result()).toBeUndefined();
  expect((await Array.fromAsync(handle.watch())).map(({ state }) => state)).toEqual(["finished"]);
  expect(await handle.attempts()).toMatchObject([{ outcome: "finished" }]);
  expect(await handle.errors()).toEqual([]);
});

test("a handle of a transaction has a task once that has committed", async () => {
  await using _tq = makeRuntime();
  const handle = await Transaction.start({}, async () => {
    const made = await Stored.__queue__["process"]?.with({ queue: "mail" })([1]);
    const [first] = [made ?? []].flat();
    expect(await first?.get()).toBeNull();
    return first;
  });
  expect(await handle?.get()).toMatchObject({ queue: "mail" });
});

test("a handle stays with the database to which its task was pushed", async () => {
  await using _tq = makeRuntime();
  const handle = await Sale.__queue__.confirm.with({ ref: "mine" })(7);
  await using other = makeRuntime();
  await Sale.__queue__.confirm.with({ ref: "theirs" })(7);
  expect((await handle.get())?.ref).toBe("mine");
  await Transaction.start({}, () => handle.cancel());
  expect((await handle.get())?.state).toBe("cancelled");
  expect((await other.getTask(1)).state).toBe("ready");
});

test.each([
  [{ queu: "mail" }, 'queu is not an option of with(); did you mean "queue"?'],
  [{ user: 1 }, "user is not an option of with(); give it to Transaction.start"],
  [{ attempts: 0 }, "attempts cannot be 0"],
  [{ scheduledAt: 5 }, "scheduledAt: 5 has no unit"],
  [{ scheduledAt: "2h", expiresAt: "1h" }, "the task would expire before it may start"],
  ["mail", '"mail" is no object of options, such as { attempts: 3 }'],
  [null, "null is no object of options"],
  [[], "[] is no object of options"],
])("the options %p are refused, and nothing is pushed", async (options, sentence) => {
  await using tq = makeRuntime();
  const error = await errorOf(() => Sale.__queue__.process.with(options as object)([1]));
  expect(error.message).toContain(`Cannot push: ${sentence}`);
  expect(error).toBeInstanceOf(TqError);
  expect(await tq.tasks()).toEqual([]);
});

test("a ref that a list would share, or that another task has, is refused", async () => {
  await using _tq = makeRuntime();
  const push = Sale.__queue__.process.with({ ref: "order-7", batch: 1 });
  expect(await sentenceOf(() => push(ids(2)))).toContain("a ref names one task, and these are 2");
  await push([1]);
  expect((await errorOf(() => push([2]))).code).toBe("conflict");
});

test("a method named with is pushed like any other", async () => {
  await using tq = makeRuntime();
  class Odd extends Model {
    static override readonly __name__ = "odd";
    static async with(_records: Odd[]) {}
  }
  await Odd.__queue__["with"]?.with({ queue: "mail" })([1]);
  expect(await tq.getTask(1)).toMatchObject({ method: "with", queue: "mail" });
});
