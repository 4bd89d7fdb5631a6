/** The values of fields: their columns, and what is refused. */
import { expect, test } from "bun:test";
import { Decimal } from "../../src/index.ts";
import { needs } from "../support/needs.ts";
import { IS_POSTGRES, makeRuntime, onSqlite, sentenceOf } from "./support.ts";
import { All, inside } from "./sample-models.ts";

onSqlite("the types of its columns are SQLite's").test(
  "the table is named as the model, with a column a field of the kind that fits",
  async () => {
    await using tq = makeRuntime();
    await inside(() => All.search([]));
    const columns = tq.sql<{ name: string; type: string }>("PRAGMA table_info(all_kinds)");
    expect(columns.map(({ name, type }) => `${name} ${type}`)).toEqual([
      "id INTEGER",
      "text TEXT",
      "whole INTEGER",
      "number NUMERIC",
      "flag INTEGER",
      "bytes BLOB",
      "state TEXT",
      "price TEXT",
      "day TEXT",
      "lines TEXT",
      "big TEXT",
    ]);
    expect(tq.sql("SELECT sql FROM sqlite_schema WHERE name = 'all_kinds'")[0]?.["sql"]).toContain(
      "AUTOINCREMENT",
    );
  },
);

test("values come back as they went in", async () => {
  await using _tq = makeRuntime();
  const values = {
    text: `grüße ${IS_POSTGRES ? "" : "\0"} 🦊 \n 'quoted'`, // PostgreSQL stores no NUL
    whole: Number.MAX_SAFE_INTEGER,
    number: -0.1,
    flag: false,
    bytes: Uint8Array.of(0, 255, 10),
    state: "done" as const,
    price: new Decimal("1.50"),
    day: Temporal.PlainDate.from("2024-02-29"),
    lines: [{ product: 1, note: "ü" }, { product: 2 }],
    big: 2n ** 80n,
  };
  const created = await inside(() => All.create([values, {}]));
  const [full, empty] = await inside(() => All.browse([1, 2]));
  for (const [key, value] of Object.entries(values)) {
    expect(full?.[key as keyof typeof values]).toEqual(value as never);
    expect(created[0]?.[key as keyof typeof values]).toEqual(value as never);
    expect(empty?.[key as keyof typeof values]).toBeUndefined();
  }
});

needs("sqlite3").test(
  "in a shell a number reads as it is written, true as 1, text without quotes",
  async () => {
    if (IS_POSTGRES) return; // the shell is SQLite's
    await using tq = makeRuntime();
    await inside(() => All.create([{ number: 42, whole: 7, flag: true, state: "done" }]));
    const shell = Bun.spawnSync([
      "sqlite3",
      tq.path,
      "SELECT number, whole, flag, state FROM all_kinds",
    ]);
    expect(shell.stdout.toString()).toBe("42|7|1|done\n");
  },
);

test.each([42, 0, -1, 0.5, 1e300, 2 ** 60, Number.MAX_VALUE, Number.MIN_VALUE])(
  "the number %p comes back",
  async (number) => {
    await using _tq = makeRuntime();
    await inside(() => All.create([{ number }]));
    expect((await inside(() => All.browse([1])))[0]?.number).toBe(number);
  },
);

test.each<[string, object, string]>([
  ["a float", { whole: 1.5 }, "Cannot save all.kinds: whole cannot be 1.5: Invalid integer"],
  [
    "a big integer",
    { whole: 2 ** 60 },
    "all.kinds.whole cannot be 1152921504606847000: it is too big to be exact; use v.bigint()",
  ],
  ["NaN", { number: Number.NaN }, "Cannot save all.kinds: number cannot be NaN"],
  [
    "Infinity",
    { number: Infinity },
    "all.kinds.number cannot be Infinity: only finite numbers can be stored",
  ],
  [
    "text for a number",
    { number: "1" },
    'number cannot be "1": Invalid type: Expected number but received "1"',
  ],
  [
    "a number for text",
    { text: 7 },
    "text cannot be 7: Invalid type: Expected string but received 7",
  ],
  ["null", { text: null }, "text cannot be null"],
  ["a word that is not in the list", { state: "open" }, 'state cannot be "open"'],
  ["half a surrogate pair", { text: "\ud800" }, "half a surrogate pair is not text"],
  [
    "something wrong in depth",
    { lines: [{ product: 1 }, { product: "2" }] },
    'lines.1.product cannot be "2"',
  ],
  [
    "a number in depth that JSON cannot carry",
    { lines: [{ product: Infinity }] },
    "all.kinds.lines[0].product: Infinity is not JSON",
  ],
])("%s is refused, and nothing is written", async (_what, values, sentence) => {
  await using _tq = makeRuntime();
  expect(await sentenceOf(() => inside(() => All.create([values])))).toContain(sentence);
  expect(await inside(() => All.search([]))).toEqual([]);
});

test("a wrong value of a record that was read is refused as well", async () => {
  await using _tq = makeRuntime();
  await inside(() => All.create([{}]));
  for (const [key, value] of Object.entries({
    text: 7,
    flag: "x",
    bytes: "y",
    whole: "1",
    lines: 1,
  })) {
    const sentence = await sentenceOf(() =>
      inside(async () => {
        const [record] = await All.browse([1]);
        Object.assign(record ?? {}, { [key]: value });
        await record?.save();
      }),
    );
    expect(sentence).toContain(`Cannot save all.kinds 1: ${key} cannot be`);
  }
});
