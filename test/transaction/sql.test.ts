/** SQL of one's own in a transaction, as a tagged template. */
import { describe, expect, test } from "bun:test";
import { Model, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { errorOf, IS_POSTGRES, makeRuntime, outside, sentenceOf } from "../model/support.ts";

class Sale extends ModelSQL("sale", { name: v.string(), total: v.optional(v.number()) }) {}

function inTransaction<T>(fn: () => Promise<T>): Promise<T> {
  return Transaction.start({}, fn);
}

async function makeSales(...names: string[]): Promise<void> {
  await inTransaction(async () => void (await Sale.create(names.map((name) => ({ name })))));
}

describe("a statement", () => {
  test("gives its rows as objects, or as lists", async () => {
    await using _tq = makeRuntime();
    await makeSales("a", "b");
    await inTransaction(async () => {
      const { sql } = Transaction.current;
      expect(await sql`SELECT id, name FROM sale ORDER BY id`).toEqual([
        { id: 1, name: "a" },
        { id: 2, name: "b" },
      ]);
      expect(await sql`SELECT name, name FROM sale WHERE id = ${2}`.values()).toEqual([["b", "b"]]);
      expect(await sql`SELECT 1 FROM sale WHERE id = 99`).toEqual([]);
    });
  });

  test("takes values as parameters, whatever is in them", async () => {
    await using _tq = makeRuntime();
    const text = "x'); DROP TABLE sale; --";
    const bytes = new Uint8Array([0, 255]);
    await makeSales("a");
    await inTransaction(async () => {
      const { sql } = Transaction.current;
      await sql`UPDATE sale SET name = ${text} WHERE id = ${1}`;
      expect(await sql`SELECT name FROM sale`).toEqual([{ name: text }]);
      const [row] = await sql`SELECT ${1.5} AS n, ${null} AS z, ${true} AS t, ${bytes} AS b`;
      expect(row).toEqual({ n: 1.5, z: null, t: IS_POSTGRES ? true : 1, b: bytes });
      await sql`UPDATE sale SET total = ${9_007_199_254_740_993n} - 9007199254740000`;
      expect(await sql`SELECT total FROM sale`).toEqual([{ total: 993 }]);
    });
  });

  test("is committed with its transaction, and rolled back with it", async () => {
    await using tq = makeRuntime();
    await makeSales("a");
    await inTransaction(async () => {
      await Transaction.current.sql`UPDATE sale SET name = 'kept'`;
    });
    await errorOf(
      inTransaction(async () => {
        await Transaction.current.sql`UPDATE sale SET name = 'lost'`;
        throw new Error("no");
      }),
    );
    expect(tq.sql("SELECT name FROM sale")).toEqual([{ name: "kept" }]);
  });

  test("that is not awaited is run all the same, once, and its failure ends the transaction", async () => {
    await using tq = makeRuntime();
    await makeSales("a");
    await inTransaction(async () => {
      void Transaction.current.sql`UPDATE sale SET total = coalesce(total, 0) + 1`;
      const rows = Transaction.current.sql`UPDATE sale SET total = total + 10 RETURNING total`;
      expect([await rows, await rows.values(), await rows]).toEqual([
        [{ total: 11 }],
        [[11]],
        [{ total: 11 }],
      ]);
    });
    expect(tq.sql("SELECT total FROM sale")).toEqual([{ total: 11 }]);
    const failing = inTransaction(async () => void Transaction.current.sql`SELECT nonsense`);
    expect(await sentenceOf(() => failing)).toMatch(
      /no such column: nonsense|column "nonsense" does not exist/,
    );
  });

  test("waits for another transaction that writes, and does not block the program", async () => {
    await using _tq = makeRuntime();
    await makeSales("a");
    const first = Promise.withResolvers<void>();
    const written = Promise.withResolvers<void>();
    const one = outside(() =>
      inTransaction(async () => {
        await Transaction.current.sql`UPDATE sale SET name = name || '1'`;
        written.resolve();
        await first.promise;
      }),
    );
    const two = outside(() =>
      inTransaction(async () => {
        await written.promise;
        first.resolve();
        await Transaction.current.sql`UPDATE sale SET name = name || '2'`;
        return Transaction.current.sql`SELECT name FROM sale`;
      }),
    );
    await one;
    expect(await two).toEqual([{ name: "a12" }]);
  });
});

describe("a statement is refused", () => {
  test.each<[why: string, run: () => Promise<unknown>, sentence: string]>([
    [
      "with several statements",
      () => Transaction.current.sql`SELECT 1; DELETE FROM sale`,
      "it has 2 statements; give one at a time",
    ],
    ["without one", () => Transaction.current.sql` -- nothing`, "there is no statement in it"],
    [
      "that ends the transaction",
      () => Transaction.current.sql`COMMIT`,
      "this statement would end the transaction",
    ],
    [
      "with a value that SQLite does not have",
      () => Transaction.current.sql`SELECT ${new Date(0) as never}`,
      "value 1 cannot be 1970-01-01T00:00:00.000Z: give a text, a number, a boolean, null or bytes",
    ],
    ["with undefined", () => Transaction.current.sql`SELECT ${undefined as never}`, "value 1"],
    ["with NaN", () => Transaction.current.sql`SELECT 1, ${Number.NaN}`, "value 1 cannot be NaN"],
    [
      "with half a surrogate pair",
      () => Transaction.current.sql`SELECT ${"\ud800"}`,
      "it has half a surrogate pair",
    ],
    [
      "with an integer beyond 64 bits",
      () => Transaction.current.sql`SELECT ${2n ** 64n}`,
      "it is beyond 64 bits",
    ],
    [
      "with too few values",
      () => Transaction.current.sql.unsafe(IS_POSTGRES ? "SELECT $1, $2" : "SELECT ?1, ?2", [1]),
      "it takes 2 values, and 1 were given",
    ],
  ])("%s, and the transaction goes on", async (_, run, sentence) => {
    await using _tq = makeRuntime();
    await makeSales("a");
    await inTransaction(async () => {
      expect((await errorOf(run)).message).toContain(sentence);
      expect(await Transaction.current.sql`SELECT name FROM sale`).toEqual([{ name: "a" }]);
    });
  });

  test("as a plain call, whose values would stand in its text", async () => {
    await using _tq = makeRuntime();
    await inTransaction(async () => {
      const { sql } = Transaction.current;
      expect(await sentenceOf(() => sql("SELECT 1" as never))).toContain("as a template");
    });
  });

  test("once its transaction has ended", async () => {
    await using _tq = makeRuntime();
    const { sql } = await inTransaction(async () => Transaction.current);
    expect(await sentenceOf(() => sql`SELECT 1`)).toContain("it has ended");
  });
});

test("a statement of a task in a batch is undone with its task alone", async () => {
  class Mover extends Model {
    declare static readonly __queue__: Queue<typeof Mover>;
    static override readonly __name__ = "mover";
    static async move(_records: Mover[], by: number) {
      await Transaction.current.sql`UPDATE sale SET total = coalesce(total, 0) + ${by}`;
      if (by > 100) throw new Error("too far");
    }
  }
  await using tq = makeRuntime();
  await makeSales("a");
  const ids: number[] = [];
  for (const by of [1, 1000, 10]) ids.push(...(await Mover.__queue__.move([1], by)));
  const states = (await tq.runBatch(ids)).map(({ state }) => state);
  expect(states).toEqual(["finished", "failed", "finished"]);
  expect(tq.sql("SELECT total FROM sale")).toEqual([{ total: 11 }]);
});
