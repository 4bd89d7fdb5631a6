/** Sessions: commit, roll back, savepoints, release. */
import { describe, expect, test } from "bun:test";
import { errorOf } from "../../support/error.ts";
import { newTask, OWNER, pushOne, withSession } from "../../support/store.ts";
import { store, subject } from "./subject.ts";

export function sessionTests(): void {
  describe("a session", () => {
    test("keeps what it did until it commits, and then for all", async () => {
      const other = subject.open();
      await withSession(store, async (session) => {
        const [id = 0] = await session.push([newTask()]);
        expect(session.writing).toBe(true);
        expect(await other.get(id)).toBeNull();
        await session.commit();
        expect(session.writing).toBe(false);
        expect(await other.get(id)).not.toBeNull();
      });
    });

    test("undoes everything when it rolls back or is released", async () => {
      await withSession(store, async (session) => {
        await session.push([newTask()]);
        await session.rollback();
        await session.push([newTask()]);
      });
      expect(await store.list()).toEqual([]);
    });

    test("refuses all use once it is released, and leaves the connection clean", async () => {
      const session = store.session();
      await session.push([newTask()]);
      await store.release(session);
      await store.release(session);
      const use: (() => unknown)[] = [
        () => session.begin(),
        () => session.push([newTask()]),
        () => session.claim({ owner: OWNER, queues: [], limit: 1 }),
        () => session.lostClaims([{ id: 1, claim: 1 }]),
        () => session.settle({ id: 1, claim: 1 }, { kind: "finished", result: null, reason: null }),
        () => session.savepoint(),
        () => session.records.read({ name: "x", columns: [] }, [1]),
        () => session.raw(false),
      ];
      for (const attempt of use) {
        expect((async () => attempt())()).rejects.toMatchObject({ code: "conflict" });
      }
      await withSession(store, async (next) => {
        expect(next.writing).toBe(false);
        await next.push([newTask()]);
        await next.commit();
      });
      expect(await store.list()).toHaveLength(1);
    });

    test("goes back to its savepoint, and keeps what was before it", async () => {
      await store.write(async (session) => {
        await session.push([newTask({ user: 1 })]);
        await session.savepoint();
        await session.push([newTask({ user: 2 })]);
        await session.rollbackToSavepoint();
        await session.savepoint();
        await session.push([newTask({ user: 3 })]);
        await session.releaseSavepoint();
      });
      expect((await store.list()).map(({ user }) => user)).toEqual([3, 1]);
    });

    test("forgets a table that was made in a savepoint and rolled back", async () => {
      const table = { name: "thing", columns: [{ name: "a", type: "TEXT" as const }] };
      await store.write(async (session) => {
        await session.savepoint();
        await session.records.ensureTable(table);
        await session.rollbackToSavepoint();
        await session.records.ensureTable(table);
        await session.records.insert(table, ["x"]);
      });
      await withSession(store, async (session) => {
        expect(await session.records.read(table, [1])).toEqual([[1, "x"]]);
      });
    });

    test("gives old rows the initial value of a new column, and names the required ones that they lack", async () => {
      const a = { name: "a", type: "TEXT" as const };
      const b = { name: "b", type: "INTEGER" as const, initial: () => 7 };
      const c = { name: "c", type: "TEXT" as const, required: () => true };
      const wider = { name: "thing", columns: [a, b, c] };
      await store.write(async (session) => {
        const old = { name: "thing", columns: [a] };
        expect(await session.records.ensureTable(old)).toEqual([]);
        await session.records.insert(old, ["x"]);
        expect(await session.records.ensureTable(wider)).toEqual(["c"]);
        expect(await session.records.ensureTable(wider)).toEqual([]);
      });
      await withSession(store, async ({ records }) => {
        expect(await records.read(wider, [1])).toEqual([[1, "x", 7, null]]);
      });
    });

    test("that is asked twice at once to write begins once", async () => {
      const other = store.session();
      await other.begin();
      await withSession(store, async (session) => {
        const begin = async () => session.begin();
        const pushes = [session.push([newTask()]), session.push([newTask()]), begin()];
        await store.release(other);
        await Promise.all(pushes);
        await session.commit();
      });
      expect(await store.list()).toHaveLength(2);
    });

    test("released while it waits for its turn leaves the turn free", async () => {
      const other = store.session();
      await other.begin();
      const session = store.session();
      const begin = session.begin();
      const released = store.release(session);
      await store.release(other);
      expect(begin).rejects.toMatchObject({ code: "conflict" });
      await released;
      expect(await pushOne(store)).toBeGreaterThan(0);
    });

    test("may end its transaction after the store was closed, and begins no other", async () => {
      const closing = subject.open({ durability: "full" });
      const session = closing.session();
      const ids = await session.push([newTask()]);
      const waiting = closing.session();
      await closing.close();
      await session.commit();
      await closing.release(session);
      expect(await store.get(ids[0] ?? 0)).toMatchObject({ state: "ready" });
      const refused = expect.objectContaining({
        code: "conflict",
        message: expect.stringContaining("it was closed, with the worker that it belongs to"),
      });
      const late = [() => waiting.begin(), () => waiting.lostClaims([]), () => closing.list()];
      for (const use of late) expect(await errorOf(async () => use())).toEqual(refused);
      expect(await pushOne(store)).toBeGreaterThan(0); // its turn is free
    });

    test("runs write functions, and rolls back one that throws", async () => {
      expect(await store.write(async () => 42)).toBe(42);
      const broken = store.write(async (session) => {
        await session.push([newTask()]);
        throw new Error("broken");
      });
      expect(broken).rejects.toThrow("broken");
      await broken.catch(() => undefined);
      expect(await store.list()).toEqual([]);
    });
  });
}
