/** Units of work: what commits together, and who is in which. */
import type { Database } from "bun:sqlite";
import { describe, expect, test } from "bun:test";
import { ModelSQL, push, Transaction, v } from "../../src/index.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { errorOf, IS_LATE, makeRuntime, outside, sentenceOf } from "../model/support.ts";

class Counter extends ModelSQL("counter", {
  name: v.string(),
  value: v.pipe(v.number(), v.integer()),
  note: v.optional(v.string()),
}) {
  static async touch(records: Counter[], _text?: string) {
    return records.length;
  }
}

function make(name = "a", value = 0): Promise<Counter> {
  return Transaction.start({}, async () => {
    const [counter] = await Counter.create([{ name, value }]);
    if (!counter) throw new Error("nothing was made");
    return counter;
  });
}

async function get(id: number): Promise<Counter> {
  const [counter] = await Counter.browse([id]);
  if (!counter) throw new Error(`there is no counter ${id}`);
  return counter;
}

const valueOf = (id: number) => Transaction.start({}, async () => (await get(id)).value);

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

test("a transaction that has ended refuses late work of every kind", async () => {
  await using tq = makeRuntime();
  const { id } = await make();
  const gate = Promise.withResolvers<void>();
  const ended =
    "Cannot use this transaction: it has ended; await everything before its function returns, and wrap what goes on after it, like a timer, a server or a queue that was made in it, in a Transaction.start of its own";
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
});

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
    if (!IS_LATE) await look(async () => Counter.__queue__["touch"]?.([1], Number.NaN));
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

test("a push outside a transaction opens one for itself", async () => {
  await using tq = makeRuntime();
  expect(await Counter.__queue__["touch"]?.([1, 2])).toEqual([1]);
  expect(await Counter.__queue__["touch"]?.(3)).toBe(2);
  expect(await tq.tasks()).toMatchObject([
    { id: 1, instances: [1, 2], user: 0, context: {} },
    { id: 2, instances: 3, user: 0, context: {} },
  ]);
});

test("a record of a transaction that was rolled back is not taken for a saved one", async () => {
  await using tq = makeRuntime();
  const { id } = await make();
  const fresh = new Counter({ name: "new", value: 1 });
  const known: Counter[] = [];
  await errorOf(() =>
    Transaction.start({}, async () => {
      await fresh.save();
      const counter = await get(id);
      counter.value = 9;
      await counter.save();
      known.push(counter);
      throw new Error("no");
    }),
  );
  for (const record of [fresh, ...known]) {
    const sentence = await sentenceOf(() => Transaction.start({}, () => record.save()));
    expect(sentence).toContain("the transaction that wrote it was rolled back");
  }
  expect(tq.sql("SELECT name, value FROM counter")).toEqual([{ name: "a", value: 0 }]);
});

test("a record whose insert was rolled back is never taken for the one that has its id now", async () => {
  await using tq = makeRuntime();
  const { id: other } = await make("other");
  const undone: Counter[] = [];
  await errorOf(() =>
    Transaction.start({}, async () => {
      undone.push(...(await Counter.create([{ name: "mine", value: 1 }])));
      undone.push(...(await Counter.browse(undone.map(({ id }) => id))));
      const known = await get(other);
      known.value = 9;
      await known.save();
      undone.push(known);
      throw new Error("no");
    }),
  );
  const theirs = await make("theirs");
  const known = undone.pop();
  expect(undone.map(({ id }) => id)).toEqual([theirs.id, theirs.id]);
  const sentence = "the transaction that made the record was rolled back";
  for (const record of undone) {
    for (const use of [
      () => record.delete(),
      () => Counter.lock([record]),
      () => Counter.__queue__["touch"]?.([record]) ?? Promise.resolve(),
      () => Counter.__queue__["touch"]?.(record) ?? Promise.resolve(),
      () => push({ model: "counter", method: "touch", instances: record }),
    ]) {
      const used = Transaction.start<unknown>({}, use);
      expect((await errorOf(used)).message).toContain(sentence);
    }
  }
  await Transaction.start({}, async () => {
    await Counter.__queue__["touch"]?.(known); // it has its row, whatever was written into it
    await known?.delete();
  });
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "theirs" }]);
  expect(await tq.tasks()).toMatchObject([{ instances: other }]);
});

/** Makes a counter, undoes it in this way, and makes another one that gets its id. */
async function remake(undo: (make: () => Promise<void>) => Promise<void>): Promise<Counter[]> {
  const made: Counter[] = [];
  const create = async (name: string) => {
    made.push(...(await Counter.create([{ name, value: 1 }])));
  };
  await undo(() => create("undone"));
  await create("theirs");
  expect(made[0]?.id).toBe(made[1]?.id ?? 0);
  return made;
}

type Undo = [how: string, undo: (db: Database, create: () => Promise<void>) => Promise<void>];

/** Where answers come a turn later the record is made only after the driver's function has thrown. */
const BY_DRIVER: Undo = [
  "a function of the driver's transaction() that throws",
  async (db, create) => {
    let creating = Promise.resolve();
    const failing = db.transaction(() => {
      creating = create();
      throw new Error("no");
    });
    expect(() => failing()).toThrow("no");
    await creating;
  },
];

