/** Tables that are made, extended, or refused; models that cannot be. */
import { expect, test } from "bun:test";
import { ModelSQL, Transaction, v } from "../../src/index.ts";
import { Registry } from "../../src/registry/registry.ts";
import { ensureTables } from "../../src/registry/tables.ts";
import { errorOf, makeRuntime, sentenceOf } from "../model/support.ts";

const inside = <T>(fn: () => Promise<T> | T) => Transaction.start({}, fn);

/** Each as another version of the same program would have it. */
class First extends ModelSQL("thing", { name: v.string() }) {}
class Second extends ModelSQL("thing", {
  name: v.string(),
  size: v.optional(v.number()),
  kind: v.optional(v.string(), "plain"),
  colour: v.undefinedable(v.string(), "grey"),
  made: v.optional(v.string(), () => "now"),
  needed: v.boolean(),
}) {}

test("an added field is an added column; old rows have its default, or nothing", async () => {
  await using tq = makeRuntime();
  await inside(() => First.create([{ name: "old" }]));
  const [old] = await inside(() => Second.browse([1]));
  expect(Object.fromEntries(Object.entries(old ?? {}))).toEqual({
    id: 1,
    name: "old",
    size: undefined,
    kind: "plain",
    colour: "grey",
    made: undefined,
    needed: undefined,
  });
  await inside(async () => {
    const [record] = await Second.browse([1]);
    if (record) record.name = "renamed";
    await record?.save();
  });
  expect(tq.sql("SELECT * FROM thing")).toEqual([
    {
      id: 1,
      name: "renamed",
      size: null,
      kind: "plain",
      colour: "grey",
      made: null,
      needed: null,
    },
  ]);
  await inside(() => Second.create([{ name: "new", colour: undefined, needed: true }]));
  expect(tq.sql("SELECT kind, made, needed FROM thing WHERE id = 2")).toEqual([
    { kind: "plain", made: "now", needed: 1 },
  ]);
});

test("a program with fewer fields still reads and writes the table", async () => {
  await using tq = makeRuntime();
  await inside(() => Second.create([{ name: "a", size: 3, colour: "red", needed: true }]));
  await inside(async () => {
    const [record] = await First.browse([1]);
    if (record) record.name = "b";
    await record?.save();
    await First.create([{ name: "c" }]);
  });
  expect(tq.sql("SELECT name, size FROM thing")).toEqual([
    { name: "b", size: 3 },
    { name: "c", size: null },
  ]);
});

test("a table that a failed transaction made is made again by the next", async () => {
  await using _tq = makeRuntime();
  await errorOf(() =>
    inside(async () => {
      await First.create([{ name: "a" }]);
      throw new Error("no");
    }),
  );
  expect(await inside(() => First.search([]))).toEqual([]);
});

test("two transactions at once make one table", async () => {
  await using tq = makeRuntime();
  await Promise.all(["a", "b", "c"].map((name) => inside(() => First.create([{ name }]))));
  expect(tq.sql("SELECT count(*) AS n FROM thing")).toEqual([{ n: 3 }]);
});

test.each<[string, string, string]>([
  [
    "a column of another type",
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name BLOB)",
    "its column name is BLOB and the field needs TEXT; rename the field, or move the data: ALTER TABLE",
  ],
  [
    "no id",
    "CREATE TABLE thing (name TEXT)",
    "it has no column id INTEGER PRIMARY KEY; rebuild the table with one, or rename the model",
  ],
  [
    "a column that must be given",
    "CREATE TABLE thing (id INTEGER PRIMARY KEY, name TEXT, x TEXT NOT NULL)",
    "its column x is NOT NULL without a default, and the model has no such field; add the field, or drop the column",
  ],
])("a table with %s is refused with what to do", async (_what, sql, sentence) => {
  await using tq = makeRuntime();
  tq.sql(sql);
  const error = await errorOf(() => inside(() => First.search([])));
  expect(error.message).toContain(`Cannot use the table thing: ${sentence}`);
  expect(error.code).toBe("models");
});

test("all tables are made at once", async () => {
  await using tq = makeRuntime();
  const registry = new Registry();
  class Fresh extends ModelSQL("fresh.one", { a: v.string() }) {}
  registry.add(Second, null);
  registry.add(Fresh, null);
  await ensureTables(tq.store, registry, tq.runtime.report);
  const names = tq.sql<{ name: string }>(
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name IN ('thing', 'fresh_one') ORDER BY name",
  );
  expect(names.map(({ name }) => name)).toEqual(["fresh_one", "thing"]);
});

