/** Units of work that share one transaction, a savepoint each: quick tasks in a batch. */
import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { Model, ModelSQL, type Queue, Transaction, v } from "../../src/index.ts";
import { errorOf, makeRuntime, onSqlite, outside, sentenceOf } from "../model/support.ts";

class Part extends ModelSQL("part", { name: v.string(), count: v.optional(v.number(), 0) }) {}

class Quick extends Model {
  declare static readonly __queue__: Queue<typeof Quick>;
  static override readonly __name__ = "quick";
  static kept: Database | undefined;

  static async make(_records: Quick[], name: string) {
    await Part.create([{ name }]);
  }
  static async count(_records: Quick[]) {
    const [part] = await Part.browse([1]);
    if (!part) return;
    part.count += 1;
    await part.save();
  }
  static async commitThenFail(_records: Quick[]) {
    await Part.create([{ name: "committed" }]);
    await Transaction.current.commit();
    await Part.create([{ name: "not committed" }]);
    throw new Error("no");
  }
  static async keepDatabase(_records: Quick[]) {
    Quick.kept = Transaction.current.database;
  }
  static async useKept(_records: Quick[]) {
    await Part.create([{ name: "of its own" }]);
    Quick.kept?.run("INSERT INTO part (name, count) VALUES ('of another', 0)");
  }
  static async fail(_records: Quick[]) {
    await Part.create([{ name: "of the failed" }]);
    await Quick.__queue__.count([1]);
    throw new Error("no");
  }
  static async leave(_records: Quick[]) {
    // Its failure, where the run has ended by then, is the code's own to catch.
    void Part.create([{ name: "left behind" }])
      .then(() => Part.create([{ name: "and after" }]))
      .catch(() => undefined);
    void Quick.__queue__.make([1], "left behind");
    throw new Error("no");
  }
  static async noneAwaited(_records: Quick[]) {
    void Part.create([{ name: "not awaited" }]);
    void Quick.__queue__.count([1]);
  }
  static async badPush(_records: Quick[]) {
    await Part.create([{ name: "of the bad push" }]);
    void Quick.__queue__.make([1], Number.NaN as never);
  }
  static async keep(_records: Quick[]) {
    Quick.kept = Transaction.current.database;
    Quick.kept.run("INSERT INTO part (name) VALUES ('by hand')");
  }
  static async touchNothing(_records: Quick[]) {
    return "nothing";
  }
}

/** A database with the table, and no rows. */
async function makeParts() {
  const tq = makeRuntime();
  await Transaction.start({}, () => Part.search([]));
  return tq;
}

const namesOf = (tq: ReturnType<typeof makeRuntime>) =>
  tq.sql<{ name: string }>("SELECT name FROM part ORDER BY id").map(({ name }) => name);

test("each keeps or loses its own effects and pushes", async () => {
  await using tq = await makeParts();
  await Quick.__queue__.make([1], "a");
  await Quick.__queue__.fail([1]);
  await Quick.__queue__.touchNothing([1]);
  await Quick.__queue__.make([1], "b");
  const ended = await tq.runBatch([1, 2, 3, 4]);
  expect(ended.map(({ state }) => state)).toEqual(["finished", "failed", "finished", "finished"]);
  expect(namesOf(tq)).toEqual(["a", "b"]);
  expect(await tq.tasks()).toHaveLength(4);
});

test("they see what those before them wrote, and are in nobody's way", async () => {
  await using tq = await makeParts();
  await Quick.__queue__.make([1], "a");
  for (let turn = 0; turn < 5; turn++) await Quick.__queue__.count([1]);
  await tq.runBatch([1, 2, 3, 4, 5, 6]);
  expect(tq.sql("SELECT count FROM part")).toEqual([{ count: 5 }]);
});

test("what a failed one left running writes nothing, not even under another's name", async () => {
  await using tq = await makeParts();
  await Quick.__queue__.make([1], "a");
  await Quick.__queue__.leave([1]);
  await Quick.__queue__.make([1], "b");
  await tq.runBatch([1, 2, 3]);
  expect(namesOf(tq)).toEqual(["a", "b"]);
  expect(await tq.tasks()).toHaveLength(3);
});

