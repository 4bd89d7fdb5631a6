/** Listing, counting and noticing: reads that change nothing. */
import { describe, expect, test } from "bun:test";
import type { Store } from "../../../src/store/store.ts";
import { claim, claimFirst, dueOf, newTask, pushOne, readyOf } from "../../support/store.ts";
import { clock, fail, finish, register, store, subject } from "./subject.ts";

export function lookingTests(): void {
  describe("looking", () => {
    test("says of a task that has expired that it has, where no worker came to it, and of no other", async () => {
      const expiresAt = clock.now() + 100;
      const waiting = await pushOne(store, { expiresAt, ref: "late" });
      const later = await pushOne(store, { expiresAt: expiresAt + 1 });
      const begun = await pushOne(store, { expiresAt, queue: "other" });
      const run = await claimFirst(store, { queues: ["other"] });
      await store.write((session) =>
        session.settle(run, { kind: "snoozed", delay: 0, reason: "closed" }),
      );
      clock.advance(101);
      const reason = "it has expired, and is cancelled as soon as a worker comes to it";
      const reasons = { [waiting]: reason, [later]: null, [begun]: "closed" };
      for (const task of await store.list()) expect(task.reason).toBe(reasons[task.id] ?? null);
      for (const one of await store.standings([waiting, later, begun]))
        expect(one.reason).toBe(reasons[one.id] ?? null);
      expect(await store.get(waiting)).toMatchObject({ state: "ready", reason });
      expect(await store.getByRef("late")).toMatchObject({ reason });
      expect(await store.retry(begun)).toMatchObject({ reason: null });
    });

    test("lists the newest first, by state, queue and model, page by page", async () => {
      const ids = await store.push(
        Array.from({ length: 10 }, (_, i) =>
          newTask({ queue: i % 2 ? "odd" : "even", model: i < 5 ? "low" : "high" }),
        ),
      );
      const listed = async (filter: Parameters<Store["list"]>[0]) =>
        (await store.list(filter)).map(({ id }) => ids.indexOf(id));
      expect(await listed({})).toEqual([9, 8, 7, 6, 5, 4, 3, 2, 1, 0]);
      expect(await listed({ queue: "odd" })).toEqual([9, 7, 5, 3, 1]);
      expect(await listed({ queue: "odd", model: "low" })).toEqual([3, 1]);
      expect(await listed({ limit: 2, before: ids[5] as number })).toEqual([4, 3]);
      await claim(store, { limit: 2 });
      await store.cancel(ids[9] as number);
      expect(await listed({ states: ["running"] })).toEqual([1, 0]);
      expect(await listed({ states: ["running", "cancelled"] })).toEqual([9, 1, 0]);
      expect(await listed({ states: ["cancelled"], before: ids[9] as number })).toEqual([]);
      expect(await listed({ states: [] })).toEqual([]);
      expect(await listed({ states: ["ready"], limit: 3, queue: "even" })).toEqual([8, 6, 4]);
    });

    test("lists a hundred unless told otherwise", async () => {
      await store.push(Array.from({ length: 130 }, () => newTask()));
      expect(await store.list()).toHaveLength(100);
      expect(await store.list({ limit: 120 })).toHaveLength(120);
    });

    test("counts the tasks that a list has left out", async () => {
      const ids = await store.push(
        Array.from({ length: 10 }, (_, i) => newTask({ queue: i % 2 ? "odd" : "even" })),
      );
      const [, , , , fifth = 0] = ids;
      expect(await store.countBefore({}, fifth)).toEqual({ count: 4, isAll: true });
      expect(await store.countBefore({ queue: "odd" }, fifth)).toEqual({ count: 2, isAll: true });
      expect(await store.countBefore({ states: ["failed"] }, fifth)).toEqual({
        count: 0,
        isAll: true,
      });
    });

    test("shows how those of these tasks that exist stand", async () => {
      const [first = 0, second = 0] = await store.push([newTask(), newTask(), newTask()]);
      await finish(await claimFirst(store), '{"sum":3}');
      await store.cancel(second, "no more");
      const standings = await store.standings([second, 99, first]);
      const NONE = { reason: null, result: null, progress: null };
      expect(standings.toSorted((a, b) => a.id - b.id)).toEqual([
        { ...NONE, id: first, state: "finished", attempts: 1, result: '{"sum":3}' },
        { ...NONE, id: second, state: "cancelled", attempts: 0, reason: "no more" },
      ]);
      expect(await store.standings([])).toEqual([]);
    });

    test("tells of a commit by another connection at once, and of none until its time or its signal", async () => {
      const wait = async (ms: number, signal?: AbortSignal) => {
        const version = await store.version();
        const changed = store.changed(version, ms, signal);
        return { changed, isOther: async () => (await store.version()) !== version };
      };
      const other = subject.open();
      const first = await wait(20_000);
      await pushOne(other);
      await first.changed;
      expect(await first.isOther()).toBe(true);
      const second = await wait(20);
      await second.changed;
      expect(await second.isOther()).toBe(false);
      const stop = new AbortController();
      const third = await wait(20_000, stop.signal);
      stop.abort();
      await third.changed;
      expect(await third.isOther()).toBe(false);
      await store.changed(await store.version(), 20_000, AbortSignal.abort());
    });

    test("lists each queue, model and call of tasks once, whatever their state", async () => {
      expect(await store.names()).toEqual({ queues: [], models: [], calls: [] });
      const mail = { queue: "mail", model: "letter" };
      const [id = 0] = await store.push([
        newTask(mail),
        newTask(),
        newTask(mail),
        newTask({ model: "thumbnail", method: "call", instances: [] }),
      ]);
      await store.cancel(id);
      const { queues, models, calls } = await store.names();
      expect(queues.toSorted()).toEqual(["default", "mail"]);
      expect(models.toSorted()).toEqual(["letter", "sale", "thumbnail"]);
      expect(calls).toContainEqual({ model: "letter", method: "process" });
      expect(calls).toContainEqual({ model: "thumbnail", method: null });
      expect(calls).toHaveLength(3);
    });

    test("a task that does not exist is null", async () => {
      expect(await store.get(99)).toBeNull();
    });

    test("counts ready tasks up to a limit", async () => {
      await store.push(Array.from({ length: 5 }, (_, i) => newTask({ queue: i < 3 ? "a" : "b" })));
      await pushOne(store, { queue: "a", scheduledAt: clock.now() + 1 });
      const counts = [["a"], ["b"], ["a", "b"], [], ["a*", "z"], ["z"]];
      const seen = [];
      for (const queues of counts) seen.push(await readyOf(store, queues, 10));
      expect(seen).toEqual([3, 2, 5, 5, 3, 0]);
      expect(await readyOf(store, [], 4)).toBe(4);
    });

    test("knows when the next scheduled task is due", async () => {
      expect(await dueOf(store)).toBeNull();
      await pushOne(store, { scheduledAt: clock.now() + 30 });
      const first = await pushOne(store, { scheduledAt: clock.now() + 10 });
      expect(await dueOf(store)).toBe(clock.now() + 10);
      await store.cancel(first);
      expect(await dueOf(store)).toBe(clock.now() + 30);
    });

    test("knows whether its queues have work", async () => {
      const work = (queues: string[], scheduled = false) => store.hasWork(queues, scheduled);
      expect(await work([])).toBe(false);
      await pushOne(store, { queue: "later", scheduledAt: clock.now() + 10 });
      expect([
        await work([]),
        await work([], true),
        await work(["late*"], true),
        await work(["x"], true),
      ]).toEqual([false, true, true, false]);
      await pushOne(store, { queue: "mail" });
      expect([
        await work([]),
        await work(["mail"]),
        await work(["m*"]),
        await work(["pdf"]),
      ]).toEqual([true, true, true, false]);
      const task = await claimFirst(store);
      expect([await work(["mail"]), await work(["pdf"])]).toEqual([true, false]);
      await finish(task);
      expect(await work(["mail"])).toBe(false);
    });

    test("counts each queue's tasks by state", async () => {
      await store.push([
        newTask({ queue: "b" }),
        newTask({ queue: "a" }),
        newTask({ queue: "a", scheduledAt: clock.now() + 1 }),
      ]);
      await fail(await claimFirst(store, { queues: ["b"] }));
      await claimFirst(store, { queues: ["a"] });
      expect((await store.status()).queues).toEqual([
        { queue: "a", scheduled: 1, ready: 0, running: 1, failed: 0, served: false, paused: false },
        { queue: "b", scheduled: 0, ready: 0, running: 0, failed: 1, served: false, paused: false },
      ]);
    });

    test("tells of each queue whether a live worker takes its tasks; a program without threads takes none", async () => {
      const served = async () =>
        (await store.status()).queues.map((one) => [one.queue, one.served]);
      await store.push(["mail", "pdf-a4", "prnit"].map((queue) => newTask({ queue })));
      await store.register({ id: "program", pid: 1, threads: 0, queues: [] });
      await register("worker-1"); // of mail and pdf*
      expect(await served()).toEqual([
        ["mail", true],
        ["pdf-a4", true],
        ["prnit", false],
      ]);
      await subject.kill("worker-1");
      expect((await served()).map(([, is]) => is)).toEqual([false, false, false]);
      await store.unregister("program");
    });

    test("notices a commit of another", async () => {
      const other = subject.open();
      const before = await store.version();
      expect(await store.version()).toBe(before);
      await pushOne(other);
      expect(await store.version()).not.toBe(before);
    });
  });
}
