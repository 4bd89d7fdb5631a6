/** The rows of a table: read in order, searched, and changed only where another transaction did not. */
import { beforeEach, describe, expect, test } from "bun:test";
import type { ColumnValue, Condition, Row, SearchOptions } from "../../../src/store/records.ts";
import { fill, renewSession, session, sql, table } from "./rows-session.ts";

renewSession();

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
  const row: Row = [1, "x", 1, new Uint8Array([1])];
  const update = (column: string, value: ColumnValue, read: Row | null = null) =>
    session.records.update(made, 1, [{ column, value }], read);

  beforeEach(() => fill(made, [["x", 1, new Uint8Array([1])]]));

  test("writes only the columns given", async () => {
    expect(await update("a", "y")).toBe("ok");
    expect(await session.records.read(made, [1])).toEqual([[1, "y", 1, new Uint8Array([1])]]);
  });

  test("names the columns that no longer hold what was read, and changes nothing", async () => {
    expect(await update("a", "y", row)).toBe("ok");
    expect(await update("n", 2, row)).toEqual({ changed: ["a"] });
    expect(await update("a", "z", [1, "y", 7, null])).toEqual({ changed: ["n", "data"] });
    expect(await session.records.read(made, [1])).toEqual([[1, "y", 1, new Uint8Array([1])]]);
  });

  test.each([
    ["a", null],
    ["a", "\0 half"],
    ["n", 2.5],
    ["n", -0],
    ["n", 2 ** 60],
    ["data", null],
    ["data", new Uint8Array([0, 255])],
  ] as [string, ColumnValue][])("finds %s unchanged that holds %p", async (column, value) => {
    await update(column, value);
    const [read = row] = await session.records.read(made, [1]);
    expect(await update("a", "y", read)).toBe("ok");
  });

  test("does not compare a value that JavaScript does not hold exactly", async () => {
    await session.begin();
    await session.sql("UPDATE sale SET n = 9007199254740993, a = CAST(x'ff' AS TEXT)", []);
    const [read = row] = await session.records.read(made, [1]);
    expect(await update("data", null, read)).toBe("ok");
  });

  test("of a row that is gone says so", async () => {
    await session.records.delete(made, [1]);
    expect(await update("a", "y")).toBe("gone");
    expect(await update("a", "y", row)).toBe("gone");
  });

  test("of nothing is done", async () => {
    expect(await session.records.update(made, 1, [], row)).toBe("ok");
  });
});

test("ids of deleted rows are not used again", async () => {
  const made = table("sale", { a: "TEXT" });
  const [first = 0] = await fill(made, [["x"]]);
  await session.records.delete(made, [first]);
  expect(await session.records.insert(made, ["y"])).toBe(first + 1);
});
