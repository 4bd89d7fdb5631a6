/** Cancel and retry by hand, of one task and of many. */
import { describe, expect, test } from "bun:test";
import { nextTurn } from "../../../src/next-turn.ts";
import { errorOf } from "../../support/error.ts";
import {
  claim,
  claimFirst,
  newTask,
  pushOne,
  readyOf,
  withSession,
  cancelAll,
  retryAll,
} from "../../support/store.ts";
import { claimIds, clock, fail, finish, stateOf, store, subject } from "./subject.ts";

export function byHandTests(): void {
  describe("cancel", () => {
    test("ends tasks that are ready, scheduled or running", async () => {
      const ready = await pushOne(store, { queue: "other" });
      const scheduled = await pushOne(store, { scheduledAt: clock.now() + 100 });
      const running = await pushOne(store);
      await claimFirst(store, { queues: ["default"] });
      for (const id of [ready, scheduled, running]) {
        expect(await store.cancel(id, "not needed")).toMatchObject({
          id,
          state: "cancelled",
          reason: "not needed",
          finished_at: clock.now(),
          worker: null,
        });
      }
      clock.advance(1000);
      expect(await claimIds()).toEqual([]);
    });

    test("in a session it commits and rolls back with the transaction, as a retry does", async () => {
      const ready = await pushOne(store);
      await finish(await claimFirst(store));
      const other = await pushOne(store);
      const move = (ends: "commit" | "rollback") =>
        withSession(store, async (session) => {
          await session.begin();
          expect(await session.cancel(other)).toMatchObject({
            state: "cancelled",
            reason: "cancelled by hand",
          });
          expect(await session.retry(ready)).toMatchObject({ state: "ready" });
          expect(await stateOf(other)).toBe("ready");
          await session[ends]();
        });
      await move("rollback");
      expect([await stateOf(ready), await stateOf(other)]).toEqual(["finished", "ready"]);
      await move("commit");
      expect([await stateOf(ready), await stateOf(other)]).toEqual(["ready", "cancelled"]);
    });

    test("refuses what has ended or does not exist", async () => {
      const id = await pushOne(store);
      await finish(await claimFirst(store));
      expect(store.cancel(id)).rejects.toMatchObject({
        code: "conflict",
        message: `Cannot cancel task ${id}: it is finished already`,
      });
      expect(store.cancel(99)).rejects.toMatchObject({
        code: "not_found",
        message: "Cannot cancel task 99: there is no such task; it may have been cleaned",
      });
    });
  });

  describe("a retry by hand", () => {
    test("runs an ended task again with its history kept", async () => {
      const id = await pushOne(store, {
        scheduledAt: clock.now() + 10,
        expectedAt: clock.now() + 20,
      });
      clock.advance(10);
      await fail(await claimFirst(store));
      expect(await store.retry(id)).toMatchObject({
        id,
        state: "ready",
        finished_at: null,
        dequeued_at: null,
        scheduled_at: clock.now(),
        reason: null,
        attempts: 1,
      });
      expect(await store.errors(id)).toHaveLength(1);
      expect((await claimFirst(store)).attempt).toBe(2);
    });

    test("of what was cancelled before its time waits for that again, one or many", async () => {
      const at = clock.now() + 99_999;
      const ids = [
        await pushOne(store, { scheduledAt: at }),
        await pushOne(store, { scheduledAt: at }),
      ];
      for (const id of ids) await store.cancel(id);
      clock.advance(10);
      expect(await store.retry(ids[0] ?? 0)).toMatchObject({
        state: "scheduled",
        scheduled_at: at,
      });
      expect(await retryAll(store, { states: ["cancelled"] })).toBe(1);
      expect(await claimIds()).toEqual([]);
      clock.advance(99_989);
      expect(await claimIds()).toEqual(ids);
    });

    test("of what waits for its next attempt runs it now, with all attempts before it", async () => {
      const error = { name: "Error", message: "no", stack: null };
      const id = await pushOne(store);
      const task = await claimFirst(store);
      await store.write((session) => session.settle(task, { kind: "retry", delay: 99_999, error }));
      expect(await store.retry(id)).toMatchObject({ state: "ready", failures: 0, attempts: 1 });
      expect(await claimIds()).toEqual([id]);
    });

    test("of what was put off, or cancelled after its time, runs it now, before what was pushed since", async () => {
      const late = await pushOne(store, { scheduledAt: clock.now() + 10 });
      await store.cancel(late);
      clock.advance(20);
      const putOff = await pushOne(store);
      const error = { name: "Error", message: "no", stack: null };
      const task = await claimFirst(store);
      await store.write((session) => session.settle(task, { kind: "retry", delay: 99_999, error }));
      await store.cancel(putOff);
      await pushOne(store);
      await store.retry(late);
      await store.retry(putOff);
      expect((await claimIds()).slice(0, 2)).toEqual([late, putOff]);
    });

    test("leaves a task the place that its time gave it: it does not go before what was due earlier", async () => {
      const late = await pushOne(store, { scheduledAt: clock.now() + 1_000 });
      clock.advance(500);
      const earlier = await pushOne(store);
      clock.advance(1_000);
      await store.cancel(late);
      const later = await pushOne(store);
      await store.retry(late);
      expect(await claimIds()).toEqual([earlier, late, later]);
    });

    test("refuses what has not ended or does not exist", async () => {
      const id = await pushOne(store);
      expect(store.retry(id)).rejects.toMatchObject({
        code: "conflict",
        message: `Cannot retry task ${id}: it is ready; a worker runs it`,
      });
      await claimFirst(store);
      expect(store.retry(id)).rejects.toMatchObject({
        message: `Cannot retry task ${id}: it is running; cancel it first`,
      });
      expect(store.retry(99)).rejects.toMatchObject({ code: "not_found" });
    });
  });

  describe("many tasks by hand", () => {
    test("are retried by state, queue and model, however many: nothing else is touched", async () => {
      const printed = await store.push(
        Array.from({ length: 1_203 }, () => newTask({ queue: "print", model: "label" })),
      );
      await cancelAll(store, { states: ["ready"], queue: "print" }, "no paper");
      const others = await store.push([
        newTask({ queue: "print", model: "invoice" }),
        newTask({ queue: "mail", model: "label" }),
        newTask({ queue: "print", model: "label" }),
      ]);
      const [invoice = 0, mail = 0, ready = 0] = others;
      for (const id of [invoice, mail]) await store.cancel(id);
      const filter = { states: ["cancelled", "failed"], queue: "print", model: "label" } as const;
      expect(await retryAll(store, filter)).toBe(printed.length);
      expect(await retryAll(store, filter)).toBe(0);
      const left = await store.list({ states: ["cancelled"] });
      expect(left.map(({ id }) => id)).toEqual([mail, invoice]);
      const claimed = await claim(store, { queues: ["print"], limit: 2_000 });
      expect(claimed.map(({ id }) => id)).toEqual([...printed, ready]);
    });

    test("are cancelled, those that run with them: their runs commit nothing", async () => {
      const ids = await store.push([newTask(), newTask(), newTask({ model: "other" })]);
      const running = await claimFirst(store);
      expect(
        await cancelAll(store, { states: ["running", "ready"], model: newTask().model }, "enough"),
      ).toBe(2);
      expect(await finish(running)).toBe(false);
      expect(await Promise.all(ids.map(stateOf))).toEqual(["cancelled", "cancelled", "ready"]);
      expect(await store.get(running.id)).toMatchObject({
        reason: "enough",
        finished_at: clock.now(),
        worker: null,
      });
    });

    test("are said to be done as far as they were, where the database refuses the rest", async () => {
      const count = 5_000; // so many that some are left when the store is closed
      await store.push(Array.from({ length: count }, () => newTask()));
      const all = { states: ["ready"] } as const;
      const other = subject.open();
      const moving = errorOf(cancelAll(store, all));
      while ((await readyOf(other, [], count)) === count) {
        await nextTurn();
      }
      await store.close();
      const error = await moving;
      expect(error).toMatchObject({ code: "conflict" });
      const done = count - (await readyOf(other, [], count));
      expect(String(error)).toContain(`Stopped after ${done} of the tasks that match: Cannot use`);
    });

    test("are let be where the move makes no sense", async () => {
      await store.push([newTask(), newTask()]);
      await claimFirst(store);
      expect(await retryAll(store, { states: ["ready", "running"] })).toBe(0);
      await cancelAll(store, { states: ["ready"] });
      expect(await cancelAll(store, { states: ["cancelled"] })).toBe(0);
    });
  });
}
