/** `tasks.result`: what it gives, what it rejects with, and how it waits. */
import { expect, spyOn, test } from "bun:test";
import {
  Cancel,
  Decimal,
  ResultNotKeptError,
  TaskFailedError,
  tasks,
  TimeoutError,
  Transaction,
  UserError,
} from "../../src/index.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { errorOf, makeRuntime, onSqlite, sentenceOf } from "../model/support.ts";
import { Clerk, clerk, fails, pushed, ran } from "./clerk.ts";

const seconds = (count: number) => ({ timeout: { seconds: count } });

test("the value comes back as JSON carries it, with the types that tq adds", async () => {
  await using tq = makeRuntime();
  const value = {
    price: new Decimal("1.20"),
    day: Temporal.PlainDate.from("2024-02-29"),
    big: 2n ** 70n,
    list: [1, null, "ä"],
  };
  expect(await tasks.result(await ran(tq, () => value))).toEqual(value);
  const at = await tasks.result(await ran(tq, () => new Date(5)));
  expect(at).toEqual(Temporal.Instant.fromEpochMilliseconds(5));
});

test("a method that returns nothing gives undefined, and one that returns null gives null", async () => {
  await using tq = makeRuntime();
  expect(await tasks.result(await ran(tq, () => undefined))).toBeUndefined();
  expect(await tasks.result(await ran(tq, () => null))).toBeNull();
});

test("a result waits for the end of a task that has not begun", async () => {
  await using tq = makeRuntime();
  const id = await pushed(() => "done");
  const result = tasks.result(id, seconds(20));
  expect((await tq.runTask(id)).state).toBe("finished");
  expect(await result).toBe("done");
});

test("a result waits through the retries of its task", async () => {
  await using tq = makeRuntime();
  clerk.does = fails(new Error("off"));
  const id = await Clerk.__queue__.patient(1);
  const told: unknown[] = [];
  const result = tasks.result(id, seconds(20)).finally(() => told.push("ended"));
  expect((await tq.runTask(id)).state).toBe("scheduled");
  await tasks.result(await ran(tq)); // a wait that began later has ended
  expect(told).toEqual([]);
  clerk.does = () => "on";
  await tq.runTask(id);
  expect(await result).toBe("on");
});

test("the failure of a task rejects with the task and the error of its last run", async () => {
  await using tq = makeRuntime();
  const error = await errorOf(tasks.result(await ran(tq, fails(new UserError("no paper")))));
  if (!(error instanceof TaskFailedError)) throw error;
  expect(error.name).toBe("TaskFailedError");
  expect(error.message).toBe("Task 1 (clerk.work) failed: UserError: no paper");
  expect(error).toMatchObject({ state: "failed", task: { id: 1, attempts: 1 } });
  expect(error.cause).toMatchObject({ name: "UserError", message: "no paper" });
  expect(error.cause?.stack).toContain("result.test.ts");
});

test("a task that was cancelled rejects with the reason, and without an error of a run", async () => {
  await using tq = makeRuntime();
  const id = await pushed();
  const result = errorOf(tasks.result(id, seconds(20)));
  await tasks.cancel(id, "the shop is closed");
  const error = await result;
  expect(error).toBeInstanceOf(TaskFailedError);
  expect(error.message).toBe("Task 1 (clerk.work) was cancelled: the shop is closed");
  expect(error).toHaveProperty("state", "cancelled");
  expect(error.cause).toBeUndefined();
  const own = await ran(tq, fails(new Cancel("the sale is gone")));
  expect(await sentenceOf(() => tasks.result(own))).toBe(
    "Task 2 (clerk.work) was cancelled: the sale is gone",
  );
});

test("a task that a user retries while its failure is read is waited for again", async () => {
  await using tq = makeRuntime({ late: false });
  const id = await ran(tq, fails(new Error("off")));
  clerk.does = () => "on";
  const flush = spyOn(tq.store, "flush").mockImplementationOnce(async () => {
    await tq.store.retry(id);
    await tq.runTask(id);
  });
  expect(await tasks.result(id)).toBe("on");
  flush.mockRestore();
});

