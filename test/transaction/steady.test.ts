/** What a save compares where rows that were read may change while their transaction writes. */
import { describe, expect, test } from "bun:test";
import { ModelSQL, Transaction, v } from "../../src/index.ts";
import { errorOf, makeRuntime, onSqlite } from "../model/support.ts";

class Stock extends ModelSQL("stock", { name: v.string(), count: v.number() }) {}

/** Adds one to the record, after `meanwhile`. */
async function addOne(lock: boolean, meanwhile: (stock: Stock) => Promise<unknown>): Promise<void> {
  await Transaction.start({ lock }, async () => {
    await Stock.create([{ name: "it writes now", count: 0 }]);
    const [stock] = await Stock.browse([1]);
    if (!stock) throw new Error("There is no record 1");
    await meanwhile(stock);
    stock.count += 1;
    await stock.save();
  });
}

/** Stands for another transaction: the model knows nothing of it. */
const change = () => Transaction.current.sql`UPDATE stock SET count = 10 WHERE id = 1`;

async function makeStock(late: boolean) {
  const tq = makeRuntime({ late });
  await Transaction.start({}, () => Stock.create([{ name: "a", count: 1 }]));
  return tq;
}

describe("a record that was read while its transaction writes", () => {
  test("is compared when it is saved, where it may have changed since", async () => {
    await using tq = await makeStock(true);
    expect(await errorOf(addOne(false, change))).toMatchObject({ code: "conflict" });
    expect(tq.sql("SELECT count FROM stock WHERE id = 1")).toEqual([{ count: 1 }]);
  });

  onSqlite("others write at the same time").test(
    "is not compared where nobody can have changed it",
    async () => {
      await using tq = await makeStock(false);
      await addOne(false, change);
      expect(tq.sql("SELECT count FROM stock WHERE id = 1")).toEqual([{ count: 2 }]);
    },
  );
});

describe("a record that was read with a lock is not compared, on any store,", () => {
  test.each([true, false])("by lock(), answering late: %p", async (late) => {
    await using tq = await makeStock(late);
    await addOne(false, async (stock) => {
      await Stock.lock([stock]);
      await change();
    });
    expect(tq.sql("SELECT count FROM stock WHERE id = 1")).toEqual([{ count: 2 }]);
  });

  test.each([true, false])("in a transaction with lock: true, answering late: %p", async (late) => {
    await using tq = await makeStock(late);
    await addOne(true, change);
    expect(tq.sql("SELECT count FROM stock WHERE id = 1")).toEqual([{ count: 2 }]);
  });
});
