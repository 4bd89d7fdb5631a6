/** Transactions that run at once: none sees another, and no update is lost. */
import { expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { makeRuntime } from "../model/support.ts";
import { Counter, get, make, valueOf } from "./counter.ts";

test("two at once do not see each other, and both commit", async () => {
  await using tq = makeRuntime();
  await make();
  const first = Promise.withResolvers<void>();
  const second = Promise.withResolvers<void>();
  await Promise.all([
    Transaction.start({ user: 1 }, async () => {
      await Counter.create([{ name: "one", value: 1 }]);
      first.resolve();
      await second.promise;
      expect(Transaction.current.user).toBe(1);
    }),
    Transaction.start({ user: 2 }, async () => {
      await first.promise;
      expect(await Counter.search([["name", "=", "one"]])).toEqual([]);
      second.resolve();
      await Counter.create([{ name: "two", value: 2 }]);
    }),
  ]);
  expect(tq.sql("SELECT name FROM counter ORDER BY id")).toEqual([
    { name: "a" },
    { name: "one" },
    { name: "two" },
  ]);
});

test("fifty at once that take the lock lose no update", async () => {
  await using _tq = makeRuntime();
  const { id } = await make();
  await Promise.all(
    Array.from({ length: 50 }, () =>
      Transaction.start({ lock: true }, async () => {
        const counter = await get(id);
        await Promise.resolve();
        counter.value += 1;
        await counter.save();
      }),
    ),
  );
  expect(await valueOf(id)).toBe(50);
});

test("fifty at once that lock the record lose no update either", async () => {
  await using _tq = makeRuntime();
  const { id } = await make();
  await Promise.all(
    Array.from({ length: 50 }, () =>
      Transaction.start({}, async () => {
        const counter = await get(id);
        await Counter.lock([counter]);
        counter.value += 1;
        await counter.save();
      }),
    ),
  );
  expect(await valueOf(id)).toBe(50);
});

test("writes that one transaction does at once wait for its turn once, not for each other", async () => {
  await using tq = makeRuntime();
  await make();
  const reached = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  await Promise.all([
    Transaction.start({ lock: true }, async () => {
      reached.resolve();
      await go.promise;
    }),
    Transaction.start({}, async () => {
      await reached.promise;
      const both = Promise.all([
        Counter.create([{ name: "x", value: 1 }]),
        Counter.create([{ name: "y", value: 2 }]),
      ]);
      go.resolve();
      await both;
    }),
  ]);
  expect(tq.sql("SELECT count(*) AS n FROM counter")).toEqual([{ n: 3 }]);
});
