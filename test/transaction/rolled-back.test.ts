/** Records and tables of what was rolled back: none is taken for one that is stored. */
import { describe, expect, test } from "bun:test";
import { push, Transaction } from "../../src/index.ts";
import {
  errorOf,
  IS_LATE,
  IS_POSTGRES,
  makeRuntime,
  onSqlite,
  runSql,
  sentenceOf,
} from "../model/support.ts";
import { Counter, get, make } from "./counter.ts";

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
  const known = undone.pop() as Counter;
  if (!IS_POSTGRES) expect(undone.map(({ id }) => id)).toEqual([theirs.id, theirs.id]); // there no id comes again
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
    await known.delete();
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
  if (!IS_POSTGRES) expect(made[0]?.id).toBe(made[1]?.id ?? 0);
  return made;
}

type Undo = [how: string, undo: (create: () => Promise<void>) => Promise<void>];

/** Where answers come a turn later the record is made only after the driver's function has thrown. */
const BY_DRIVER: Undo = [
  "a function of the driver's transaction() that throws",
  async (create) => {
    const db = Transaction.current.database;
    let creating = Promise.resolve();
    const failing = db.transaction(() => {
      creating = create();
      throw new Error("no");
    });
    expect(() => failing()).toThrow("no");
    await creating;
  },
];

const BY_STATEMENT: Undo = [
  "a statement that was prepared before",
  async (create) => {
    const db = Transaction.current.database;
    db.run("SAVEPOINT mine");
    const back = db.prepare("ROLLBACK TO mine");
    await create();
    back.run();
  },
];

describe("a record that was undone inside its transaction is not taken for the one that has its id now", () => {
  test.each<Undo>([
    [
      "a savepoint of user code",
      async (create) => {
        await runSql("SAVEPOINT mine");
        await create();
        await runSql("ROLLBACK TO mine");
      },
    ],
    ...(IS_POSTGRES ? [] : [BY_STATEMENT]),
    ...(IS_LATE || IS_POSTGRES ? [] : [BY_DRIVER]),
  ])("by %s", async (_how, undo) => {
    await using tq = makeRuntime();
    await make("first");
    await Transaction.start({}, async () => {
      const [undone] = await remake(undo);
      Object.assign(undone ?? {}, { name: "mine" });
      expect(await sentenceOf(async () => undone?.save())).toContain("was rolled back");
      expect(await sentenceOf(async () => undone?.delete())).toContain("was rolled back");
    });
    expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "first" }, { name: "theirs" }]);
  });

  onSqlite("it uses SQLite's own connection").test("by a commit that was refused", async () => {
    await using tq = makeRuntime();
    await make("first");
    const made = await Transaction.start({}, () =>
      remake(async (create) => {
        await create();
        const db = Transaction.current.database;
        expect(() => db.run("INSERT OR ROLLBACK INTO counter (id) VALUES (1)")).toThrow();
        expect(await sentenceOf(() => Transaction.current.commit())).toContain("has ended already");
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
      const counter = await get(id);
      counter.value = 1;
      if (first === "written before") await counter.save();
      await runSql("SAVEPOINT mine");
      await counter.save();
      const again = await get(id);
      await runSql("ROLLBACK TO mine");
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
      await runSql("SAVEPOINT mine");
      const counter = await get(id);
      counter.value = 1;
      await counter.save();
      await runSql("ROLLBACK TO mine");
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
      await runSql("SAVEPOINT mine");
      const made = await Counter.create([{ name: "undone", value: 1 }]);
      await runSql("ROLLBACK TO mine");
      expect(await sentenceOf(() => Counter.save(made))).toContain(SENTENCE);
      expect(await sentenceOf(() => Counter.delete(made))).toContain("was rolled back");
    });
    expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "a" }]);
  });
});

test("a table that was made behind a savepoint of user code, and is gone with it, is made again", async () => {
  await using tq = makeRuntime();
  await Transaction.start({}, async () => {
    await runSql("SAVEPOINT mine");
    await Counter.create([{ name: "undone", value: 1 }]);
    await runSql("ROLLBACK TO mine");
  });
  await make("kept");
  expect(tq.sql("SELECT name FROM counter")).toEqual([{ name: "kept" }]);
});

onSqlite("it uses SQLite's own connection").test(
  "so is one that the driver's transaction() has undone while it was being made",
  async () => {
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
  },
);