test.each([
  "Sale",
  "sale order",
  "",
  "sale-line",
  "9sale",
  ".sale",
  "sale.",
  "tq_x",
  "tq.x",
  "sqlite_x",
  'x"y',
])("no model can be named %j", async (name) => {
  const error = await errorOf(() => ModelSQL(name, {}));
  expect(error.code).toBe("models");
  expect(error.message).toContain(`Cannot make the model`);
});

test.each([
  "id",
  "ID",
  "save",
  "delete",
  "then",
  "toJSON",
  "constructor",
  "__queue__",
  "toString",
  "a b",
  "1a",
  "grün",
])("no field can be named %j", async (name) => {
  const error = await errorOf(() => ModelSQL("thing", { [name]: v.string() }));
  expect(error.code).toBe("models");
  expect(error.message).toContain(`Cannot make the model thing: a field cannot be named`);
  expect(error.message).toContain(name);
});

test.each<[string, () => unknown, string]>([
  [
    "two fields that differ in case",
    () => ModelSQL("x", { a: v.string(), A: v.string() }),
    "its fields a and A would be one column",
  ],
  [
    "no schema",
    () => ModelSQL("x", { a: String as never }),
    "the field a has no valibot schema; give one, like v.string()",
  ],
  [
    "an asynchronous schema",
    () =>
      ModelSQL("x", {
        a: v.pipeAsync(
          v.string(),
          v.checkAsync(async () => true),
        ) as never,
      }),
    "the schema of a is asynchronous",
  ],
  [
    "a Date",
    () => ModelSQL("x", { a: v.optional(v.date()) }),
    "the field a cannot be a Date, which comes back as a Temporal.Instant; use v.instance(Temporal.Instant)",
  ],
  [
    "a Map",
    () => ModelSQL("x", { a: v.map(v.string(), v.string()) }),
    "the field a cannot be a map: JSON does not carry it",
  ],
])("%s is refused", async (_what, make, sentence) => {
  expect(await sentenceOf(make)).toContain(sentence);
});

test("schemas of every kind have the column that holds them", async () => {
  await using tq = makeRuntime();
  const Plain = { A: "a" } as const;
  class Kinds extends ModelSQL("kinds", {
    trimmed: v.pipe(v.string(), v.trim(), v.minLength(1)),
    parsed: v.optional(v.pipe(v.string(), v.transform(Number))),
    both: v.optional(v.union([v.string(), v.number()])),
    literal: v.optional(v.literal("x")),
    one: v.optional(v.literal(1)),
    numbers: v.optional(v.picklist([1, 2])),
    named: v.optional(v.enum(Plain)),
    nested: v.nullish(v.pipe(v.number(), v.integer(), v.minValue(0))),
    instant: v.optional(v.instance(Temporal.Instant)),
    parsedInPipe: v.optional(v.pipe(v.pipe(v.string(), v.transform(Number)), v.minValue(1))),
    wholeInPipe: v.optional(v.pipe(v.pipe(v.number(), v.integer()), v.minValue(0))),
  }) {}
  await inside(() => Kinds.search([]));
  const columns = tq.sql<{ type: string }>("PRAGMA table_info(kinds)");
  expect(columns.map(({ type }) => type).slice(1)).toEqual(
    "TEXT TEXT TEXT TEXT TEXT TEXT TEXT INTEGER TEXT TEXT INTEGER".split(" "),
  );
  const [made] = await inside(() =>
    Kinds.create([
      {
        trimmed: "  a  ",
        both: 7,
        one: 1,
        numbers: 2,
        named: Plain.A,
        nested: null,
        parsedInPipe: "5",
      },
    ]),
  );
  expect(made?.trimmed).toBe("a");
  const [read] = await inside(() => Kinds.browse([1]));
  expect(read).toMatchObject({
    trimmed: "a",
    both: 7,
    one: 1,
    numbers: 2,
    named: "a",
    parsedInPipe: 5,
  });
  expect(tq.sql("SELECT trimmed, both, one, named FROM kinds")).toEqual([
    { trimmed: "a", both: "7", one: "1", named: "a" },
  ]);
});
