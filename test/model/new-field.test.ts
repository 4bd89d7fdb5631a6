/** A field that a model gets while its table has rows: what the rows have in it, and what a search finds. */
import { expect, test } from "bun:test";
import { Decimal, ModelSQL, Transaction, v } from "../../src/index.ts";
import type { Fields } from "../../src/registry/fields.ts";
import { Registry } from "../../src/registry/registry.ts";
import { ensureTables } from "../../src/registry/tables.ts";
import { IS_POSTGRES, makeRuntime, sentenceOf } from "./support.ts";

const inside = <T>(fn: () => Promise<T> | T) => Transaction.start({}, fn);

/** The model as the older version of the program had it. */
class Old extends ModelSQL("order", { name: v.string() }) {}

/** A runtime whose table has a row that is older than all other fields. */
async function withOldRow() {
  const tq = makeRuntime();
  await inside(() => Old.create([{ name: "old" }]));
  return tq;
}

/** The model of the newer version, with one more field. */
const withField = (schema: Fields[string]) =>
  class New extends ModelSQL("order", { name: v.string(), added: schema }) {};

/** Ids of the records that a search for the added field finds. */
async function find(model: ReturnType<typeof withField>, operator: "=" | "!=", value: unknown) {
  const records = await inside(() => model.search([["added", operator, value]]));
  return records.map(({ id }) => id);
}

const date = Temporal.PlainDate.from("2026-12-01");

type Default = [what: string, schema: Fields[string], value: unknown, other: unknown];

/** PostgreSQL stores none. */
const WITH_NUL: Default = ["a text with a NUL", v.optional(v.string(), "a\0'b"), "a\0'b", "a"];

test.each<Default>([
  ["false", v.optional(v.boolean(), false), false, true],
  ["true", v.optional(v.boolean(), true), true, false],
  ["a text", v.optional(v.string(), "none@x"), "none@x", "a@x"],
  ["an empty text", v.optional(v.string(), ""), "", "a"],
  ["a text with quotes", v.optional(v.string(), `it's "x" -- ?1`), `it's "x" -- ?1`, "it"],
  ["a text of digits", v.optional(v.string(), "0012"), "0012", "12"],
  ...(IS_POSTGRES ? [] : [WITH_NUL]),
  ["a text beyond ASCII", v.optional(v.string(), "ß\n€😀"), "ß\n€😀", "ss"],
  ["zero", v.optional(v.number(), 0), 0, 1],
  ["a negative whole number", v.optional(v.pipe(v.number(), v.integer()), -7), -7, 7],
  ["a fraction", v.optional(v.number(), 0.1 + 0.2), 0.1 + 0.2, 0.3],
  ["a number beyond 2^53", v.optional(v.number(), 2 ** 60), 2 ** 60, 2 ** 59],
  ["a huge number", v.optional(v.number(), -1.797e308), -1.797e308, 1],
  ["a bigint", v.optional(v.bigint(), 2n ** 70n), 2n ** 70n, 1n],
  ["a decimal", v.optional(v.instance(Decimal), new Decimal("1.50")), new Decimal("1.5"), null],
  ["a date", v.optional(v.instance(Temporal.PlainDate), date), date, null],
  ["a list", v.optional(v.array(v.string()), ["it's", "b"]), ["it's", "b"], []],
  [
    "bytes",
    v.optional(v.instance(Uint8Array), Uint8Array.of(0, 39, 255)),
    Uint8Array.of(0, 39, 255),
    Uint8Array.of(0),
  ],
  ["a word of a list", v.optional(v.picklist(["new", "done"]), "new"), "new", "done"],
  ["a default that the schema trims", v.optional(v.pipe(v.string(), v.trim()), " x "), "x", " x "],
  ["a default of nullish", v.nullish(v.string(), "x"), "x", "y"],
  ["a fallback", v.fallback(v.string(), "x"), "x", "y"],
])(
  "a row older than a field with a default is found by it: %s",
  async (_what, schema, value, other) => {
    await using tq = await withOldRow();
    const model = withField(schema);
    expect(await find(model, "=", value)).toEqual([1]);
    expect(await find(model, "!=", value)).toEqual([]);
    expect(await find(model, "=", other)).toEqual([]);
    // A new row that takes the default holds the same, byte for byte.
    await inside(() => model.create([{ name: "new" } as never]));
    const bytes = IS_POSTGRES ? "added::text" : "added, typeof(added), hex(added)";
    const held = tq.sql(`SELECT DISTINCT ${bytes} FROM "order"`);
    expect(held).toHaveLength(1);
    const [old, made] = await inside(() => model.browse([1, 2]));
    expect(old?.added).toEqual(made?.added);
  },
);

