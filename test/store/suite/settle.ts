/** How a run ends, and that a lost claim ends nothing. */
import { describe, expect, test } from "bun:test";
import type { Outcome } from "../../../src/outcome.ts";
import type { Claim } from "../../../src/task.ts";
import { claimFirst, pushOne } from "../../support/store.ts";
import { claimIds, clock, ERROR, fail, finish, OTHER, stateOf, store } from "./subject.ts";

export function settleTests(): void {
  describe("a settle", () => {
    const as = (outcome: Outcome) => (task: Claim) =>
      store.write((session) => session.settle(task, outcome));
    const settles: [string, (task: Claim) => Promise<boolean>][] = [
      ["finish", (task) => finish(task)],
      ["retry", as({ kind: "retry", delay: 10, error: ERROR })],
      ["snooze", as({ kind: "snoozed", delay: 10, reason: null })],
      ["cancel itself", as({ kind: "cancelled", reason: "gone" })],
      ["expire", as({ kind: "cancelled", reason: "too late", neverRan: true })],
      ["fail", (task) => fail(task)],
      ["put off", as({ kind: "postponed", delay: 10, error: ERROR })],
      ["interrupt", as({ kind: "interrupted", reason: "stop" })],
      [
        "crash",
        (task) =>
          store.write((session) =>
            session.settle(task, { kind: "crashed", reason: "killed", maxCrashes: 3 }),
          ),
      ],
    ];

    test.each(settles)(
      "of a task that has ended changes nothing: nobody ends it twice: %s",
      async (_, settle) => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        expect(await finish(task, '"first"')).toBe(true);
        const before = await store.get(id);
        expect(await settle(task)).toBe(false);
        expect(await store.get(id)).toEqual(before);
        expect(await store.errors(id)).toEqual([]);
      },
    );

    test.each(settles)(
      "of a task that another has claimed since changes nothing: %s",
      async (_, settle) => {
        const id = await pushOne(store);
        const first = await claimFirst(store);
        await store.write((session) => session.handBack([first]));
        const second = await claimFirst(store, { owner: OTHER });
        expect(second.claim).toBeGreaterThan(first.claim);
        expect(await settle(first)).toBe(false);
        expect(await store.get(id)).toMatchObject({
          state: "running",
          worker: "worker-2",
          attempts: 0,
        });
        expect(await finish(second)).toBe(true);
      },
    );

    test.each(settles)("of a task that was cancelled changes nothing: %s", async (_, settle) => {
      const id = await pushOne(store);
      const task = await claimFirst(store);
      await store.cancel(id);
      expect(await settle(task)).toBe(false);
      expect(await stateOf(id)).toBe("cancelled");
    });

    test.each(settles)(
      "of a task that was cancelled, retried and claimed again changes nothing: %s",
      async (_, settle) => {
        const id = await pushOne(store);
        const task = await claimFirst(store);
        await store.cancel(id);
        await store.retry(id);
        const again = await claimFirst(store);
        expect(await settle(task)).toBe(false);
        expect(await store.stillHeld([task, again])).toEqual([again]);
      },
    );

    test("of a task that does not exist is false", async () => {
      expect(await finish({ id: 99, claim: 1 })).toBe(false);
    });

    test("that finishes keeps the result, the times and the attempt", async () => {
      const id = await pushOne(store);
      clock.advance(5);
      const task = await claimFirst(store);
      clock.advance(7);
      await finish(task, '{"sum":42}');
      expect(await store.get(id)).toMatchObject({
        state: "finished",
        result: { sum: 42 },
        dequeued_at: clock.now() - 7,
        finished_at: clock.now(),
        attempts: 1,
        worker: null,
        reason: null,
      });
    });

    test("that fails records the error and says the reason", async () => {
      const id = await pushOne(store);
      await fail(await claimFirst(store));
      expect(await store.get(id)).toMatchObject({
        state: "failed",
        reason: "Error: it broke",
        finished_at: clock.now(),
        attempts: 1,
      });
      expect(await store.errors(id)).toMatchObject([{ ...ERROR, task: id, attempt: 1, count: 1 }]);
    });

    test("that retries schedules the same task, counts the attempt and keeps the error", async () => {
      const id = await pushOne(store);
      const task = await claimFirst(store);
      await store.write((session) =>
        session.settle(task, { kind: "postponed", delay: 500, error: ERROR }),
      );
      expect(await store.get(id)).toMatchObject({
        state: "scheduled",
        scheduled_at: clock.now() + 500,
        attempts: 1,
        finished_at: null,
        dequeued_at: null,
        worker: null,
      });
      expect(await claimIds()).toEqual([]);
      clock.advance(500);
      expect((await claimFirst(store)).attempt).toBe(2);
    });

    test("that interrupts makes the task ready at once and says why", async () => {
      const id = await pushOne(store);
      const task = await claimFirst(store);
      await store.write((session) =>
        session.settle(task, { kind: "interrupted", reason: "the worker stops" }),
      );
      expect(await store.get(id)).toMatchObject({
        state: "ready",
        reason: "the worker stops",
        worker: null,
      });
      expect(await store.errors(id)).toEqual([]);
      expect(await claimIds()).toEqual([id]);
    });

    test("keeps why the method was not called, alone and among others of one commit", async () => {
      const ids = [await pushOne(store), await pushOne(store), await pushOne(store)];
      const reasons = [null, "the method was not called", null];
      const tasks = [await claimFirst(store), await claimFirst(store), await claimFirst(store)];
      await store.write(async (session) => {
        for (const [index, task] of tasks.entries()) {
          session.finishAtCommit(task, null, reasons[index] ?? null);
        }
      });
      const ended = await Promise.all(ids.map((id) => store.get(id)));
      expect(ended.map((task) => [task?.state, task?.reason])).toEqual(
        reasons.map((reason) => ["finished", reason]),
      );
    });

    test("inside a transaction that rolls back is undone", async () => {
      const id = await pushOne(store);
      const task = await claimFirst(store);
      const rolledBack = store.write(async (session) => {
        expect(await session.settle(task, { kind: "finished", result: null, reason: null })).toBe(
          true,
        );
        throw new Error("no");
      });
      expect(rolledBack).rejects.toThrow("no");
      await rolledBack.catch(() => undefined);
      expect(await stateOf(id)).toBe("running");
      expect(await finish(task)).toBe(true);
    });
  });
}
