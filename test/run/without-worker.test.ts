/** `queue.worker = false`: a program runs its tasks itself, after the commit. */
import { afterEach, expect, test } from "bun:test";
import { currentTask, Transaction } from "../../src/index.ts";
import { markOperational, TqError } from "../../src/errors.ts";
import { enterRuntime } from "../../src/transaction/runtime.ts";
import { newTask } from "../support/store.ts";
import { until } from "../support/until.ts";
import { errorOf, IS_POSTGRES, makeRuntime, refuseCommits, sentenceOf } from "../model/support.ts";
import { Account, Job, log } from "./job.ts";

afterEach(() => void (log.length = 0));

test("tasks run after the commit, before start resolves, each in a transaction of its own", async () => {
  await using tq = makeRuntime({ worker: false });
  const before = await Transaction.start({ user: 2, context: { company: 1 } }, async () => {
    await Job.__queue__.where([1]);
    await Job.__queue__.where([1]);
    log.push("end of the transaction");
    return Transaction.current;
  });
  expect(log[0]).toBe("end of the transaction");
  expect(log.slice(1).map((line) => JSON.parse(line))).toEqual(
    [1, 2].map((id) => ({
      user: 2,
      context: { company: 1, _skip_warnings: true, _check_access: false },
      task: {
        id,
        attempt: 1,
        model: "job",
        method: "where",
        queue: "default",
        user: 2,
        context: { company: 1, _skip_warnings: true, _check_access: false },
      },
    })),
  );
  expect(before.context).toEqual({ company: 1 });
  expect((await tq.tasks()).map(({ state }) => state)).toEqual(["finished", "finished"]);
  expect(currentTask()).toBeUndefined();
});

test("first in, first out; what a task pushes runs after those already waiting", async () => {
  await using _tq = makeRuntime({ worker: false });
  await Transaction.start({}, async () => {
    await Job.__queue__.note([1], "a", "a.1", "a.2");
    await Job.__queue__.note([1], "b", "b.1");
    await Job.__queue__.note([1], "c");
  });
  expect(log).toEqual(["a", "b", "c", "a.1", "a.2", "b.1"]);
});

test("a push outside a transaction has run when it resolves", async () => {
  await using tq = makeRuntime({ worker: false });
  expect(await Job.__queue__.note([1], "a", "a.1")).toEqual([1]);
  expect(log).toEqual(["a", "a.1"]);
  expect((await tq.getTask(2)).state).toBe("finished");
});

test("schedule, deadline and queue are ignored; the log says so of the schedule", async () => {
  await using tq = makeRuntime({ worker: false });
  const context = { queue_scheduled_at: "P1D", queue_expected_at: "P2D", queue_name: "mail" };
  await Transaction.start({ context }, () => Job.__queue__.note([1], "tomorrow"));
  await Job.__queue__.note([1], "now");
  expect(log).toEqual(["tomorrow", "now"]);
  expect(tq.eventsOf("task.inline")).toEqual([
    {
      name: "task.inline",
      task: 1,
      attempt: 1,
      model: "job",
      method: "note",
      queue: "mail",
      instances: "[1]",
      ref: null,
      scheduledAt: tq.clock.now() + 86_400_000,
    },
  ]);
});

test("a task that fails is recorded; the others run, and the caller does not notice", async () => {
  await using tq = makeRuntime({ worker: false });
  const result = await Transaction.start({}, async () => {
    await Job.__queue__.fail([1], "first");
    await Job.__queue__.note([1], "second");
    return 42;
  });
  expect(result).toBe(42);
  expect(log).toEqual(["first", "second"]);
  expect(await tq.tasks()).toMatchObject([
    { state: "failed", reason: "Error: first", attempts: 1 },
    { state: "finished", reason: null },
  ]);
  expect(await tq.store.errors(1)).toMatchObject([{ name: "Error", message: "first", attempt: 1 }]);
  expect(tq.eventsOf("task.failed")).toHaveLength(1);
});

