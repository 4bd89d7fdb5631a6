/** What a delete takes away, and that it takes away no change of another transaction. */
import { expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { Counter, get, make } from "../transaction/counter.ts";
import { errorOf, makeRuntime, outside } from "./support.ts";

const start = <T>(fn: () => Promise<T>) => Transaction.start({}, fn);

/** Runs this in a transaction of its own, whatever transaction its caller is in. */
const elsewhere = (fn: () => Promise<void>) => outside(() => start(fn));

async function set(id: number, value: number): Promise<void> {
  const counter = await get(id);
  counter.value = value;
  await counter.save();
}

test("a record that another transaction changed since it was read is not deleted", async () => {
  await using tq = makeRuntime();
  const [{ id }, other] = [await make("a"), await make("b")];
  const error = await errorOf(
    start(async () => {
      const counter = await get(id);
      await elsewhere(() => set(id, 7));
      await Counter.delete([other, counter]);
    }),
  );
  expect(error.message).toBe(
    "Cannot delete counter 1: value was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again",
  );
  expect(error.code).toBe("conflict");
  expect(tq.sql("SELECT name, value FROM counter ORDER BY id")).toEqual([
    { name: "a", value: 7 },
    { name: "b", value: 0 },
  ]);
});

test("a transaction cannot commit after the conflict of a delete that its code caught", async () => {
  await using tq = makeRuntime();
  const { id } = await make();
  const error = await errorOf(
    start(async () => {
      const counter = await get(id);
      await elsewhere(() => set(id, 7));
      await counter.delete().catch(() => undefined);
      await Counter.create([{ name: "b", value: 1 }]);
    }),
  );
  expect(error.message).toContain("Cannot commit: a record was changed by another transaction");
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "a" }]);
});

test("a record that another transaction deleted since it was read is a conflict", async () => {
  await using _tq = makeRuntime();
  const { id } = await make();
  const error = await errorOf(
    start(async () => {
      const counter = await get(id);
      await elsewhere(async () => (await get(id)).delete());
      await counter.delete();
    }),
  );
  expect(error.message).toBe(
    "Cannot delete counter 1: it was deleted since it was read; run the transaction again",
  );
});

test("a transaction deletes what it has changed itself, and may delete it twice", async () => {
  await using tq = makeRuntime();
  const { id } = await make();
  await start(async () => {
    const counter = await get(id);
    counter.value = 5;
    await counter.save();
    await Transaction.current.sql`UPDATE counter SET value = 6 WHERE id = ${id}`;
    await counter.delete();
    await Counter.delete([counter, counter]);
    counter.value = 7;
    expect((await errorOf(counter.save())).message).toBe(
      "Cannot save counter 1: it no longer exists",
    );
  });
  expect(tq.sql("SELECT id FROM counter")).toEqual([]);
});

test("a record whose delete was undone by a savepoint is browsed and saved again", async () => {
  await using tq = makeRuntime();
  const { id } = await make();
  await start(async () => {
    const counter = await get(id);
    await Transaction.current.sql`SAVEPOINT mine`;
    await counter.delete();
    await Transaction.current.sql`ROLLBACK TO mine`;
    expect((await errorOf(save(counter))).message).toContain("was rolled back; browse it again");
    await save(await get(id));
  });
  expect(tq.sql("SELECT value FROM counter")).toEqual([{ value: 1 }]);
});

async function save(counter: Counter): Promise<void> {
  counter.value = 1;
  await counter.save();
}
