/** A transaction: how it starts, its user and context, and what it commits. */
import { expect, test } from "bun:test";
import { Transaction } from "../../src/index.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { errorOf, makeRuntime, outside, sentenceOf } from "../model/support.ts";
import { Counter, get, make, valueOf } from "./counter.ts";

test("what returns is committed, with what it returned", async () => {
  await using tq = makeRuntime();
  const counter = await make("kept", 7);
  expect(counter.id).toBe(1);
  expect(tq.sql("SELECT * FROM counter")).toEqual([{ id: 1, name: "kept", value: 7, note: null }]);
});

test("what throws is rolled back, rows and tasks alike, and the error comes out as it is", async () => {
  await using tq = makeRuntime();
  await make();
  const thrown = new Error("no");
  const error = await errorOf(() =>
    Transaction.start({}, async () => {
      const counter = await get(1);
      counter.value = 5;
      await counter.save();
      await Counter.create([{ name: "b", value: 1 }]);
      await Counter.__queue__["touch"]?.([counter]);
      throw thrown;
    }),
  );
  expect(error).toBe(thrown);
  expect(tq.sql("SELECT name, value FROM counter")).toEqual([{ name: "a", value: 0 }]);
  expect(await tq.tasks()).toEqual([]);
});

test("is carried through await, timers, callbacks and Promise.all", async () => {
  await using _tq = makeRuntime();
  await Transaction.start({ user: 3 }, async () => {
    const { current } = Transaction;
    await Promise.resolve();
    expect(Transaction.current).toBe(current);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(Transaction.current).toBe(current);
    await nextTurn();
    expect(Transaction.current).toBe(current);
    const inside = await Promise.all([1, 2].map(async () => Transaction.current.user));
    expect(inside).toEqual([3, 3]);
  });
  expect(await sentenceOf(() => Transaction.current)).toBe(
    "Cannot find a transaction: this code runs outside one; wrap it in Transaction.start({}, async () => { … })",
  );
});

test("a nested start is refused with what to use instead", async () => {
  await using _tq = makeRuntime();
  const error = await errorOf(() =>
    Transaction.start({}, () => Transaction.start({}, async () => 1)),
  );
  expect(error.message).toBe(
    "Cannot start a transaction inside another; use Transaction.current.setContext or setUser to change context or user, or Transaction.current.commit() to commit what is done so far",
  );
  expect(error.code).toBe("conflict");
});

test("code that a transaction has left behind may start one of its own", async () => {
  await using _tq = makeRuntime();
  const gate = Promise.withResolvers<void>();
  let later: Promise<number> | undefined;
  await Transaction.start({ user: 1 }, async () => {
    later = gate.promise.then(() => Transaction.start({ user: 2 }, () => Transaction.current.user));
  });
  gate.resolve();
  expect(await later).toBe(2);
});

test.each([
  [{ usr: 1 }, 'usr is not an option; did you mean "user"?'],
  [{ user: "1" }, 'Cannot use "1" as the user: it must be an integer id'],
  [{ user: 1.5 }, "Cannot use 1.5 as the user: it must be an integer id"],
  [{ user: -1 }, "Cannot use -1 as the user: it must be an integer id from 0 up"],
  [{ context: "x" }, 'Cannot use "x" as the context: it must be a plain object'],
  [{ context: [] }, "Cannot use [] as the context: it must be a plain object"],
  [{ context: null }, "Cannot use null as the context: it must be a plain object"],
  [{ context: new Map() }, "Cannot use Map {} as the context: it must be a plain object"],
  [null, "give the options, then a function"],
  [async () => 1, "give the options, then a function"],
])("wrong options are refused: %#", async (options, sentence) => {
  await using _tq = makeRuntime();
  expect(await sentenceOf(() => Transaction.start(options as object, async () => 1))).toContain(
    sentence,
  );
});

test("a start without a function is refused", async () => {
  await using _tq = makeRuntime();
  expect(
    await sentenceOf(() => Transaction.start((async () => 1) as object, undefined as never)),
  ).toContain("Transaction.start({}, async () => { … })");
});

test("the context is copied and frozen, and setContext adds to it for as long as its function runs", async () => {
  await using _tq = makeRuntime();
  const given: Record<string, unknown> = { company: 1 };
  await Transaction.start({ context: given }, async () => {
    const outer = Transaction.current;
    given["company"] = 2;
    expect(outer.context).toEqual({ company: 1 });
    expect(Object.isFrozen(outer.context)).toBe(true);
    const inner = await outer.setContext({ language: "de" }, async () => {
      await Promise.resolve();
      return Transaction.current.context;
    });
    expect(inner).toEqual({ company: 1, language: "de" });
    expect(Transaction.current.context).toEqual({ company: 1 });
    expect(await sentenceOf(() => outer.setContext([] as never, () => 1))).toContain(
      "it must be a plain object",
    );
    for (const change of [
      () => outer.setContext({}, undefined as never),
      () => outer.setUser(2, {} as never),
    ]) {
      expect(await sentenceOf(change)).toContain("without a function to run in it");
    }
  });
});

test("setUser changes the user in the same transaction", async () => {
  await using tq = makeRuntime();
  await Transaction.start({ user: 1, context: { a: 1 } }, async () => {
    await Transaction.current.setUser(2, async () => {
      expect(Transaction.current.user).toBe(2);
      expect(Transaction.current.context).toEqual({ a: 1 });
      await Counter.create([{ name: "by two", value: 0 }]);
    });
    expect(Transaction.current.user).toBe(1);
    expect(await sentenceOf(() => Transaction.current.setUser("2" as never, () => 1))).toContain(
      "must be an integer id",
    );
    expect(await Counter.search([])).toHaveLength(1);
  });
  expect(tq.sql("SELECT count(*) AS n FROM counter")).toEqual([{ n: 1 }]);
});

test("commit() keeps what was done so far, whatever happens afterwards", async () => {
  await using tq = makeRuntime();
  await errorOf(() =>
    Transaction.start({}, async () => {
      await Counter.create([{ name: "before", value: 1 }]);
      await Counter.__queue__["touch"]?.([1]);
      await Transaction.current.commit();
      expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "before" }]);
      await Counter.create([{ name: "after", value: 2 }]);
      await Counter.__queue__["touch"]?.([2]);
      throw new Error("no");
    }),
  );
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "before" }]);
  expect((await tq.tasks()).map(({ instances }) => instances)).toEqual([[1]]);
});

test("after commit() others may change what was locked, and it is noticed", async () => {
  await using _tq = makeRuntime();
  const { id } = await make();
  const error = await errorOf(() =>
    Transaction.start({ lock: true }, async () => {
      const counter = await get(id);
      await Transaction.current.commit();
      await outside(() =>
        Transaction.start({}, async () => {
          const same = await get(id);
          same.value = 100;
          await same.save();
        }),
      );
      counter.value += 1;
      await counter.save();
    }),
  );
  expect(error.message).toContain("value was changed by another transaction since it was read");
  expect(await valueOf(id)).toBe(100);
});

test("a push outside a transaction opens one for itself", async () => {
  await using tq = makeRuntime();
  expect(await Counter.__queue__["touch"]?.([1, 2])).toEqual([1]);
  expect(await Counter.__queue__["touch"]?.(3)).toBe(2);
  expect(await tq.tasks()).toMatchObject([
    { id: 1, instances: [1, 2], user: 0, context: {} },
    { id: 2, instances: 3, user: 0, context: {} },
  ]);
});