describe("a record that was undone inside its transaction is not taken for the one that has its id now", () => {
  test.each<Undo>([
    [
      "a savepoint of user code",
      async (db, create) => {
        db.run("SAVEPOINT mine");
        await create();
        db.run("ROLLBACK TO mine");
      },
    ],
    [
      "a statement that was prepared before",
      async (db, create) => {
        db.run("SAVEPOINT mine");
        const back = db.prepare("ROLLBACK TO mine");
        await create();
        back.run();
      },
    ],
    ...(IS_LATE ? [] : [BY_DRIVER]),
  ])("by %s", async (_how, undo) => {
    await using tq = makeRuntime();
    await make("first");
    await Transaction.start({}, async () => {
      const [undone] = await remake((create) => undo(Transaction.current.database, create));
      Object.assign(undone ?? {}, { name: "mine" });
      expect(await sentenceOf(async () => undone?.save())).toContain("was rolled back");
      expect(await sentenceOf(async () => undone?.delete())).toContain("was rolled back");
    });
    expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "first" }, { name: "theirs" }]);
  });

  test("by a commit that was refused", async () => {
    await using tq = makeRuntime();
    await make("first");
    const made = await Transaction.start({}, () =>
      remake(async (create) => {
        await create();
        const db = Transaction.current.database;
        expect(() => db.run("INSERT OR ROLLBACK INTO counter (id) VALUES (1)")).toThrow();
        expect(await sentenceOf(() => Transaction.current.commit())).toContain("was ended before");
      }),
    );
    const [undone] = made;
    const saved = Transaction.start({}, async () => {
      Object.assign(undone ?? {}, { name: "mine" });
      await undone?.save();
    });
    expect((await errorOf(saved)).message).toContain("was rolled back");
    expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "first" }, { name: "theirs" }]);
  });
});

describe("records that were written in a transaction that goes back to a savepoint", () => {
  const SENTENCE = "the transaction that wrote it was rolled back";

  test.each<[which: string, first: string, then: (counter: Counter) => void]>([
    ["another field is saved", "written in it", (counter) => (counter.name = "b")],
    ["the same field is saved", "written in it", (counter) => (counter.value = 2)],
    ["nothing was changed since", "written in it", () => undefined],
    ["it was written before it", "written before", (counter) => (counter.name = "b")],
  ])("are refused at once when %s", async (_which, first, then) => {
    await using tq = makeRuntime();
    const { id } = await make();
    await Transaction.start({}, async () => {
      const { database } = Transaction.current;
      const counter = await get(id);
      counter.value = 1;
      if (first === "written before") await counter.save();
      database.run("SAVEPOINT mine");
      await counter.save();
      const again = await get(id);
      database.run("ROLLBACK TO mine");
      for (const record of [counter, again]) {
        then(record);
        expect(await sentenceOf(() => record.save())).toContain(SENTENCE);
      }
    });
    expect(tq.sql("SELECT name, value FROM counter")).toEqual([
      { name: "a", value: first === "written before" ? 1 : 0 },
    ]);
  });

  test("can be browsed again and saved", async () => {
    await using tq = makeRuntime();
    const { id } = await make();
    await Transaction.start({}, async () => {
      const { database } = Transaction.current;
      database.run("SAVEPOINT mine");
      const counter = await get(id);
      counter.value = 1;
      await counter.save();
      database.run("ROLLBACK TO mine");
      const again = await get(id);
      expect(again.value).toBe(0);
      again.name = "b";
      await again.save();
    });
    expect(tq.sql("SELECT name, value FROM counter")).toEqual([{ name: "b", value: 0 }]);
  });

  test("made in it, are no rows any more: they cannot be saved unchanged either", async () => {
    await using tq = makeRuntime();
    await make();
    await Transaction.start({}, async () => {
      const { database } = Transaction.current;
      database.run("SAVEPOINT mine");
      const made = await Counter.create([{ name: "undone", value: 1 }]);
      database.run("ROLLBACK TO mine");
      expect(await sentenceOf(() => Counter.save(made))).toContain(SENTENCE);
      expect(await sentenceOf(() => Counter.delete(made))).toContain("was rolled back");
    });
    expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "a" }]);
  });
});

test("a table that was made behind a savepoint of user code, and is gone with it, is made again", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    const db = Transaction.current.database;
    db.run("SAVEPOINT mine");
    await Counter.create([{ name: "undone", value: 1 }]);
    db.run("ROLLBACK TO mine");
  });
  await make("kept");
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "kept" }]);
});

test("so is one that the driver's transaction() has undone while it was being made", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    const creating: Promise<unknown>[] = [];
    const failing = Transaction.current.database.transaction(() => {
      creating.push(Counter.create([{ name: "undone", value: 1 }]));
      throw new Error("no");
    });
    expect(() => failing()).toThrow("no");
    await Promise.allSettled(creating);
  }).catch(() => undefined);
  await make("kept");
  expect(tq.sql("SELECT name FROM counter WHERE name = 'kept'")).toHaveLength(1);
});
