/** Drizzle ORM on the transaction's own connection. */
import { eq } from "drizzle-orm";
import { drizzle } from "drizzle-orm/bun-sqlite";
import { integer, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { expect } from "bun:test";
import { Model, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { errorOf, makeRuntime, onSqlite, sentenceOf } from "./support.ts";

const invoice = sqliteTable("invoice", {
  id: integer().primaryKey({ autoIncrement: true }),
  number: text().notNull(),
  paid: integer({ mode: "boolean" }).notNull().default(false),
});

class Party extends ModelSQL("party", { name: v.string() }) {}

/** Drizzle in the current transaction. */
const orm = () => drizzle({ client: Transaction.current.database });

class Biller extends Model {
  declare static readonly __queue__: Queue<typeof Biller>;
  static override readonly __name__ = "biller";
  static async bill(_records: Biller[], number: string) {
    await orm().insert(invoice).values({ number });
    await Party.create([{ name: number }]);
    if (number === "bad") throw new Error("no");
  }
}

function makeInvoices() {
  const tq = makeRuntime();
  tq.sql(
    "CREATE TABLE invoice (id INTEGER PRIMARY KEY, number TEXT NOT NULL, paid INTEGER NOT NULL DEFAULT 0)",
  );
  return tq;
}

const numbers = (tq: ReturnType<typeof makeRuntime>) =>
  tq.sql<{ number: string }>("SELECT number FROM invoice ORDER BY id").map((row) => row.number);

const WHY = "Drizzle's driver for SQLite takes SQLite's own connection";

onSqlite(WHY).test(
  "its statements are part of the transaction, beside records and pushes",
  async () => {
    await using tq = makeInvoices();
    await Transaction.start({}, async () => {
      await Party.create([{ name: "a" }]);
      const db = orm();
      const [made] = await db.insert(invoice).values({ number: "1" }).returning();
      expect(made).toEqual({ id: 1, number: "1", paid: false });
      await db.update(invoice).set({ paid: true }).where(eq(invoice.id, 1));
      expect(await db.select().from(invoice)).toEqual([{ id: 1, number: "1", paid: true }]);
      expect(db.select().from(invoice).get()).toEqual({ id: 1, number: "1", paid: true });
      expect(await Party.search([])).toHaveLength(1);
      await Biller.__queue__.bill([1], "2");
      expect(numbers(tq)).toEqual([]);
    });
    expect(numbers(tq)).toEqual(["1"]);
    expect(await tq.tasks()).toHaveLength(1);
  },
);

onSqlite(WHY).test("it is rolled back with the transaction", async () => {
  await using tq = makeInvoices();
  const error = await errorOf(() =>
    Transaction.start({}, async () => {
      await orm().insert(invoice).values({ number: "1" });
      await Party.create([{ name: "a" }]);
      throw new Error("no");
    }),
  );
  expect(error.message).toBe("no");
  expect(numbers(tq)).toEqual([]);
});

onSqlite(WHY).test("its own transactions are parts of this one", async () => {
  await using tq = makeInvoices();
  await Transaction.start({}, async () => {
    const db = orm();
    db.transaction((tx) => {
      tx.insert(invoice).values({ number: "kept" }).run();
    });
    const failing = () =>
      db.transaction((tx) => {
        tx.insert(invoice).values({ number: "undone" }).run();
        throw new Error("no");
      });
    expect(failing).toThrow("no");
    db.transaction((tx) => {
      tx.insert(invoice).values({ number: "outer" }).run();
      expect(() =>
        tx.transaction((inner) => {
          inner.insert(invoice).values({ number: "inner" }).run();
          inner.rollback();
        }),
      ).toThrow();
    });
    expect(numbers(tq)).toEqual([]);
  });
  expect(numbers(tq)).toEqual(["kept", "outer"]);
});

onSqlite(WHY).test("it works in a task, and goes with the task's effects", async () => {
  await using tq = makeInvoices();
  await Biller.__queue__.bill([1], "good");
  await Biller.__queue__.bill([1], "bad");
  expect((await tq.runAll()).map(({ state }) => state)).toEqual(["finished", "failed"]);
  expect(numbers(tq)).toEqual(["good"]);
  expect(tq.sql("SELECT name FROM party")).toEqual([{ name: "good" }]);
});

onSqlite(WHY).test(
  "a handle that somebody kept refuses to work after the transaction",
  async () => {
    await using tq = makeInvoices();
    let kept: ReturnType<typeof orm> | undefined;
    await Transaction.start({}, async () => {
      kept = orm();
      await kept.insert(invoice).values({ number: "1" });
    });
    const reason = (error: unknown): string =>
      error instanceof Error ? `${error.message} ${reason(error.cause)}` : "";
    for (const use of [
      () => kept?.insert(invoice).values({ number: "late" }).run(),
      () => kept?.select().from(invoice).all(),
      () => kept?.transaction((tx) => tx.insert(invoice).values({ number: "late" }).run()),
    ]) {
      expect(reason(await errorOf(use))).toContain("it has ended");
    }
    expect(numbers(tq)).toEqual(["1"]);
  },
);

onSqlite(WHY).test("the connection is not for ending the transaction by hand", async () => {
  await using tq = makeInvoices();
  const sentence = await sentenceOf(() =>
    Transaction.start({}, async () => {
      await orm().insert(invoice).values({ number: "1" });
      Transaction.current.database.run("COMMIT");
    }),
  );
  expect(sentence).toContain("use Transaction.current.commit(), or throw to roll back");
  expect(numbers(tq)).toEqual([]);
});