test("what nobody awaits is waited for; what fails unseen fails its task alone", async () => {
  await using tq = await makeParts();
  await Quick.__queue__.noneAwaited([1]);
  await Quick.__queue__.badPush([1]);
  await Quick.__queue__.make([1], "b");
  const ended = await tq.runBatch([1, 2, 3]);
  expect(ended.map(({ state }) => state)).toEqual(["finished", "failed", "finished"]);
  expect(ended[1]?.reason).toBe("TqError: args[0]: NaN is not JSON");
  expect(namesOf(tq)).toEqual(["not awaited", "b"]);
  expect(await tq.tasks()).toHaveLength(4);
});

onSqlite("it uses SQLite's own connection").test(
  "the raw connection is inside the savepoint, and of no use after the batch",
  async () => {
    await using tq = await makeParts();
    await Quick.__queue__.keep([1]);
    await Quick.__queue__.fail([1]);
    await tq.runBatch([1, 2]);
    expect(namesOf(tq)).toEqual(["by hand"]);
    expect(await sentenceOf(() => Quick.kept?.run("DELETE FROM part"))).toContain("it has ended");
  },
);

test("a run whose claim was lost keeps nothing, and the others keep theirs", async () => {
  await using tq = await makeParts();
  await Quick.__queue__.make([1], "a");
  await Quick.__queue__.make([1], "of the lost");
  await Quick.__queue__.touchNothing([1]);
  await Quick.__queue__.make([1], "b");
  const ended = await tq.runBatch([1, 2, 3, 4], async () => {
    await tq.store.cancel(2);
    await tq.store.cancel(3);
  });
  expect(ended.map(({ state }) => state)).toEqual([
    "finished",
    "cancelled",
    "cancelled",
    "finished",
  ]);
  expect(namesOf(tq)).toEqual(["a", "b"]);
  expect(tq.eventsOf("task.late").map(({ task }) => task)).toEqual([2, 3]);
});

onSqlite("it uses SQLite's own connection").test(
  "a batch that settled itself by hand keeps nothing, and its methods run alone from then on",
  async () => {
    await using tq = await makeParts();
    class Meddler extends Model {
      declare static readonly __queue__: Queue<typeof Meddler>;
      static override readonly __name__ = "meddler";
      static process(_records: Meddler[]) {
        Transaction.current.database.run("UPDATE tq__task SET claim = claim + 1 WHERE id = 1");
      }
    }
    await Quick.__queue__.make([1], "a");
    await Meddler.__queue__.process([1]);
    const quick = tq.methods.of({ model: "quick", method: "make" });
    for (let run = 0; run < 20; run++) quick.settledAtOnce(0);
    expect(await sentenceOf(() => tq.runBatch([1, 2]))).toBe(
      "Cannot commit: one of its tasks has lost its claim",
    );
    expect(namesOf(tq)).toEqual([]);
    expect(await tq.tasks()).toMatchObject([{ state: "running" }, { state: "running" }]);
    expect(quick.isQuick).toBe(false);
  },
);

test("a record that one transaction locked is free again once it fails", async () => {
  await using tq = await makeParts();
  await Transaction.start({}, () => Part.create([{ name: "a" }]));
  await errorOf(() =>
    Transaction.start({}, async () => {
      const parts = await Part.browse([1]);
      await Part.lock(parts);
      throw new Error("no");
    }),
  );
  await outside(() =>
    Transaction.start({}, async () => {
      const [part] = await Part.browse([1]);
      if (part) part.name = "b";
      await part?.save();
    }),
  );
  expect(namesOf(tq)).toEqual(["b"]);
});

onSqlite("it uses SQLite's own connection").test(
  "a database that an ended task kept does not write into the next task's transaction",
  async () => {
    await using tq = await makeParts();
    await Quick.__queue__.keepDatabase([1]);
    await Quick.__queue__.useKept([1]);
    const [, second] = await tq.runBatch([1, 2]);
    expect(second).toMatchObject({ state: "failed", reason: expect.stringContaining("has ended") });
    expect(namesOf(tq)).toEqual([]);
  },
);

test("a commit in the middle of a task keeps what was done so far, and the tasks before it", async () => {
  await using tq = await makeParts();
  await Quick.__queue__.make([1], "before");
  await Quick.__queue__.commitThenFail([1]);
  await Quick.__queue__.make([1], "after");
  const ended = await tq.runBatch([1, 2, 3]);
  expect(ended.map(({ state }) => state)).toEqual(["finished", "failed", "finished"]);
  expect(namesOf(tq)).toEqual(["before", "committed", "after"]);
});
