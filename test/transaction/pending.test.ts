/** Writes and pushes that nobody awaits: the commit waits for them, and fails with them. */
import { expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { errorOf, IS_LATE, IS_POSTGRES, makeRuntime, sentenceOf } from "../model/support.ts";
import { Counter, get, make } from "./counter.ts";

test("the commit waits for writes that nobody awaits", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    void Counter.create([{ name: "unawaited", value: 0 }]);
    void Counter.__queue__["touch"]?.([1]);
  });
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "unawaited" }]);
  expect(await tq.tasks()).toHaveLength(1);
});

test("a push that nobody awaits and that fails makes the commit fail, and nothing is kept", async () => {
  await using tq = makeRuntime();
  const error = await errorOf(() =>
    Transaction.start({}, async () => {
      await Counter.create([{ name: "a", value: 0 }]);
      void Counter.__queue__["touch"]?.([1], Number.NaN);
      void Counter.__queue__["touch"]?.([1]);
    }),
  );
  expect(error.message).toBe("args[0]: NaN is not JSON");
  expect(await tq.tasks()).toEqual([]);
  expect(await Transaction.start({}, () => Counter.search([]))).toEqual([]);
});

test("so does a save that nobody awaits, and commit() in the middle", async () => {
  await using _tq = makeRuntime();
  const { id } = await make();
  const sentence = await sentenceOf(() =>
    Transaction.start({}, async () => {
      const counter = await get(id);
      counter.value = 1.5;
      void counter.save();
    }),
  );
  expect(sentence).toContain("Cannot save counter 1: value cannot be 1.5");
  await Transaction.start({}, async () => {
    const push = Counter.__queue__["touch"]?.([id], Number.NaN);
    expect(await sentenceOf(() => Transaction.current.commit())).toContain("NaN is not JSON");
    expect(await sentenceOf(() => push)).toContain("NaN is not JSON");
  });
});

test.each<[string, (push: () => Promise<unknown>) => unknown]>([
  ["caught", async (push) => push().catch(() => undefined)],
  [
    "awaited in try",
    async (push) => {
      try {
        await push();
      } catch {
        // it is dealt with
      }
    },
  ],
  ["caught without being awaited", (push) => void push().catch(() => undefined)],
  ["in allSettled", (push) => Promise.allSettled([push(), push()])],
  [
    "caught later",
    async (push) => {
      const promise = push();
      await Counter.search([]);
      await promise.catch(() => undefined);
    },
  ],
])("a push that fails and is %s lets the commit go on", async (_how, look) => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    await Counter.create([{ name: "a", value: 0 }]);
    // Where a turn of the event loop passes, JavaScript itself reports the promise of the async function.
    if (!IS_LATE && !IS_POSTGRES)
      await look(async () => Counter.__queue__["touch"]?.([1], Number.NaN));
    await look(() => Counter.__queue__["touch"]?.([1], Number.NaN) as Promise<unknown>);
    await Counter.__queue__["touch"]?.([1]);
  });
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "a" }]);
  expect(await tq.tasks()).toHaveLength(1);
});

test("a push that is returned from the transaction's function fails it as itself", async () => {
  await using _tq = makeRuntime();
  const sentence = await sentenceOf(() =>
    Transaction.start({}, () => Counter.__queue__["touch"]?.([1], Number.NaN)),
  );
  expect(sentence).toContain("NaN is not JSON");
});