test("a task that fails leaves nothing behind but what it committed itself", async () => {
  await using tq = makeRuntime({ worker: false });
  await Transaction.start({}, () => Account.create([{ total: 1 }]));
  await Account.__queue__.addAndFail(1, 10);
  await Account.__queue__.add([1], 5);
  expect(tq.sql("SELECT total FROM account")).toEqual([{ total: 6 }]);
  await Job.__queue__.commitThenFail([1]);
  expect(log).toEqual(["committed"]);
});

test("a transaction ends with the database that it began with, whatever the program works on since", async () => {
  await using tq = makeRuntime({ worker: false });
  await using other = makeRuntime({ worker: true });
  const leave = enterRuntime(tq.runtime);
  await Transaction.start({}, async () => {
    await Job.__queue__.note([1], "first");
    leave(); // the program works on the other one from here on
    await Job.__queue__.note([1], "second");
  });
  expect(log).toEqual(["first", "second"]);
  expect((await tq.tasks()).map(({ state }) => state)).toEqual(["finished", "finished"]);
  await Job.__queue__.note([1], "third");
  expect((await other.tasks()).map(({ state }) => state)).toEqual(["ready"]);
});

test("what the caller rolled back is dropped; only an id that was committed is never given again", async () => {
  await using tq = makeRuntime({ worker: false });
  let ids: number[] = [];
  const failing = Transaction.start({}, async () => {
    ids = await Job.__queue__.note([1], "rolled back");
    throw new Error("no");
  });
  expect(await sentenceOf(() => failing)).toBe("no");
  expect(ids).toEqual([1]);
  expect(log).toEqual([]);
  expect(await Job.__queue__.note([1], "kept")).toEqual([IS_POSTGRES ? 2 : 1]); // there no id comes again
  expect(log).toEqual(["kept"]);
  tq.sql("DELETE FROM tq__task");
  expect(await Job.__queue__.note([1], "again")).toEqual([IS_POSTGRES ? 3 : 2]);
});

test("what commit() kept runs although the transaction fails in the end", async () => {
  await using _tq = makeRuntime({ worker: false });
  await errorOf(() =>
    Transaction.start({}, async () => {
      await Job.__queue__.note([1], "kept");
      await Transaction.current.commit();
      expect(log).toEqual([]);
      await Job.__queue__.note([1], "dropped");
      throw new Error("no");
    }),
  );
  expect(log).toEqual(["kept"]);
});

test("a task that is finished, running or cancelled is not claimed again", async () => {
  await using tq = makeRuntime({ worker: false });
  const owner = { worker: "other", thread: 0 };
  const claim = (id: number) => tq.store.write((session) => session.claimOne(id, owner));
  const task = newTask({ model: "job", method: "note", instances: [1], args: '["never"]' });
  await Job.__queue__.note([1], "once");
  const [running = 0, cancelled = 0] = await tq.store.push([task, task]);
  expect(await claim(1)).toBeNull();
  expect(await claim(running)).not.toBeNull();
  expect(await claim(running)).toBeNull();
  await tq.store.cancel(cancelled);
  expect(await claim(cancelled)).toBeNull();
});

test("a push that comes in the moment when the last task ends is run as well", async () => {
  await using tq = makeRuntime({ worker: false });
  for (let turns = 0; turns < 40; turns++) {
    const gate = Promise.withResolvers<void>();
    Job.gate = gate.promise;
    const first = Job.__queue__.wait([1]);
    const second = Transaction.start({}, async () => {
      await Job.__queue__.note([1], "late");
      await Transaction.current.commit();
      log.push("committed");
      await gate.promise;
      for (let turn = 0; turn < turns; turn++) await Promise.resolve();
    });
    await until(() => expect(log).toEqual(expect.arrayContaining(["waits", "committed"])));
    gate.resolve();
    await Promise.all([first, second]);
    expect(tq.sql("SELECT id FROM tq_tasks WHERE state <> 'finished'")).toEqual([]);
    log.length = 0;
  }
});