test("an end is told once it is on disk", async () => {
  await using tq = makeRuntime({ late: false });
  const id = await ran(tq, () => "done");
  const disk = Promise.withResolvers<void>();
  const flush = spyOn(tq.store, "flush").mockImplementation(() => disk.promise);
  const told: unknown[] = [];
  const tell = (value: unknown) => told.push(value);
  const looks = [
    tasks.result(id),
    tasks.get(id),
    tasks.list(),
    tasks.attempts(id),
    tasks.watch(id).next(),
  ].map((look) => look.then(tell));
  await pushed();
  expect(told).toEqual([]);
  disk.resolve();
  await Promise.all(looks);
  expect(told).toHaveLength(looks.length);
  flush.mockRestore();
});

test.each<[string, unknown, string]>([
  ["too long", "x".repeat(10_000), "it has 10002 characters of JSON, and 10000 at most are kept"],
  ["not JSON", { sold: new Map() }, "result.sold: a Map is not JSON; give a plain object"],
  ["a record", new Clerk(7), "a record of clerk is not JSON; give its id"],
])("a result that is %s rejects, though its task has finished", async (_what, value, why) => {
  await using tq = makeRuntime();
  clerk.does = () => value;
  const handle = await Clerk.__queue__.work.with({})(1);
  await tq.runTask(handle.id);
  for (const wait of [() => tasks.result(handle.id), () => handle.result()]) {
    const error = await errorOf(wait);
    if (!(error instanceof ResultNotKeptError)) throw error;
    expect(error.name).toBe("ResultNotKeptError");
    expect(error.message).toStartWith(
      `Task 1 (clerk.work) finished; its result is not kept: ${why}`,
    );
    expect(error.task).toMatchObject({ id: 1, state: "finished" });
  }
});

test("a timeout rejects with the task as it stands, and says why it has not ended", async () => {
  await using tq = makeRuntime();
  clerk.does = fails(new Error("off"));
  const id = await Clerk.__queue__.patient(1);
  await tq.runTask(id);
  const error = await errorOf(tasks.result(id, { timeout: "20ms" }));
  expect(error).toBeInstanceOf(TimeoutError);
  expect(error.message).toBe(
    "Task 1 (clerk.patient) did not end within 20 ms: it is scheduled; Error: off; no worker is running on this database; start one with tq worker",
  );
  expect(error).toMatchObject({ name: "TimeoutError", task: { id, state: "scheduled" } });
  expect(await tq.getTask(id)).toMatchObject({ state: "scheduled" });
});

test("a timeout of 0 s gives the result of a task that has ended, and no other", async () => {
  await using tq = makeRuntime();
  expect(await tasks.result(await ran(tq, () => 7), { timeout: "0s" })).toBe(7);
  expect(await errorOf(tasks.result(await pushed(), { timeout: "0s" }))).toBeInstanceOf(
    TimeoutError,
  );
});

test.each([
  [Number.NaN, 'timeout cannot be NaN; write a length of time like "30s"'],
  [null, 'timeout cannot be null; write a length of time like "30s"'],
  [30, 'timeout: 30 has no unit; say the unit: "30s", "30m" or "30h"'],
  ["30", 'timeout: "30" has no unit'],
  [{ seconds: Number.NaN }, "timeout: seconds is NaN, not a number"],
  ["-1s", 'timeout cannot be "-1s": it must be 0 s to 24 days'],
  ["25d", 'timeout cannot be "25d": it must be 0 s to 24 days'],
])("the timeout %p is refused", async (timeout, sentence) => {
  await using tq = makeRuntime();
  const id = await ran(tq);
  const error = await errorOf(tasks.result(id, { timeout: timeout as "30s" }));
  expect(error.message).toStartWith(`Cannot wait for task 1: ${sentence}`);
  expect(error.code).toBe("invalid");
});

test("options and ids that there are not are refused", async () => {
  await using _tq = makeRuntime();
  const of = tasks as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>;
  for (const [args, sentence] of [
    [["7"], 'Cannot wait for a task: its id cannot be "7": it must be the id of a task'],
    [[0], "Cannot wait for a task: its id cannot be 0"],
    [[1, { timeuot: "1s" }], 'timeuot is not an option; did you mean "timeout"?'],
    [[1, "1s"], '"1s" is no object of options, such as { timeout: … }'],
    [[1, { signal: 7 }], "signal cannot be 7: it must be an AbortSignal"],
  ] as const) {
    expect(await sentenceOf(() => of["result"]?.(...args))).toContain(sentence);
  }
});

