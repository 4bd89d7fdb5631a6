/** Methods that run outside any transaction, and what goes on after a task. */
import { afterEach, expect, test } from "bun:test";
import { currentTask, Transaction } from "../../src/index.ts";
import { markOperational, TqError } from "../../src/errors.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { makeRuntime, NOW } from "../model/support.ts";
import { makeParts, Part, seen } from "./part.ts";

afterEach(() => void (seen.length = 0));

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
        message:
          "Cannot commit: the task was cancelled or given to another worker while it ran; the work of this run was discarded; what it had committed before stays",
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

test("a method outside any transaction has the user and context of its task, as have its transactions and pushes", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  const context = { company: 3 };
  const own = { company: 3, _skip_warnings: true, _check_access: false };
  Part.during = async () => {
    seen.push(currentTask()?.user, currentTask()?.context);
    const tell = () => void seen.push(Transaction.current.user, Transaction.current.context);
    await Transaction.start({}, tell);
    await Transaction.start({ user: 4, context: { shop: 1 } }, tell);
    seen.push(await Part.__queue__.list([1]));
  };
  const [id = 0] = await Transaction.start({ user: 9, context }, () => Part.__queue__.goOn([1]));
  expect(await tq.runTask(id)).toMatchObject({ state: "finished" });
  expect(seen).toEqual([9, own, 9, own, 4, { shop: 1 }, [id + 1]]);
  expect(await tq.getTask(id + 1)).toMatchObject({
    user: 9,
    context: { company: 3, _skip_warnings: true },
  });
  Part.during = () => Promise.resolve();
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
    return Promise.reject(markOperational(new TqError("busy", "Cannot write: another does")));
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

test("a task is claimed at its time by one look at the clock, and runs even where the clock is set back then", async () => {
  await using tq = makeRuntime();
  await makeParts(1);
  const due = NOW + 1_000;
  await Transaction.start({ context: { queue_scheduled_at: "PT1S" } }, () =>
    Part.__queue__.goOn([1]),
  );
  Part.during = () => Promise.resolve(seen.push(tq.store.now()));
  tq.clock.time = due - 1;
  expect(await tq.runAll()).toEqual([]);
  let looks = 0;
  tq.clock.now = () => (looks++ === 0 ? due : due - 3_600_000);
  const [ended] = await tq.runAll();
  expect(ended).toMatchObject({ scheduled_at: due, dequeued_at: due, state: "finished" });
  expect(seen[0]).toBe(due - 3_600_000);
  Part.during = () => Promise.resolve();
});
