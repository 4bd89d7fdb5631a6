/** A store that commits nothing: what it refuses, and the changes that it shows. */
import type { Database } from "bun:sqlite";
import { expect, test } from "bun:test";
import { SqliteTrialStore } from "../../src/sqlite/trial-store.ts";
import type { Session } from "../../src/store/session.ts";
import type { TrialChanges } from "../../src/store/trial.ts";
import { sentenceOf } from "../support/error.ts";
import { makeStore, newTask, pushOne, withSession } from "../support/store.ts";

const TABLES = [
  "CREATE TABLE plain (id INTEGER PRIMARY KEY, name TEXT UNIQUE, size, data BLOB)",
  "INSERT INTO plain VALUES (1, 'a', 1, x'0102'), (2, 'b', 2, NULL), (3, 'c', 9007199254740993, NULL)",
  "CREATE TABLE keyed (a TEXT, b INTEGER, v, PRIMARY KEY (a, b)) WITHOUT ROWID",
  "INSERT INTO keyed VALUES ('x', 1, 'old'), ('y', 2, 'old')",
  'CREATE TABLE "odd \'name" ("rowid", "a ""b")',
  "CREATE TABLE child (id INTEGER PRIMARY KEY, parent REFERENCES plain ON DELETE CASCADE)",
  "INSERT INTO child VALUES (7, 2)",
];

/** Runs the statements in a trial, and gives what they would have changed. */
async function changesOf(
  statements: readonly string[],
  limit = 100,
  before: (session: Session) => unknown = () => {},
): Promise<TrialChanges> {
  await using made = makeStore();
  await withSession(made.store, async (session) => {
    await session.begin();
    const db = session.raw(false) as Database;
    for (const sql of TABLES) db.run(sql);
    await session.commit();
  });
  await pushOne(made.store);
  const rows = () => JSON.stringify(allRows(made.store as never));
  const standing = rows();
  const trial = new SqliteTrialStore({ path: made.path, durability: "normal" });
  try {
    const changes = await withSession(trial, async (session) => {
      await session.begin();
      await before(session);
      const db = session.raw(false) as Database;
      for (const sql of statements) db.run(sql);
      return trial.changes(session, limit);
    });
    expect(rows()).toBe(standing);
    return changes;
  } finally {
    await trial.close();
  }
}

function allRows(store: { connections: { reader: Database } }): unknown[] {
  return ["plain", "keyed", "child", "tq__task"].map((name) =>
    store.connections.reader
      .query(`SELECT * FROM ${name}`)
      .all()
      .map((row) => JSON.stringify(row)),
  );
}

test("a row that is changed several times is one change, with the columns that differ", async () => {
  const { rows } = await changesOf([
    "UPDATE plain SET size = 5 WHERE id = 1",
    "UPDATE plain SET size = 6, data = x'01' WHERE id = 1",
  ]);
  expect(rows).toEqual([
    {
      table: "plain",
      id: 1,
      change: "update",
      before: { size: 1, data: "2 bytes" },
      after: { size: 6, data: "1 bytes" },
    },
  ]);
});

test("a row that stands as before, and one that comes and goes, are no changes", async () => {
  const { rows, more } = await changesOf([
    "UPDATE plain SET size = 5 WHERE id = 1",
    "UPDATE plain SET size = 1 WHERE id = 1",
    "INSERT INTO plain (id) VALUES (9)",
    "DELETE FROM plain WHERE id = 9",
  ]);
  expect({ rows, more }).toEqual({ rows: [], more: 0 });
});

test("a row that a replacement deletes is among the changes", async () => {
  const { rows } = await changesOf([
    "INSERT OR REPLACE INTO plain (id, name) VALUES (9, 'a')",
    "UPDATE OR REPLACE plain SET name = 'c' WHERE id = 2",
  ]);
  expect(rows.map(({ id, change }) => [id, change])).toEqual([
    [1, "delete"],
    [9, "insert"],
    [3, "delete"],
    [2, "update"],
  ]);
});

test("a table without row ids is told by its key, and whole numbers keep their digits", async () => {
  const { rows } = await changesOf([
    "UPDATE keyed SET v = 'new' WHERE b = 2",
    "UPDATE keyed SET a = 'z' WHERE b = 1",
    "UPDATE plain SET size = size + 2 WHERE id = 3",
  ]);
  const shown = rows.map(({ id, change, after }) => [id, change, after]);
  // SQLite gives the tables in an order of its own.
  const isKeyed = ([id]: readonly unknown[]) => typeof id === "string";
  expect(shown.filter(isKeyed)).toEqual([
    ["y, 2", "update", { v: "new" }],
    ["x, 1", "delete", null],
    ["z, 1", "insert", { a: "z", b: 1, v: "old" }],
  ]);
  expect(shown.filter((row) => !isKeyed(row))).toEqual([
    [3, "update", { size: "9007199254740995" }],
  ]);
});

test("rows of a table with odd names, of a new one and of a cascade are shown", async () => {
  const { rows, created, dropped } = await changesOf([
    'INSERT INTO "odd \'name" VALUES (7, 8)',
    "CREATE TABLE fresh (id INTEGER PRIMARY KEY, name)",
    "INSERT INTO fresh VALUES (4, 'new')",
    "PRAGMA defer_foreign_keys = 0",
    "DROP TABLE child",
  ]);
  expect(rows).toMatchObject([
    { table: "odd 'name", change: "insert", after: { rowid: 7, 'a "b': 8 } },
    { table: "fresh", id: 4, change: "insert", after: { id: 4, name: "new" } },
  ]);
  expect({ created, dropped }).toEqual({ created: ["fresh"], dropped: ["child"] });
});

test("more rows than the limit are counted", async () => {
  const many = "WITH RECURSIVE n(i) AS (SELECT 10 UNION ALL SELECT i + 1 FROM n LIMIT 500)";
  const { rows, more } = await changesOf([`${many} INSERT INTO plain (id) SELECT i FROM n`], 20);
  expect([rows.length, more]).toEqual([20, 480]);
});

test("pushed tasks are shown as tasks, and a cancelled one as a change of the view", async () => {
  const { rows, pushed } = await changesOf([], 100, async (session) => {
    await session.push([newTask({ model: "sale", method: "pay" })]);
    await session.cancel(1, "not needed");
  });
  expect(pushed).toMatchObject([{ model: "sale", method: "pay", state: "ready" }]);
  expect(rows).toMatchObject([
    {
      table: "tq_tasks",
      id: 1,
      change: "update",
      before: { state: "ready" },
      after: { state: "cancelled" },
    },
  ]);
});

test("it refuses every commit, and a push of its own transaction", async () => {
  await using made = makeStore();
  const trial = new SqliteTrialStore({ path: made.path, durability: "normal" });
  try {
    expect(trial.hasRefused).toBeFalse();
    expect(await sentenceOf(() => trial.push([newTask()]))).toContain("this is a trial");
    expect(await sentenceOf(() => trial.write((session) => session.push([newTask()])))).toContain(
      "Cannot commit: this is a trial",
    );
    expect(trial.hasRefused).toBeTrue();
    expect(await made.store.list()).toEqual([]);
  } finally {
    await trial.close();
  }
});