test("a task that there is not is refused, and one that is deleted meanwhile", async () => {
  await using tq = makeRuntime();
  const error = await errorOf(tasks.result(9));
  expect(error.message).toBe(
    "Cannot wait for task 9: there is no such task; it may have been cleaned",
  );
  expect(error.code).toBe("not_found");
  const id = await pushed();
  const result = sentenceOf(() => tasks.result(id, seconds(20)));
  await tasks.result(await ran(tq)); // the wait has looked once
  tq.sql("DELETE FROM tq__task WHERE id = ?", id);
  expect(await result).toBe("Cannot wait for task 1: it was deleted meanwhile");
});

test("a wait inside a task is refused, with the way out", async () => {
  await using tq = makeRuntime();
  const other = await pushed();
  const id = await ran(tq, () => tasks.result(other));
  expect((await tq.getTask(id)).reason).toBe(
    "TqError: Cannot wait for task 1 inside task 2: it may need the thread, or the lock, of the task that waits, and then neither ends; let the method of task 1 push what comes next",
  );
  const watching = await ran(tq, () => tasks.watch(other).next());
  expect((await tq.getTask(watching)).reason).toContain("Cannot wait for task 1 inside task 3");
});

test("a wait inside a transaction is refused, and goes on after it", async () => {
  await using tq = makeRuntime();
  const id = await ran(tq, () => "done");
  const refused = await Transaction.start({}, () => sentenceOf(() => tasks.result(id)));
  expect(refused).toContain("Cannot wait for task 1 inside a transaction");
  expect(await tasks.result(id)).toBe("done");
});

test("a signal ends the wait with its reason", async () => {
  await using _tq = makeRuntime();
  const id = await pushed();
  const stop = new AbortController();
  const results = [
    tasks.result(id, { signal: stop.signal }),
    tasks.result(id, { ...seconds(20), signal: stop.signal }),
  ];
  const errors = results.map((result) => errorOf(result));
  stop.abort(new Error("the window was closed"));
  for (const error of errors) expect((await error).message).toBe("the window was closed");
  expect((await errorOf(tasks.result(id, { signal: stop.signal }))).message).toBe(
    "the window was closed",
  );
});

test("looks and waits need no write lock", async () => {
  await using tq = makeRuntime();
  const id = await ran(tq, () => "done");
  const open = Promise.withResolvers<void>();
  const locked = Promise.withResolvers<void>();
  const holding = Transaction.start({ lock: true }, async () => {
    locked.resolve();
    await open.promise;
  });
  await locked.promise;
  expect(await tasks.result(id, { timeout: "0s" })).toBe("done");
  expect((await tasks.get(id))?.state).toBe("finished");
  expect(await tasks.list()).toHaveLength(1);
  open.resolve();
  await holding;
});

test("many waits share one look at the database after a commit", async () => {
  await using tq = makeRuntime({ late: false });
  const ids = await Promise.all(Array.from({ length: 200 }, () => pushed(() => "done")));
  const standings = spyOn(tq.store, "standings");
  const results = Promise.all(ids.map((id) => tasks.result(id, seconds(20))));
  await tasks.result(await ran(tq));
  clerk.does = () => "done";
  await tq.runBatch(ids);
  expect(await results).toEqual(ids.map(() => "done"));
  expect(standings.mock.calls.length).toBeLessThan(30);
  standings.mockRestore();
});

test("a wait ends with a sentence when its database is closed", async () => {
  const tq = makeRuntime();
  const result = sentenceOf(() => tasks.result(1, seconds(20)));
  await pushed();
  await tq[Symbol.asyncDispose]();
  expect(await result).toMatch(/no such task|was closed|was lost/);
});

onSqlite("PostgreSQL shows no commit before its flush").test(
  "ends that are told together share a flush, and none is told by a flush that began before it",
  async () => {
    await using tq = makeRuntime({ late: false });
    const ids = [await ran(tq), await ran(tq), await ran(tq)];
    const disk = Promise.withResolvers<void>();
    const flush = spyOn(tq.store, "flush").mockImplementationOnce(() => disk.promise);
    const first = tasks.get(ids[0] ?? 0);
    await nextTurn();
    expect(flush).toHaveBeenCalledTimes(1);
    const later = [...ids, ...ids].map((id) => tasks.result(id));
    await nextTurn();
    expect(flush).toHaveBeenCalledTimes(1);
    disk.resolve();
    await Promise.all([first, ...later]);
    expect(flush).toHaveBeenCalledTimes(2);
    flush.mockRestore();
  },
);