test("tasks of two transactions at once run one at a time", async () => {
  await using tq = makeRuntime({ worker: false });
  await Transaction.start({}, () => Account.create([{ total: 0 }]));
  await Promise.all(
    Array.from({ length: 10 }, () => Transaction.start({}, () => Account.__queue__.add([1], 1))),
  );
  expect(tq.sql("SELECT total FROM account")).toEqual([{ total: 10 }]);
});

test("a method that runs outside any transaction may start one and push in it", async () => {
  await using tq = makeRuntime({ worker: false });
  await Job.__queue__.charge([1]);
  expect(log).toEqual(["charge", "charged", "after the charge"]);
  expect((await tq.tasks()).map(({ state }) => state)).toEqual(["finished", "finished"]);
});

test("a program that cannot prove that it lives says so; its caller has what it committed", async () => {
  await using tq = makeRuntime({ worker: false });
  Object.assign(tq.store, { register: () => Promise.reject(new Error("no room")) });
  expect(await Job.__queue__.note([1], "waits")).toEqual([1]);
  expect(log).toEqual([]);
  expect(tq.eventsOf("log.note").map(({ message }) => message)).toEqual([
    "Cannot run task 1: no room",
  ]);
  expect((await tq.getTask(1)).state).toBe("ready");
});

test("a task that cannot be settled now goes back as soon as it can", async () => {
  await using tq = makeRuntime({ worker: false, settings: { database: { retry: 0 } } });
  let works = false;
  const refused = refuseCommits(() => log.length > 0 && !works);
  await Job.__queue__.note([1], "ran");
  expect(await tq.getTask(1)).toMatchObject({ state: "running" });
  works = true;
  await until(async () => {
    expect(await tq.getTask(1)).toMatchObject({ state: "ready", crashes: 0 });
  });
  refused[Symbol.dispose]();
});

test("a push waits for its own tasks, not for those that others have pushed meanwhile", async () => {
  await using _tq = makeRuntime({ worker: false });
  const answered: string[] = [];
  const gate = Promise.withResolvers<void>();
  Job.gate = gate.promise;
  const own = Job.__queue__.note([1], "own").then(() => answered.push("own"));
  const others = Job.__queue__.wait([1]).then(() => answered.push("others"));
  await own;
  expect(log[0]).toBe("own");
  expect(answered).toEqual(["own"]);
  gate.resolve();
  await others;
  Job.gate = Promise.resolve();
});

test("a task that is put off says that only tq worker runs it again", async () => {
  await using tq = makeRuntime({ worker: false, settings: { database: { retry: 0 } } });
  Job.gate = Promise.reject(markOperational(new TqError("busy", "refused")));
  Job.gate.catch(() => undefined);
  await Job.__queue__.wait([1]);
  Job.gate = Promise.resolve();
  expect(await tq.getTask(1)).toMatchObject({ state: "scheduled" });
  expect(tq.eventsOf("log.note").at(-1)).toMatchObject({
    level: "warn",
    message:
      "task 1 waits for tq worker: queue.worker is false, so no program runs it again by itself",
  });
});

test("a paused task stays ready, in a transaction too, and the log says what runs it", async () => {
  await using tq = makeRuntime({ worker: false });
  const pause = { by: "ana@till3", reason: null, until: null };
  await tq.store.pauses.pause({ kind: "task", name: "job.note", ...pause });
  await Transaction.start({}, async () => {
    await Job.__queue__.note([1], "a");
    await Job.__queue__.where([1]);
  });
  expect((await tq.tasks()).map(({ state }) => state)).toEqual(["ready", "finished"]);
  expect(tq.events.map((event) => ("message" in event ? event.message : ""))).toContainEqual(
    expect.stringMatching(
      /^task 1 waits: its method job\.note is paused by ana@till3 since \S+( \S+)?; once that is resumed, tq worker runs it/,
    ),
  );
});