test("a row that an older program adds later has the default too", async () => {
  await using tq = await withOldRow();
  const New = withField(v.optional(v.boolean(), false));
  await inside(() => New.search([]));
  await inside(() => Old.create([{ name: "late" }]));
  expect(await find(New, "=", false)).toEqual([1, 2]);
  expect(tq.events.filter(({ name }) => name === "log.note")).toEqual([]);
});

test("a table that is made with the default gives it to the rows of an older program", async () => {
  await using _tq = makeRuntime();
  const New = withField(v.optional(v.string(), "plain"));
  await inside(() => New.create([{ name: "new", added: "other" }]));
  await inside(() => Old.create([{ name: "late" }]));
  expect(await find(New, "=", "plain")).toEqual([2]);
});

test("a default that cannot be stored leaves the field empty, and is refused where a record takes it", async () => {
  await using _tq = await withOldRow();
  const New = withField(v.optional(v.number(), Number.POSITIVE_INFINITY));
  expect(await find(New, "=", null)).toEqual([1]);
  expect(await sentenceOf(() => inside(() => New.create([{ name: "new" } as never])))).toContain(
    "only finite numbers can be stored",
  );
});

test.each<[string, Fields[string]]>([
  ["a required text", v.string()],
  ["a required value of any of two types", v.union([v.string(), v.number()])],
  ["a schema that no longer allows undefined", v.nonOptional(v.optional(v.string()))],
  ["a default that a function computes", v.optional(v.string(), () => "now")],
])("the log says once that the rows of a table lack a new field: %s", async (_what, schema) => {
  await using tq = await withOldRow();
  const model = withField(schema);
  await inside(() => model.search([]));
  await inside(() => model.search([]));
  await inside(() => withField(schema).search([]));
  expect(tq.eventsOf("log.note")).toEqual([
    {
      name: "log.note",
      level: "warn",
      message:
        'The rows of the table order have no added, which its model requires, as they are older than the field: reading gives undefined; fill them: UPDATE "order" SET "added" = … WHERE "added" IS NULL',
    },
  ]);
});

test("the log says it too where a worker adds the field as it starts", async () => {
  await using tq = await withOldRow();
  const registry = new Registry();
  registry.add(withField(v.string()), null);
  await ensureTables(tq.store, registry, tq.runtime.report);
  expect(tq.eventsOf("log.note").map(({ level }) => level)).toEqual(["warn"]);
});

test.each<[string, Fields[string]]>([
  ["an optional text", v.optional(v.string())],
  ["a text that may be null", v.nullable(v.string())],
  ["a value of any kind", v.unknown()],
])("the log says nothing of a new field that may be empty: %s", async (_what, schema) => {
  await using tq = await withOldRow();
  await inside(() => withField(schema).search([]));
  expect(tq.eventsOf("log.note")).toEqual([]);
});

test("the log says nothing of a required field where the table has no rows", async () => {
  await using tq = makeRuntime();
  await inside(() => Old.search([]));
  await inside(() => withField(v.string()).search([]));
  expect(tq.eventsOf("log.note")).toEqual([]);
});
