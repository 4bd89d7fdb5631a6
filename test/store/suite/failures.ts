/** What follows a failure: exactly one task that tells of it, in the transaction that settles it. */
import { describe, expect, test } from "bun:test";
import type { Settlement } from "../../../src/outcome.ts";
import type { FollowUp } from "../../../src/store/failure-store.ts";
import { claim, claimFirst, newTask, OWNER, pushOne } from "../../support/store.ts";
import { clock, ERROR, fail, finish, OTHER, register, stateOf, store, subject } from "./subject.ts";

const FOLLOW_UP: FollowUp = {
  model: "sale",
  method: "process",
  calls: { model: "sale", method: "tell" },
};

const declare = () => store.failures.declare(["sale"], [FOLLOW_UP]);

/** The tasks that failures have pushed, the first one first. */
const told = async () =>
  (await store.list({ limit: 100 })).filter(({ method }) => method === "tell").reverse();

const settle = async (outcome: Settlement) => {
  const task = await claimFirst(store);
  return store.write((session) => session.settle(task, outcome));
};

const crashed = { kind: "crashed", reason: "killed", maxCrashes: 1 } as const;

export function failureTests(): void {
  describe("a failure", () => {
    test("pushes the task that its method declares, on the same records, with what happened", async () => {
      await declare();
      const values = {
        instances: [7, 8],
        user: 3,
        context: '{"lang":"fr"}',
        queue: "mail",
        priority: 2,
      };
      const id = await pushOne(store, { ...values, ref: "sale-7" });
      clock.advance(1_000);
      await fail(await claimFirst(store));
      const failure = { task: id, call: "sale.process", reason: "Error: it broke", attempts: 1 };
      expect(await told()).toMatchObject([
        {
          state: "ready",
          queue: "mail",
          priority: 2,
          model: "sale",
          instances: [7, 8],
          args: [failure],
          user: 3,
          context: { lang: "fr" },
          ref: null,
          enqueued_at: clock.now(),
          scheduled_at: null,
          attempts: 0,
        },
      ]);
    });

    test("pushes nothing where its method declares nothing, and for a method of another model", async () => {
      await store.failures.declare(["sale", "label"], [{ ...FOLLOW_UP, model: "label" }]);
      await pushOne(store);
      await fail(await claimFirst(store));
      expect(await told()).toEqual([]);
    });

    test("pushes the call of a function for a function, on no records", async () => {
      const calls = { model: "cry", method: "call" };
      await store.failures.declare(["make"], [{ model: "make", method: "call", calls }]);
      await pushOne(store, { model: "make", method: "call", instances: [] });
      await fail(await claimFirst(store));
      const [pushed] = await store.list({ limit: 1 });
      expect(pushed).toMatchObject({ model: "cry", instances: [], args: [{ call: "make" }] });
    });

    test("that is rolled back pushes nothing", async () => {
      await declare();
      await pushOne(store);
      const task = await claimFirst(store);
      const session = store.session();
      await session.settle(task, { kind: "failed", error: ERROR });
      expect(session.followUps).toHaveLength(1);
      await session.rollback();
      await store.release(session);
      expect(await told()).toEqual([]);
      expect(await stateOf(task.id)).toBe("running");
    });

    test("of a claim that was lost pushes nothing", async () => {
      await declare();
      await pushOne(store);
      const task = await claimFirst(store);
      await store.cancel(task.id);
      expect(await fail(task)).toBe(false);
      expect(await told()).toEqual([]);
    });

    const others: [string, Settlement][] = [
      ["is tried again", { kind: "retry", delay: 10, error: ERROR }],
      ["snoozes", { kind: "snoozed", delay: 10, reason: null }],
      ["is cancelled", { kind: "cancelled", reason: "gone" }],
      ["expires", { kind: "cancelled", reason: "expired", neverRan: true }],
      ["is put off", { kind: "postponed", delay: 10, error: ERROR }],
      ["is interrupted", { kind: "interrupted", reason: "stop" }],
      ["crashes, and may crash again", { ...crashed, maxCrashes: 2 }],
      ["finishes", { kind: "finished", result: null, reason: null }],
    ];
    test.each(others)("is none where the task %s", async (_, outcome) => {
      await declare();
      await pushOne(store);
      expect(await settle(outcome)).toBe(true);
      expect(await told()).toEqual([]);
    });

    test("of the task that a failure has pushed pushes none: it would go on for ever", async () => {
      const again = { ...FOLLOW_UP, method: "tell" };
      await store.failures.declare(["sale"], [FOLLOW_UP, again]);
      await pushOne(store);
      await fail(await claimFirst(store));
      await fail(await claimFirst(store));
      expect(await told()).toMatchObject([{ state: "failed" }]);
      await store.retry((await told())[0]?.id ?? 0);
      await fail(await claimFirst(store));
      expect(await told()).toMatchObject([{ state: "failed" }]);
    });

    test("after a retry by hand pushes again", async () => {
      await declare();
      const id = await pushOne(store);
      await fail(await claimFirst(store));
      await finish(await claimFirst(store));
      await store.retry(id);
      await fail(await claimFirst(store));
      expect(await told()).toMatchObject([
        { args: [{ attempts: 1 }] },
        { args: [{ attempts: 2 }] },
      ]);
    });

    test("by too many crashes pushes one, whoever sets the task aside", async () => {
      await declare();
      const reason = expect.stringContaining("Set aside after 1 crash") as unknown;
      await pushOne(store);
      await settle(crashed);
      expect(await told()).toMatchObject([{ args: [{ reason }] }]);
      await finish(await claimFirst(store));

      await pushOne(store);
      const inThread = await claimFirst(store);
      const death = { running: inThread, reason: "exit", maxCrashes: 1 };
      await store.rescueThread(OWNER, death);
      await store.rescueThread(OWNER, death);
      expect(await told()).toHaveLength(2);
      await finish(await claimFirst(store));
    });

    test("by the death of a worker pushes one, though another process without the models rescues", async () => {
      await declare();
      const id = await pushOne(store);
      for (const worker of ["first", "second"]) {
        await register(worker);
        await claim(store, { owner: { worker, thread: 1 } });
        await subject.kill(worker);
        await subject.open().rescueDead(1);
      }
      expect(await stateOf(id)).toBe("failed");
      expect(await subject.open().rescueDead(1)).toEqual([]);
      expect(await told()).toHaveLength(1);
    });

    test("by a timeout that ends its thread pushes one", async () => {
      await declare();
      await pushOne(store);
      const task = await claimFirst(store, { owner: OTHER });
      const outcome = { kind: "failed", error: ERROR } as const;
      await store.rescueThread(OTHER, { running: task, reason: "late", maxCrashes: null, outcome });
      expect(await told()).toHaveLength(1);
    });
  });

  describe("the follow-ups of models", () => {
    test("change with the models, and those of other models stay", async () => {
      const label = { ...FOLLOW_UP, model: "label", calls: { model: "label", method: "tell" } };
      await store.failures.declare(["label"], [label]);
      await declare();
      await store.failures.declare(["sale"], []);
      await store.push([newTask(), newTask({ model: "label" })]);
      for (const task of await claim(store, { limit: 2 })) await fail(task);
      expect(await told()).toMatchObject([{ model: "label" }]);
    });

    test("are those of the worker that settles the failure, whichever has declared its own last", async () => {
      await declare();
      const other = subject.open();
      await other.failures.declare(["sale"], []);
      await store.push([newTask(), newTask()]);
      const [mine, theirs] = await claim(store, { limit: 2 });
      if (!mine || !theirs) throw new Error("No task is ready");
      const failed = { kind: "failed", error: ERROR } as const;
      await other.write((session) => session.settle(theirs, failed));
      expect(await told()).toEqual([]);
      await fail(mine);
      expect(await told()).toHaveLength(1);
    });

    test("are those of the worker that finds the death of another one", async () => {
      await subject.open().failures.declare(["sale"], [FOLLOW_UP]);
      store.failures.know({ models: ["sale"], followUps: [] });
      const id = await pushOne(store);
      for (const worker of ["first", "second"]) {
        await register(worker);
        await claim(store, { owner: { worker, thread: 1 } });
        await subject.kill(worker);
        await store.rescueDead(1);
      }
      expect(await stateOf(id)).toBe("failed");
      expect(await told()).toEqual([]);
    });

    test("are those of the worker whose thread died", async () => {
      await subject.open().failures.declare(["sale"], []);
      store.failures.know({ models: ["sale"], followUps: [FOLLOW_UP] });
      await pushOne(store);
      const task = await claimFirst(store, { owner: OTHER });
      await store.rescueThread(OTHER, { running: task, reason: "died", maxCrashes: 1 });
      expect(await told()).toHaveLength(1);
    });

    test("are written only where they change", async () => {
      await declare();
      const before = await subject.commits();
      await declare();
      expect(await subject.commits()).toBe(before);
    });
  });
}
