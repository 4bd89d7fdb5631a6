/** Pushing tasks, one by one and together. */
import { describe, expect, test } from "bun:test";
import { nextTurn } from "../../../src/next-turn.ts";
import type { ReadFilter } from "../../../src/store/looking.ts";
import { errorOf } from "../../support/error.ts";
import { claimFirst, newTask, pushOne } from "../../support/store.ts";
import { clock, finish, stateOf, store, subject } from "./subject.ts";

export function pushTests(): void {
  describe("push", () => {
    test("gives growing ids in the order of the tasks", async () => {
      const ids = await store.push([newTask({ method: "a" }), newTask({ method: "b" })]);
      const more = await store.push([newTask({ method: "c" })]);
      const methods = await Promise.all(
        [...ids, ...more].map(async (id) => (await store.get(id))?.method),
      );
      expect(methods).toEqual(["a", "b", "c"]);
      expect([...ids, ...more]).toEqual([...ids, ...more].sort((a, b) => a - b));
    });

    test("of nothing gives no ids", async () => {
      expect(await store.push([])).toEqual([]);
    });

    test("stores everything that was given", async () => {
      const id = await pushOne(store, {
        model: "party.party",
        method: "größer",
        instances: [3, 1, 3],
        args: '[{"a":"\\u0000é😀"}]',
        context: '{"language":"fr"}',
        user: 4,
        queue: "mail",
        priority: -2,
        expectedAt: clock.now() + 1000,
        ref: "invoice 7",
      });
      expect(await store.get(id)).toEqual({
        id,
        state: "ready",
        queue: "mail",
        priority: -2,
        model: "party.party",
        method: "größer",
        instances: [3, 1, 3],
        args: [{ a: "\0é😀" }],
        user: 4,
        context: { language: "fr" },
        ref: "invoice 7",
        enqueued_at: clock.now(),
        scheduled_at: null,
        expected_at: clock.now() + 1000,
        expires_at: null,
        dequeued_at: null,
        finished_at: null,
        attempts: 0,
        failures: 0,
        snoozes: 0,
        crashes: 0,
        worker: null,
        policy: null,
        result: null,
        reason: null,
      });
    });

    test("for later is scheduled; for now or before is ready", async () => {
      const at = (ms: number) => pushOne(store, { scheduledAt: clock.now() + ms });
      const states = [];
      for (const ms of [1, 0, -1000]) states.push(await stateOf(await at(ms)));
      expect(states).toEqual(["scheduled", "ready", "ready"]);
    });

    test("finds a task by its ref", async () => {
      const id = await pushOne(store, { ref: "a\\b 'ü'" });
      expect((await store.getByRef("a\\b 'ü'"))?.id).toBe(id);
      expect(await store.getByRef("a")).toBeNull();
    });

    test("with a ref that is taken is refused, and none of its list is stored", async () => {
      await pushOne(store, { ref: "r1" });
      const list = [newTask({ ref: "r2" }), newTask({ ref: "r1" })];
      expect(store.push(list)).rejects.toMatchObject({
        code: "conflict",
        message: 'Cannot push with ref "r1": task 1 has it, and is ready',
      });
      await store.push(list).catch(() => undefined);
      await store.write(async (session) => {
        await session.push(list).catch(() => undefined);
        await session.push([newTask({ ref: "r3" })]);
      });
      expect((await store.list()).map(({ ref }) => ref)).toEqual(["r3", "r1"]);
    });

    test("with a ref that is taken says which task has it, and what frees the ref", async () => {
      const id = await pushOne(store, { ref: "r1" });
      const again = () => errorOf(pushOne(store, { ref: "r1" }));
      expect(await again()).toMatchObject({ task: { id, state: "ready" } });
      await store.cancel(id);
      expect(await again()).toMatchObject({
        task: { id, state: "cancelled" },
        message: `Cannot push with ref "r1": task ${id} has it, and is cancelled; it keeps its ref until it is cleaned or deleted: retry that task, delete it, or give another ref`,
      });
      const twice = [newTask({ ref: "r2" }), newTask({ ref: "r2" })];
      expect((await errorOf(store.push(twice))).message).toBe(
        'Cannot push with ref "r2": another task of this push has it',
      );
    });

    test("is listed by its ref", async () => {
      await pushOne(store);
      const id = await pushOne(store, { ref: "r1" });
      const found = async (filter: ReadFilter) => (await store.list(filter)).map((it) => it.id);
      expect(await found({ ref: "r1", limit: 1 })).toEqual([id]);
      expect(await found({ ref: "r1", states: ["failed"] })).toEqual([]);
      expect(await found({ ref: "r" })).toEqual([]);
    });

    test("never uses an id twice, also after a clean", async () => {
      const id = await pushOne(store);
      await finish(await claimFirst(store));
      const after = { finishedBefore: clock.now() + 1, failedBefore: 0, limit: 10 };
      expect(await store.clean(after)).toBe(1);
      expect(await pushOne(store)).toBeGreaterThan(id);
    });
  });

  describe("pushes that arrive together", () => {
    /** How many commits these pushes take. */
    async function commitsOf(push: () => Promise<readonly unknown[]>): Promise<number> {
      const before = await subject.commits();
      await push();
      return (await subject.commits()) - before;
    }

    function together(count: number): Promise<number[]> {
      return Promise.all(Array.from({ length: count }, (_, user) => pushOne(store, { user })));
    }

    test("share one commit", async () => {
      let ids: number[] = [];
      expect(await commitsOf(async () => (ids = await together(50)))).toBe(1);
      const users = await Promise.all(ids.map(async (id) => (await store.get(id))?.user));
      expect(users).toEqual(Array.from({ length: 50 }, (_, user) => user));
    });

    test("share one commit also after many that came alone", async () => {
      for (let alone = 1; alone <= 20; alone++) {
        expect(await commitsOf(async () => [await pushOne(store)])).toBe(1);
        if (alone > 15) expect(await commitsOf(() => together(10))).toBe(1);
      }
    });

    test("share a few commits when they come by different ways", async () => {
      for (let alone = 0; alone < 20; alone++) await pushOne(store);
      const callers = Array.from({ length: 100 }, async () => {
        await nextTurn();
        return pushOne(store);
      });
      expect(await commitsOf(() => Promise.all(callers))).toBeLessThanOrEqual(10);
    });

    test("fail alone: the others are stored", async () => {
      await pushOne(store, { ref: "taken" });
      const results = await Promise.allSettled([
        pushOne(store, { user: 1 }),
        pushOne(store, { user: 2, ref: "taken" }),
        pushOne(store, { user: 3, ref: "free" }),
        pushOne(store, { user: 4, ref: "free" }),
        pushOne(store, { user: 5 }),
      ]);
      expect(results.map(({ status }) => status === "fulfilled")).toEqual([
        true,
        false,
        true,
        false,
        true,
      ]);
      expect((await store.list()).map(({ user }) => user)).toEqual([5, 3, 1, 0]);
    });

    test("that are refused leave nothing of themselves, and leave the others", async () => {
      await pushOne(store, { ref: "taken" });
      const list = (user: number, ref: string | null) =>
        store.push([newTask({ user }), newTask({ user, ref }), newTask({ user })]);
      const results = await Promise.allSettled([
        list(1, null),
        list(2, "taken"),
        store.push([]),
        list(3, "free"),
        list(4, "free"),
        pushOne(store, { user: 5 }),
      ]);
      const isStored = results.map(({ status }) => status === "fulfilled");
      expect(isStored).toEqual([true, false, true, true, false, true]);
      const users = (await store.list()).map(({ user }) => user);
      expect(users).toEqual([5, 3, 3, 3, 1, 1, 1, 0]);
    });

    test("are all answered, also those that arrive while a group commits", async () => {
      const first = pushOne(store);
      await first;
      const late = Array.from({ length: 20 }, async (_, index) => {
        for (let turn = 0; turn < index; turn++) await nextTurn();
        return pushOne(store);
      });
      expect(new Set(await Promise.all(late)).size).toBe(20);
    });
  });
}
