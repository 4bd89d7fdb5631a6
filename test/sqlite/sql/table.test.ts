/** The table of a model: made, extended or refused. */
import { describe, expect, test } from "bun:test";
import type { Table } from "../../../src/store/records.ts";
import { columnsOf, fill, renewSession, session, sql, subject, table } from "./rows-session.ts";

renewSession();

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
    const change = { column: 'a"b', value: "new" };
    const read = [id, "x", "y", "z"];
    expect(await session.records.update(odd, id, [change], read)).toBe("ok");
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
      "it has no column id INTEGER PRIMARY KEY; rebuild the table with one, or rename the model",
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
      "its columns a and A are one column to SQLite, which ignores upper and lower case; rename one of the fields",
    ],
    [
      "a field named as the id",
      "SELECT 1",
      table("sale", { Id: "TEXT" }),
      "its columns id and Id are one column to SQLite",
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
