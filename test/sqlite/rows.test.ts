/** The tables of ModelSQL: made, extended or refused, read in order, changed only where nobody else did. */
import type { Database } from "bun:sqlite";
import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import type {
  Column,
  ColumnValue,
  Condition,
  Row,
  SearchOptions,
  Table,
} from "../../src/store/records.ts";
import type { Session } from "../../src/store/session.ts";
import { makeStore, type TestStore } from "../support/store.ts";

function table(name: string, columns: Record<string, Column["type"]>): Table {
  return {
    name,
    columns: Object.entries(columns).map(([column, type]) => ({ name: column, type })),
  };
}

let subject: TestStore;
let session: Session;

beforeEach(() => {
  subject = makeStore();
  session = subject.store.session();
});
afterEach(() => subject[Symbol.asyncDispose]());

/** Runs SQL of our own and commits it. */
async function sql(...statements: string[]): Promise<void> {
  for (const statement of statements) (session.raw(false) as Database).run(statement);
  await session.commit();
}

async function columnsOf(name: string): Promise<string[]> {
  const db = session.raw(false) as Database;
  const rows = db.query(`PRAGMA table_info("${name}")`).all() as { name: string; type: string }[];
  await session.commit();
  return rows.map((column) => `${column.name} ${column.type}`);
}

async function fill(made: Table, rows: ColumnValue[][]): Promise<number[]> {
  await session.records.ensureTable(made);
  const ids: number[] = [];
  for (const row of rows) ids.push(await session.records.insert(made, row));
  await session.commit();
  return ids;
}

