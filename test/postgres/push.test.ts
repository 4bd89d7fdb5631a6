/** Pushes to PostgreSQL from several processes at once. */
import { expect, test } from "bun:test";
import { isTqError } from "../../src/errors.ts";
import type { PushKey } from "../../src/store/push-keys.ts";
import type { Store } from "../../src/store/store.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { newTask, pushOne } from "../support/store.ts";

const BODY = new Uint8Array([1]);

function key(name: string): PushKey {
  return { caller: "shop", key: name, body: BODY };
}

/** The codes of the pushes that were refused. */
async function refusalsOf(pushes: readonly Promise<unknown>[]): Promise<string[]> {
  const ends = await Promise.allSettled(pushes);
  return ends.flatMap((end) => {
    if (end.status === "fulfilled") return [];
    if (isTqError(end.reason)) return end.reason.code;
    throw end.reason;
  });
}

needs("postgres").describe("a push to PostgreSQL", () => {
  test.each(["ref", "queue", "context"] as const)(
    "with a NUL in its %s is refused before it is sent, alone and in a transaction that goes on",
    async (field) => {
      await using pg = await makePostgres();
      const wrong = newTask({ [field]: "a\0b" });
      const sentence = `Cannot push: its ${field} cannot be "a\\u0000b": PostgreSQL stores no NUL character`;
      expect((await errorOf(pg.store.push([wrong]))).message).toBe(sentence);
      await pg.store.write(async (session) => {
        expect((await errorOf(session.push([newTask(), wrong]))).message).toBe(sentence);
        await session.push([newTask({ user: 7 })]);
      });
      const half = newTask({ [field]: "\ud800" });
      expect((await errorOf(pg.store.push([half]))).message).toContain("half a surrogate pair");
      expect((await pg.store.list()).map(({ user }) => user)).toEqual([7]);
    },
  );

  test("keeps the order of a long list, with refs, times and texts of every kind", async () => {
    await using pg = await makePostgres();
    const words = ["NULL", "null", "", '"', "\\", "{}", "a,b", "'", "ü😀", " "];
    const tasks = Array.from({ length: 12_000 }, (_, n) =>
      newTask({
        user: n,
        args: JSON.stringify([words[n % words.length]]),
        ...(n % 3 === 0 && { ref: `${words[n % words.length]}${n}` }),
        ...(n % 5 === 0 && { scheduledAt: pg.clock.now() + n }),
      }),
    );
    const ids = await pg.store.push(tasks);
    expect(ids).toEqual(ids.toSorted((a, b) => a - b));
    for (const n of [0, 1, 4_999, 5_000, 11_999]) {
      const task = await pg.store.get(ids[n] ?? 0);
      expect(task).toMatchObject({ user: n, args: [words[n % words.length]] });
      expect(task?.ref).toBe(tasks[n]?.ref ?? null);
      expect(task?.state).toBe(n % 5 === 0 && n > 0 ? "scheduled" : "ready");
    }
  });

  test("of lists that share refs in other orders stores each list once or not at all", async () => {
    await using pg = await makePostgres();
    const stores: Store[] = [pg.store, pg.open(), pg.open()];
    for (let round = 0; round < 5; round++) {
      const refs = Array.from({ length: 40 }, (_, n) => `${round}/${n}`);
      const lists = [refs, refs.toReversed(), [...refs.slice(20), ...refs.slice(0, 20)]];
      const pushes = lists.map((list, user) =>
        (stores[user] ?? pg.store).push(list.map((ref) => newTask({ ref, user }))),
      );
      expect(await refusalsOf(pushes)).toEqual(["conflict", "conflict"]);
    }
    const counted = await pg.database.run("SELECT count(*)::int AS tasks FROM tq.task");
    expect(counted).toEqual([{ tasks: 200 }]);
  });

  test("with a key is made once, though eight come from four processes at once", async () => {
    await using pg = await makePostgres();
    const stores: Store[] = [pg.store, pg.open(), pg.open(), pg.open()];
    for (const name of ["a", "b", "c"]) {
      const pushes = [...stores, ...stores].map(({ pushKeys }) =>
        pushKeys.push([newTask(), newTask()], key(name)),
      );
      const ends = await Promise.all(pushes);
      expect(ends.filter(({ isReplay }) => !isReplay)).toHaveLength(1);
      expect(new Set(ends.map(({ ids }) => ids.join()))).toHaveProperty("size", 1);
    }
    expect(await pg.store.list()).toHaveLength(6);
  });

  test("in a group with one that is refused gets the ref that the refused one leaves free", async () => {
    await using pg = await makePostgres();
    await pushOne(pg.store, { ref: "taken" });
    const list = (user: number, ...refs: string[]) => refs.map((ref) => newTask({ ref, user }));
    const ends = await Promise.allSettled([
      pg.store.push(list(1, "x", "taken")),
      pg.store.pushKeys.push(list(2, "x", "y"), key("k")),
      pg.store.push(list(3, "y", "z")),
      pg.store.pushKeys.push(list(4, "u"), key("k")),
      pg.store.push(list(5, "z", "z2")),
      pg.store.push(list(6, "v", "v")),
    ]);
    expect(ends.map(({ status }) => status === "fulfilled")).toEqual([
      false,
      true,
      false,
      true,
      true,
      false,
    ]);
    const stored = (await pg.store.list()).map(({ user, ref }) => `${user} ${ref}`);
    expect(stored.toSorted()).toEqual(["0 taken", "2 x", "2 y", "5 z", "5 z2"]);
    expect(ends[3]).toMatchObject({ value: { isReplay: true } });
  });

  test("from several processes fills the queue to its limit, and not beyond", async () => {
    await using pg = await makePostgres({ maxSize: 50 });
    const stores: Store[] = [pg.store, pg.open(), pg.open()];
    await Promise.all(stores.map((store) => store.list()));
    for (let round = 0; round < 12; round++) {
      await refusalsOf(
        stores.flatMap((store) => [pushOne(store), store.push([newTask(), newTask()])]),
      );
    }
    expect(await pg.store.list()).toHaveLength(50);
    const error = await errorOf(pushOne(pg.store));
    expect(error).toMatchObject({
      code: "full",
      message:
        "Cannot push a task: the queue has 50, and queue.max_size is 50; wait until some have run, or raise it",
    });
    expect(await pg.store.pushRefusal()).toBe(error.message);
  });
});
