/** The words of workers about themselves, the mode of the database, and the tasks that wait. */
import { describe, expect, test } from "bun:test";
import { DAY_MS } from "../../../src/values/duration.ts";
import { WAITS_FOR_MODELS } from "../../../src/store/waiting-for-models.ts";
import { claim, claimFirst, newTask } from "../../support/store.ts";
import { clock, store, subject } from "./subject.ts";

const ABOUT = {
  models: ["/srv/models.ts"],
  version: { entries: ["/srv/models.ts"], files: { "/srv/models.ts": "abc" } },
  calls: ["sale.process", "send"],
  settings: null,
};

export function conditionTests(): void {
  describe("the condition of a store", () => {
    test("has what a worker says of itself, until it is gone", async () => {
      await store.register({ id: "w1", pid: 1, threads: 4, queues: [] });
      const other = subject.open();
      expect(await other.workers()).toMatchObject([{ threads_ready: null, models_at: null }]);
      expect(await other.condition.abouts()).toEqual(new Map());
      await store.condition.setThreads("w1", 3);
      await store.condition.setAbout("w1", ABOUT, 1_000);
      expect(await other.workers()).toMatchObject([{ threads_ready: 3, models_at: 1_000 }]);
      expect(await other.condition.abouts()).toEqual(new Map([["w1", ABOUT]]));
      await store.unregister("w1");
      expect(await other.condition.abouts()).toEqual(new Map());
    });

    test("makes the tasks due that wait for newer models, and no others", async () => {
      await store.push([newTask(), newTask(), newTask()]);
      const waits = await claimFirst(store);
      const snoozed = await claimFirst(store);
      const outcome = { kind: "snoozed", delay: 10_000 } as const;
      const reason = `models.ts has changed: ${WAITS_FOR_MODELS}`;
      await store.write(async (session) => {
        await session.settle(waits, { ...outcome, reason });
        await session.settle(snoozed, { ...outcome, reason: "not yet" });
      });
      clock.advance(1_000);
      expect(await store.condition.endWaitForModels()).toBe(1);
      expect(await store.condition.endWaitForModels()).toBe(0);
      const due = await claim(store, { limit: 9 });
      expect(due.map(({ id }) => id).toSorted((a, b) => a - b)).toEqual([waits.id, 3]);
    });

    test("remembers the mode that was said last", async () => {
      const other = subject.open();
      expect(await other.condition.mode()).toBeNull();
      await store.condition.rememberMode({ worker: true, origin: "/srv/tq.toml" });
      await store.condition.rememberMode({ worker: false, origin: "/srv/other.toml" });
      expect(await other.condition.mode()).toEqual({ worker: false, origin: "/srv/other.toml" });
    });

    test("counts what waits by what it calls, and leaves out what does not wait", async () => {
      await store.push([
        newTask({ model: "sale", method: "process" }),
        newTask({ model: "sale", method: "process" }),
        newTask({ model: "sale", method: "print", queue: "print", scheduledAt: clock.now() + 1e6 }),
      ]);
      const [gone = 0] = await store.push([newTask({ model: "gone", method: "by" })]);
      await store.cancel(gone);
      const found = await store.condition.waitingCalls();
      expect(found.map(({ model, method, queue, count }) => [model, method, queue, count])).toEqual(
        [
          ["sale", "print", "print", 1],
          ["sale", "process", "default", 2],
        ],
      );
    });

    test("knows since when the oldest ready task waits, of those queues", async () => {
      const pushedAt = clock.now();
      await store.push([newTask({ queue: "mail" })]);
      clock.advance(5_000);
      await store.push([newTask({ queue: "print" })]);
      expect(await store.condition.oldestReady(["mail", "print", "none"])).toEqual([
        { queue: "mail", since: pushedAt },
        { queue: "print", since: pushedAt + 5_000 },
      ]);
      const status = await store.status();
      expect(status.oldest_ready).toEqual({ queue: "mail", since: pushedAt });
      await store.pauses.pause({
        kind: "queue",
        name: "mail",
        by: "ana",
        reason: null,
        until: null,
      });
      expect((await store.status()).oldest_ready).toMatchObject({ queue: "print" });
    });

    test("counts a scheduled task that is due among those that are to run now", async () => {
      const at = clock.now() + 5_000;
      await store.push([
        newTask({ queue: "mail", scheduledAt: at }),
        newTask({ queue: "print", model: "held", scheduledAt: at }),
      ]);
      expect((await store.waiting()).queues).toEqual([]);
      expect(await store.condition.oldestReady(["mail"])).toEqual([]);
      clock.advance(6_000);
      expect([...(await store.waiting()).queues].toSorted()).toEqual(["mail", "print"]);
      expect(await store.condition.oldestReady(["mail"])).toEqual([{ queue: "mail", since: at }]);
      expect((await store.status()).oldest_ready).toMatchObject({ since: at });
      const pause = { by: "ana", reason: null, until: null };
      await store.pauses.pause({ kind: "queue", name: "mail", ...pause });
      await store.pauses.pause({ kind: "task", name: "held.*", ...pause });
      expect((await store.waiting()).queues).toEqual([]);
      expect((await store.status()).oldest_ready).toBeNull();
    });

    test("counts the tasks that ended in the last minute by queue, in the present one too", async () => {
      await store.push([newTask({ queue: "mail" }), newTask({ queue: "mail" }), newTask()]);
      for (const ran of await claim(store, { limit: 3 })) {
        const outcome = { kind: "finished", result: null, reason: null } as const;
        await store.write((session) => session.settle(ran, outcome));
      }
      const { last_minute: minute, queues } = await store.status();
      expect(queues).toEqual([]);
      expect(minute.toSorted((a, b) => b.ended - a.ended)).toEqual([
        { queue: "mail", ended: 2 },
        { queue: "default", ended: 1 },
      ]);
      clock.advance(60_001);
      expect((await store.status()).last_minute).toEqual([]);
    });

    test("knows when a task last ended by itself", async () => {
      expect(await store.condition.lastEnd()).toBe(0);
      const [, cancelled = 0] = await store.push([newTask(), newTask()]);
      const ran = await claimFirst(store);
      const at = clock.now();
      await store.write((session) =>
        session.settle(ran, { kind: "finished", result: null, reason: null }),
      );
      clock.advance(1_000);
      await store.cancel(cancelled);
      expect(await store.condition.lastEnd()).toBe(at);
    });

    test("finds no damage in a new store, and the latest of its times", async () => {
      await store.push([newTask()]);
      expect(await store.condition.damage()).toEqual([]);
      expect(await store.condition.latestTime()).toBe(clock.now());
      expect(await store.condition.freeDisk()).toBeGreaterThan(0);
    });

    test("has no time of the future once the order of tasks is repaired that were pushed then", async () => {
      const right = clock.now();
      clock.advance(DAY_MS);
      await store.push([newTask()]);
      const ahead = clock.now();
      clock.advance(-DAY_MS);
      expect(await store.condition.latestTime()).toBe(ahead);
      await store.repairTimes("places");
      expect(await store.condition.latestTime()).toBeLessThanOrEqual(right);
      const ran = await claimFirst(store);
      expect(await store.condition.latestTime()).toBeLessThanOrEqual(right);
      await store.write((session) =>
        session.settle(ran, { kind: "finished", result: null, reason: null }),
      );
      expect(await store.condition.latestTime()).toBe(right);
    });

    test("has the time of the future of a scheduled task, and of one that ended last", async () => {
      clock.advance(DAY_MS);
      const [waits = 0] = await store.push([newTask({ scheduledAt: clock.now() + DAY_MS })]);
      const ahead = clock.now();
      clock.advance(-DAY_MS);
      await store.repairTimes("places");
      expect(await store.condition.latestTime()).toBe(ahead);
      clock.advance(DAY_MS);
      await store.cancel(waits);
      clock.advance(-DAY_MS);
      expect(await store.condition.latestTime()).toBe(ahead);
      await store.push([newTask()]);
      expect(await store.condition.latestTime()).toBe(clock.now());
    });
  });
}