describe("a table", () => {
  test("is made with its columns", async () => {
    await session.records.ensureTable(
      table("sale_line", { a: "TEXT", b: "INTEGER", c: "NUMERIC", d: "BLOB" }),
    );
    await session.commit();
    expect(await columnsOf("sale_line")).toEqual([
      "id INTEGER",
      "a TEXT",
      "b INTEGER",
      "c NUMERIC",
      "d BLOB",
    ]);
  });

  test("may have no columns but the id", async () => {
    const bare = table("bare", {});
    expect(await fill(bare, [[], []])).toEqual([1, 2]);
    expect(await session.records.read(bare, [2, 1])).toEqual([[2], [1]]);
  });

  test("may have names that need quotes", async () => {
    const odd = table('or"der', { select: "TEXT", 'a"b': "TEXT", "größe; --": "TEXT" });
    const [id = 0] = await fill(odd, [["x", "y", "z"]]);
    expect(await session.records.read(odd, [id])).toEqual([[id, "x", "y", "z"]]);
    const change = { column: 'a"b', value: "new", before: "y" };
    expect(await session.records.update(odd, id, [change])).toBe("ok");
    const condition = { column: "größe; --", operator: "=" as const, value: "z" };
    expect(
      await session.records.search(odd, [condition], {
        order: [{ column: "select", descending: true }],
      }),
    ).toEqual([[id, "x", "new", "z"]]);
    await session.records.delete(odd, [id]);
    expect(await session.records.read(odd, [id])).toEqual([]);
  });

  test("that is there is not written", async () => {
    await fill(table("sale", { a: "TEXT" }), [["x"]]);
    const other = subject.open().session();
    await session.begin(); // nobody else could write now
    await other.records.ensureTable(table("sale", { a: "TEXT" }));
    await session.rollback();
  });

  test("gets the columns that it lacks, and keeps its rows and the columns that no field has", async () => {
    const [id = 0] = await fill(table("sale", { a: "TEXT", old: "TEXT" }), [["x", "kept"]]);
    const wider = table("sale", { a: "TEXT", b: "INTEGER" });
    await session.records.ensureTable(wider);
    expect(await session.records.read(wider, [id])).toEqual([[id, "x", null]]);
    await session.commit();
    expect(await columnsOf("sale")).toEqual(["id INTEGER", "a TEXT", "old TEXT", "b INTEGER"]);
  });

  test("that is rolled back is made again", async () => {
    const made = table("sale", { a: "TEXT" });
    await session.records.ensureTable(made);
    await session.rollback();
    expect(await fill(made, [["x"]])).toEqual([1]);
  });

  test("of an application is used as it is", async () => {
    await sql(
      "CREATE TABLE customer (ID INTEGER PRIMARY KEY, Name TEXT NOT NULL DEFAULT '')",
      "INSERT INTO customer VALUES (5, 'Ann')",
    );
    const customer = table("customer", { name: "TEXT" });
    await session.records.ensureTable(customer);
    expect(await session.records.read(customer, [5])).toEqual([[5, "Ann"]]);
    expect(await columnsOf("customer")).toEqual(["ID INTEGER", "Name TEXT"]);
  });

  const REFUSED: [why: string, existing: string, Table, message: string][] = [
    [
      "another type",
      "CREATE TABLE sale (id INTEGER PRIMARY KEY, a INTEGER)",
      table("sale", { a: "TEXT" }),
      'its column a is INTEGER and the field needs TEXT; rename the field, or move the data: ALTER TABLE "sale" RENAME COLUMN "a" TO "a_old", start again, then copy',
    ],
    [
      "no type",
      "CREATE TABLE sale (id INTEGER PRIMARY KEY, a)",
      table("sale", { a: "TEXT" }),
      "its column a is without type and the field needs TEXT",
    ],
    [
      "no id",
      "CREATE TABLE sale (a TEXT)",
      table("sale", { a: "TEXT" }),
      "it has no column id INTEGER PRIMARY KEY; add one, or name the model otherwise",
    ],
    [
      "an id of text",
      "CREATE TABLE sale (id TEXT PRIMARY KEY)",
      table("sale", {}),
      "it has no column id INTEGER PRIMARY KEY",
    ],
    [
      "an id that is not the key",
      "CREATE TABLE sale (id INTEGER, a TEXT PRIMARY KEY)",
      table("sale", { a: "TEXT" }),
      "it has no column id INTEGER PRIMARY KEY",
    ],
    [
      "a view in its place",
      "CREATE VIEW sale AS SELECT 1 AS id",
      table("sale", {}),
      "it has no column id INTEGER PRIMARY KEY",
    ],
    [
      "a column that must be filled",
      "CREATE TABLE sale (id INTEGER PRIMARY KEY, must TEXT NOT NULL)",
      table("sale", { a: "TEXT" }),
      "its column must is NOT NULL without a default, and the model has no such field; add the field, or drop the column",
    ],
    [
      "two names that are one",
      "SELECT 1",
      table("sale", { a: "TEXT", A: "TEXT" }),
      "its columns a and A differ at most in upper and lower case, which is one column to SQLite; rename one of the fields",
    ],
    [
      "a field named as the id",
      "SELECT 1",
      table("sale", { Id: "TEXT" }),
      "its columns id and Id differ at most",
    ],
  ];
  test.each(REFUSED)("is refused with a sentence: %s", async (_, existing, wanted, message) => {
    await sql(existing);
    expect(session.records.ensureTable(wanted)).rejects.toMatchObject({
      code: "models",
      message: expect.stringContaining(`Cannot use the table sale: ${message}`),
    });
  });
});

