/** In one transaction one object stands for a row, however its code comes by it: no save is lost. */
import { describe, expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { Counter, get, make, valueOf } from "../transaction/counter.ts";
import { errorOf, makeRuntime, outside } from "./support.ts";

const start = <T>(fn: () => Promise<T>, lock = false) => Transaction.start({ lock }, fn);

/** Adds to the value of a record and saves it. */
async function add(counter: Counter | undefined, by: number): Promise<void> {
  if (!counter) throw new Error("there is no counter");
  counter.value += by;
  await counter.save();
}

describe.each([
  ["with the write lock", true],
  ["without a lock", false],
] as const)("%s", (_, lock) => {
  test.each([
    ["browse", async (id: number) => [await get(id), await get(id)]],
    ["browse with a duplicate", (id: number) => Counter.browse([id, id])],
    ["browse at once", async (id: number) => Promise.all([get(id), get(id)])],
    [
      "browse and search",
      async (id: number) => [await get(id), ...(await Counter.search([["id", "=", id]]))],
    ],
    ["search twice", async () => [...(await Counter.search([])), ...(await Counter.search([]))]],
  ] as [string, (id: number) => Promise<Counter[]>][])(
    "two saves of a row read by %s both count",
    async (_how, read) => {
      await using _tq = makeRuntime();
      const { id } = await make();
      await start(async () => {
        const [a, b] = await read(id);
        await add(a, 10);
        expect(b?.value).toBe(10);
        await add(b, 1);
        await add(a, 1);
      }, lock);
      expect(await valueOf(id)).toBe(12);
    },
  );

  test("a record that was made is the one that browse gives", async () => {
    await using _tq = makeRuntime();
    const ids = await start(async () => {
      const [made] = await Counter.create([{ name: "a", value: 1 }]);
      const saved = new Counter({ name: "b", value: 1 });
      await saved.save();
      await add(await get(made?.id ?? 0), 10);
      await add(await get(saved.id), 10);
      await add(made, 1);
      await add(saved, 1);
      return [made?.id ?? 0, saved.id];
    }, lock);
    expect(await Promise.all(ids.map(valueOf))).toEqual([12, 12]);
  });

  test("lock keeps the object that stands for the row", async () => {
    await using _tq = makeRuntime();
    const { id } = await make();
    await start(async () => {
      const [a, b] = [await get(id), await get(id)];
      await add(a, 10);
      await Counter.lock([b]);
      await add(b, 1);
      await add(a, 1);
    }, lock);
    expect(await valueOf(id)).toBe(12);
  });

  test("after commit() a row that nobody changed has the same object", async () => {
    await using _tq = makeRuntime();
    const { id } = await make();
    await start(async () => {
      const a = await get(id);
      await add(a, 10);
      await Transaction.current.commit();
      await add(await get(id), 1);
      await add(a, 1);
    }, lock);
    expect(await valueOf(id)).toBe(12);
  });

  test("a change by the transaction's own SQL shows after the next read", async () => {
    await using _tq = makeRuntime();
    const { id } = await make();
    await start(async () => {
      const a = await get(id);
      await add(a, 10);
      a.note = "unsaved";
      await Transaction.current
        .sql`UPDATE counter SET value = 20, note = 'theirs' WHERE id = ${id}`;
      const b = await get(id);
      expect([b.value, a.value, a.note]).toEqual([20, 20, "unsaved"]);
      await add(b, 1);
    }, lock);
    expect(await valueOf(id)).toBe(21);
  });

  test("after a savepoint was rolled back, browse gives what the row holds", async () => {
    await using _tq = makeRuntime();
    const { id } = await make();
    await start(async () => {
      const a = await get(id);
      await Transaction.current.sql`SAVEPOINT mine`;
      await add(a, 10);
      await Transaction.current.sql`ROLLBACK TO mine`;
      const b = await get(id);
      expect(b.value).toBe(0);
      await add(b, 1);
      expect((await errorOf(() => add(a, 1))).message).toContain("was rolled back");
    }, lock);
    expect(await valueOf(id)).toBe(1);
  });
});

test("a record of an earlier transaction is not overwritten by a second object of its row", async () => {
  await using _tq = makeRuntime();
  const old = await make();
  const error = await errorOf(
    start(async () => {
      const b = await get(old.id);
      await add(old, 10);
      await add(b, 1);
    }),
  );
  expect(error.message).toContain("Cannot save counter 1: value was changed");
  expect(await valueOf(old.id)).toBe(0);
});

test("under the write lock a second object of a row fails with the sentence of its own transaction", async () => {
  await using _tq = makeRuntime();
  const old = await make();
  const error = await errorOf(
    start(async () => {
      const b = await get(old.id);
      await add(old, 10);
      await add(b, 1);
    }, true),
  );
  expect(error.message).toBe(
    "Cannot save counter 1: this transaction has changed value through another object of the record; use that one, or browse again",
  );
});

test("after commit() a row that another transaction changed has a new object, and the old one conflicts", async () => {
  await using _tq = makeRuntime();
  const { id } = await make();
  const error = await errorOf(
    start(async () => {
      const a = await get(id);
      await add(a, 10);
      await Transaction.current.commit();
      await outside(() => start(async () => add(await get(id), 100)));
      const b = await get(id);
      expect([a.value, b.value]).toEqual([10, 110]);
      await add(b, 1);
      await add(a, 1);
    }),
  );
  expect(error.message).toContain("was changed");
  expect(await valueOf(id)).toBe(110);
});
