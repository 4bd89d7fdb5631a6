/** A transaction that has ended: it takes no late work. */
import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { errorOf, makeRuntime, onSqlite, sentenceOf } from "../model/support.ts";
import { Counter, get, make } from "./counter.ts";

onSqlite("it uses SQLite's own connection").test(
  "a transaction that has ended refuses late work of every kind",
  async () => {
    await using tq = makeRuntime();
    const { id } = await make();
    const gate = Promise.withResolvers<void>();
    const ended =
      "Cannot use this transaction: it has ended; await everything before its function returns, and wrap code that outlives it, like a timer, a server or a queue that was made in it, in a Transaction.start of its own";
    let late: Promise<string[]> | undefined;
    let transaction: Transaction | undefined;
    let database: Database | undefined;
    let statement: ReturnType<Database["query"]> | undefined;
    await Transaction.start({}, async () => {
      transaction = Transaction.current;
      database = transaction.database;
      statement = database.query("SELECT 1");
      const counter = await get(id);
      late = gate.promise.then(() =>
        Promise.all(
          [
            () => counter.save(),
            () => counter.delete(),
            () => get(id),
            () => Counter.search([]),
            () => Counter.create([{ name: "late", value: 0 }]),
            () => Counter.lock([counter]),
            () => Counter.__queue__["touch"]?.([id]),
            () => Transaction.current.commit(),
            () => Transaction.current.database,
            () => Transaction.current.setUser(1, () => counter.save()),
          ].map(sentenceOf),
        ),
      );
    });
    gate.resolve();
    for (const sentence of (await late) ?? []) expect(sentence).toContain(ended);
    for (const use of [
      () => transaction?.database,
      () => transaction?.commit(),
      () => database?.run("DELETE FROM counter"),
      () => database?.query("SELECT 1"),
      () => statement?.all(),
    ]) {
      expect(await sentenceOf(use)).toContain(ended);
    }
    expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "a" }]);
    expect(await tq.tasks()).toEqual([]);
  },
);

test("what a transaction leaves running starts transactions of its own", async () => {
  await using tq = makeRuntime();
  const { id } = await make();
  const gate = Promise.withResolvers<void>();
  let late: Promise<unknown> | undefined;
  await Transaction.start({ user: 1 }, () => {
    late = gate.promise.then(() =>
      Transaction.start({ user: 2 }, () => Counter.__queue__["touch"]?.([id])),
    );
  });
  gate.resolve();
  await late;
  expect(await tq.tasks()).toMatchObject([{ user: 2 }]);
});

test("late work that waits for its turn as the transaction fails writes nothing and blocks nobody", async () => {
  await using tq = makeRuntime();
  await make();
  const go = Promise.withResolvers<void>();
  const reached = Promise.withResolvers<void>();
  const holder = Transaction.start({ lock: true }, async () => {
    reached.resolve();
    await go.promise;
  });
  await reached.promise;
  const failing = errorOf(() =>
    Transaction.start({}, async () => {
      void Counter.create([{ name: "late", value: 0 }]);
      await Promise.resolve();
      throw new Error("no");
    }),
  );
  go.resolve();
  await holder;
  expect((await failing).message).toBe("no");
  await make("b");
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "a" }, { name: "b" }]);
});