describe("reading", () => {
  const made = table("sale", { a: "TEXT" });

  test.each([2, 50])(
    "gives the rows in the order asked for, duplicates each time, none for what is not there: %d",
    async (times) => {
      await fill(made, [["one"], ["two"], ["three"]]);
      const ids = Array.from({ length: times }, () => [3, 99, 1, 3]).flat();
      const rows = Array.from({ length: times }, () => [
        [3, "three"],
        [1, "one"],
        [3, "three"],
      ]).flat();
      expect(await session.records.read(made, ids)).toEqual(rows as Row[]);
      expect(await session.records.read(made, [3, 99, 1, 3])).toEqual([
        [3, "three"],
        [1, "one"],
        [3, "three"],
      ]);
      expect(await session.records.read(made, [])).toEqual([]);
    },
  );

  test("takes a hundred thousand ids, and so do search and delete", async () => {
    const count = 100_000;
    await sql(
      `CREATE TABLE sale (id INTEGER PRIMARY KEY, a TEXT)`,
      `INSERT INTO sale WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${count}) SELECT i, 'r' || i FROM n`,
    );
    await session.records.ensureTable(made);
    const ids = Array.from({ length: count }, (_, i) => count - i);
    const rows = await session.records.read(made, ids);
    expect([rows.length, rows[0], rows.at(-1)]).toEqual([count, [count, `r${count}`], [1, "r1"]]);
    const found = await session.records.search(
      made,
      [{ column: "id", operator: "in", value: ids }],
      { limit: 2 },
    );
    expect(found).toEqual([
      [1, "r1"],
      [2, "r2"],
    ]);
    await session.records.delete(made, ids.slice(1));
    expect(await session.records.search(made, [], {})).toEqual([[count, `r${count}`]]);
  });

  test("gives back each kind of value as it went in", async () => {
    const kinds = table("kind", { t: "TEXT", i: "INTEGER", n: "NUMERIC", b: "BLOB" });
    const rows: ColumnValue[][] = [
      ["a\0é😀", 9007199254740991, 0.1, new Uint8Array([0, 255])],
      ["", -1, 42, new Uint8Array(0)],
      [null, null, null, null],
    ];
    const ids = await fill(kinds, rows);
    const read = await session.records.read(kinds, ids);
    expect(read).toEqual(rows.map((row, at) => [ids[at] as number, ...row]));
  });
});

describe("searching", () => {
  const made = table("sale", { name: "TEXT", n: "NUMERIC", data: "BLOB" });
  const bytes = (...values: number[]) => new Uint8Array(values);

  beforeEach(async () => {
    await fill(made, [
      ["Ann", 1, bytes(1)],
      ["bob", 2.5, bytes(2, 0)],
      [null, null, null],
      ["100%", 1, bytes()],
    ]);
  });

  async function found(
    conditions: Condition[],
    options: SearchOptions = {},
  ): Promise<ColumnValue[]> {
    const rows = await session.records.search(made, conditions, options);
    return rows.map(([id = null]) => id);
  }

  const CASES: [Condition["column"], Condition["operator"], Condition["value"], number[]][] = [
    ["name", "=", "Ann", [1]],
    ["name", "=", null, [3]],
    ["name", "!=", "Ann", [2, 3, 4]],
    ["name", "!=", null, [1, 2, 4]],
    ["n", "=", 1, [1, 4]],
    ["n", "=", true, [1, 4]],
    ["n", "<", 2, [1, 4]],
    ["n", "<=", 2.5, [1, 2, 4]],
    ["n", ">", 1, [2]],
    ["n", ">=", 1, [1, 2, 4]],
    ["n", ">", null, []],
    ["id", ">", 2, [3, 4]],
    ["id", "in", [4, 1, 1], [1, 4]],
    ["id", "not in", [4, 1], [2, 3]],
    ["name", "in", ["Ann", "zoe"], [1]],
    ["name", "in", ["Ann", null], [1, 3]],
    ["name", "in", [null], [3]],
    ["name", "in", [], []],
    ["name", "not in", ["Ann"], [2, 3, 4]],
    ["name", "not in", ["Ann", null], [2, 4]],
    ["name", "not in", [null], [1, 2, 4]],
    ["name", "not in", [], [1, 2, 3, 4]],
    ["n", "in", [2.5, true], [1, 2, 4]],
    ["data", "=", bytes(2, 0), [2]],
    ["data", "in", [bytes(2, 0), bytes(), bytes(9)], [2, 4]],
    ["data", "not in", [bytes(2, 0), null], [1, 4]],
    ["n", "in", [1n, 7n], [1, 4]],
    ["name", "like", "a%", [1]],
    ["name", "like", "%o%", [2]],
    ["name", "like", "_ob", [2]],
    ["name", "like", null, []],
    ["name", "not like", "a%", [2, 3, 4]],
  ];
  test.each(CASES)("%s %s %p", async (column, operator, value, ids) => {
    expect(await found([{ column, operator, value }])).toEqual(ids);
  });

  test("holds every clause at once", async () => {
    const conditions: Condition[] = [
      { column: "n", operator: "not in", value: [2.5] },
      { column: "data", operator: "in", value: [bytes(1), bytes()] },
      { column: "name", operator: "not like", value: "a%" },
    ];
    expect(await found(conditions)).toEqual([4]);
  });

  test("orders by several columns, then by id, and takes a page", async () => {
    const order = [{ column: "n", descending: true }];
    expect(await found([], { order })).toEqual([2, 1, 4, 3]);
    expect(await found([], { order: [...order, { column: "name", descending: false }] })).toEqual([
      2, 4, 1, 3,
    ]);
    expect(await found([], { order, limit: 2, offset: 1 })).toEqual([1, 4]);
    expect(await found([], { limit: 0 })).toEqual([]);
    expect(await found([], { offset: 3 })).toEqual([4]);
  });

  test("refuses more blobs than SQLite takes at once", async () => {
    const value = Array.from({ length: 30_001 }, () => bytes(1));
    expect(found([{ column: "data", operator: "in", value }])).rejects.toMatchObject({
      code: "invalid",
      message: "Cannot search for 30001 values of this kind at once; search for 30000 at a time",
    });
    expect(await found([{ column: "data", operator: "in", value: value.slice(1) }])).toEqual([1]);
  });

  test("takes what looks like SQL as text", async () => {
    const value = "'; DROP TABLE sale; --";
    expect(await found([{ column: "name", operator: "=", value }])).toEqual([]);
    expect(await found([])).toEqual([1, 2, 3, 4]);
  });
});

describe("updating", () => {
  const made = table("sale", { a: "TEXT", n: "NUMERIC", data: "BLOB" });
  const update = (...changes: Parameters<Session["records"]["update"]>[2][]) =>
    session.records.update(made, 1, changes.flat());

  beforeEach(() => fill(made, [["x", 1, new Uint8Array([1])]]));

  test("writes only the columns given", async () => {
    expect(await update([{ column: "a", value: "y" }])).toBe("ok");
    expect(await session.records.read(made, [1])).toEqual([[1, "y", 1, new Uint8Array([1])]]);
  });

  test.each([
    ["a", "x", "y"],
    ["n", 1, 2.5],
    ["data", new Uint8Array([1]), new Uint8Array([2])],
    ["a", "x", null],
  ] as [string, ColumnValue, ColumnValue][])(
    "is guarded by what was read: %s",
    async (column, before, value) => {
      expect(await update([{ column, value, before }])).toBe("ok");
      expect(await update([{ column, value: before, before }])).toBe("changed");
      expect(await update([{ column, value: before, before: value }])).toBe("ok");
    },
  );

  test("changes nothing when one of the columns was changed", async () => {
    const changes = [
      { column: "a", value: "new", before: "x" },
      { column: "n", value: 9, before: 7 },
    ];
    expect(await update(changes)).toBe("changed");
    expect(await session.records.read(made, [1])).toEqual([[1, "x", 1, new Uint8Array([1])]]);
  });

  test("takes guarded columns and others together", async () => {
    const changes = [
      { column: "n", value: 9 },
      { column: "a", value: "new", before: "x" },
    ];
    expect(await update(changes)).toBe("ok");
    expect(
      await update([
        { column: "n", value: 3, before: 9 },
        { column: "a", value: "z" },
      ]),
    ).toBe("ok");
    expect(await session.records.read(made, [1])).toEqual([[1, "z", 3, new Uint8Array([1])]]);
  });

  test("of a row that is gone says so", async () => {
    await session.records.delete(made, [1]);
    expect(await update([{ column: "a", value: "y" }])).toBe("gone");
    expect(await update([{ column: "a", value: "y", before: "x" }])).toBe("gone");
  });

  test("of nothing is done", async () => {
    expect(await update([])).toBe("ok");
  });
});

test("ids of deleted rows are not used again", async () => {
  const made = table("sale", { a: "TEXT" });
  const [first = 0] = await fill(made, [["x"]]);
  await session.records.delete(made, [first]);
  expect(await session.records.insert(made, ["y"])).toBe(first + 1);
});
