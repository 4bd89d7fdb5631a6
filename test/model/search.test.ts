/** ModelSQL.search: clauses, order, limit and offset. */
import { beforeAll, afterAll, expect, test } from "bun:test";
import { Decimal, ModelSQL, Transaction, v } from "../../src/index.ts";
import { makeRuntime, sentenceOf } from "./support.ts";

class Item extends ModelSQL("item", {
  name: v.string(),
  count: v.optional(v.pipe(v.number(), v.integer())),
  open: v.optional(v.boolean()),
  price: v.optional(v.instance(Decimal)),
  data: v.optional(v.instance(Uint8Array)),
  weight: v.optional(v.number()),
  code: v.optional(v.union([v.string(), v.number()])),
  serial: v.optional(v.bigint()),
}) {}

type Clauses = Parameters<typeof Item.search>[0];
type Options = Parameters<typeof Item.search>[1];

let runtime: ReturnType<typeof makeRuntime>;

beforeAll(async () => {
  runtime = makeRuntime();
  await Transaction.start({}, () =>
    Item.create([
      { name: "apple", count: 3, open: true, price: new Decimal("1.50") },
      { name: "banana", count: 1, open: false, data: Uint8Array.of(1, 2) },
      { name: "Cherry", count: 3 },
      { name: "date", price: new Decimal("2") },
    ]),
  );
});

afterAll(() => runtime[Symbol.asyncDispose]());

async function find(clauses: unknown, options?: unknown): Promise<number[]> {
  const records = await Transaction.start({}, () =>
    Item.search(clauses as Clauses, options as Options),
  );
  return records.map(({ id }) => id);
}

test.each<[string, unknown[], number[]]>([
  ["nothing", [], [1, 2, 3, 4]],
  ["=", [["name", "=", "apple"]], [1]],
  ["= of the id", [["id", "=", 3]], [3]],
  ["= nothing", [["count", "=", null]], [4]],
  ["= undefined", [["count", "=", undefined]], [4]],
  ["!=", [["count", "!=", 3]], [2, 4]],
  ["!= nothing", [["count", "!=", null]], [1, 2, 3]],
  ["<", [["count", "<", 3]], [2]],
  ["<= a part", [["count", "<=", 1.5]], [2]],
  [">", [["id", ">", 2]], [3, 4]],
  [">=", [["count", ">=", 3]], [1, 3]],
  ["in", [["name", "in", ["date", "apple", "none"]]], [1, 4]],
  ["in an empty list", [["name", "in", []]], []],
  ["not in", [["id", "not in", [1, 2]]], [3, 4]],
  ["like", [["name", "like", "%an%"]], [2]],
  ["not like", [["name", "not like", "%an%"]], [1, 3, 4]],
  ["a boolean", [["open", "=", false]], [2]],
  ["a decimal", [["price", "=", new Decimal("1.50")]], [1]],
  ["bytes", [["data", "=", Uint8Array.of(1, 2)]], [2]],
  [
    "two clauses",
    [
      ["count", "=", 3],
      ["open", "=", true],
    ],
    [1],
  ],
])("finds by %s", async (_what, clauses, ids) => {
  expect(await find(clauses)).toEqual(ids);
});

test("a list finds what each of its values finds, big numbers too", async () => {
  await using _tq = makeRuntime();
  const weights = [2 ** 53 + 2, 4561019484118340000, -51109073674471060, 1e300, 2 ** 64, 0.1 + 0.2];
  const records = weights.map((weight, index) => ({
    name: "big",
    weight,
    serial: 2n ** 70n + BigInt(index),
  }));
  await Transaction.start({}, () => Item.create(records));
  for (const [index, { weight, serial }] of records.entries()) {
    const [id, others] = [
      index + 1,
      records.map((_, at) => at + 1).filter((at) => at !== index + 1),
    ];
    for (const [name, value] of Object.entries({ weight, serial })) {
      expect(await find([[name, "=", value]])).toEqual([id]);
      expect(await find([[name, "in", [value, value]]])).toEqual([id]);
      expect(await find([[name, "not in", [value]]])).toEqual(others);
    }
    // A neighbour is another number.
    const near = weight * (1 + Number.EPSILON);
    expect(await find([["weight", "in", [near, 7]]])).toEqual([]);
  }
  expect(await find([["weight", "in", weights]])).toEqual([1, 2, 3, 4, 5, 6]);
});

test.each<[object, number[]]>([
  [{ order: [["name", "DESC"]] }, [4, 2, 1, 3]],
  [
    {
      order: [
        ["count", "ASC"],
        ["name", "DESC"],
      ],
    },
    [4, 2, 1, 3],
  ],
  [{ order: [["id", "DESC"]] }, [4, 3, 2, 1]],
  [{ order: [["count", "DESC"]] }, [1, 3, 2, 4]],
  [{ limit: 2 }, [1, 2]],
  [{ limit: 0 }, []],
  [{ offset: 3 }, [4]],
  [{ limit: 2, offset: 1, order: [["id", "DESC"]] }, [3, 2]],
])("orders and cuts: %j", async (options, ids) => {
  expect(await find([], options)).toEqual(ids);
});

test.each<[unknown, unknown, string]>([
  [[["nam", "=", 1]], {}, 'Cannot search item: it has no field "nam"; did you mean "name"?'],
  [[["__proto__", "=", 1]], {}, 'it has no field "__proto__"'],
  [[["name", "==", "x"]], {}, 'Cannot search item: "==" is not an operator; use one of =, !=, <'],
  [[["name", "in", "x"]], {}, "name in needs a list"],
  [[["name", "=", ["x"]]], {}, "item.name cannot be"],
  [[["name", "=", 7]], {}, "item.name cannot be 7: it holds text"],
  [[["count", ">", "7"]], {}, 'item.count cannot be "7": it holds a number'],
  [[["open", "=", 1]], {}, "item.open cannot be 1: it holds true or false"],
  [[["count", "in", [1, "2"]]], {}, 'item.count cannot be "2"'],
  [[["data", "in", [Uint8Array.of(1)]]], {}, "data holds bytes; use = or !="],
  [[["name", "like", 7]], {}, "name like needs a text"],
  [[["id", "=", "7"]], {}, '"7" is not an id'],
  [
    [["price", ">", new Decimal("1")]],
    {},
    "price is kept as JSON and cannot be compared with >; use =, != or in",
  ],
  [
    [["code", "like", "a%"]],
    {},
    "code is kept as JSON and cannot be searched with like; use =, != or in",
  ],
  [[["code", "not like", "a%"]], {}, "code is kept as JSON and cannot be searched with not like"],
  [[["name", "="]], {}, "is not a clause; write it like"],
  ["name", {}, '"name" is not a list of clauses'],
  [["name"], {}, '"name" is not a clause'],
  [[], { order: [["nam", "ASC"]] }, 'it has no field "nam"; did you mean "name"?'],
  [[], { order: [["name", "desc"]] }, 'the order of name cannot be "desc"; use ASC or DESC'],
  [[], { order: [["name"]] }, 'the order cannot be [["name"]]; write it like [["id", "ASC"]]'],
  [[], { order: [["name", "ASC", "count"]] }, "the order cannot be"],
  [[], { order: [["price", "ASC"]] }, "price is kept as JSON and cannot be put in order"],
  [[], { limit: -1 }, "limit cannot be -1; it must be an integer from 0 up"],
  [[], { offset: "1" }, 'offset cannot be "1"'],
  [[], { limit: 1.5 }, "limit cannot be 1.5"],
])("a wrong search is refused with a sentence: %#", async (clauses, options, sentence) => {
  expect(await sentenceOf(() => find(clauses, options))).toContain(sentence);
});

test.each<[string, unknown, number[]]>([
  ["=", "1.5", [1]],
  ["=", "1.500", [1]],
  ["=", "15E-1", [1]],
  ["=", "2.00", [4]],
  ["=", "-1.5", []],
  ["!=", "1.5", [2, 3, 4]],
  ["in", ["1.5", "2.0"], [1, 4]],
  ["in", ["1.5", null], [1, 2, 3]],
  ["not in", ["1.5"], [2, 3, 4]],
  ["not in", ["1.5", null], [4]],
])("a decimal is found by its number: %s %p", async (operator, value, ids) => {
  const decimal = (text: string | null) => (text === null ? null : new Decimal(text));
  const operand = Array.isArray(value) ? value.map(decimal) : decimal(value as string);
  expect(await find([["price", operator, operand]])).toEqual(ids);
});

test("a decimal is found however it was written", async () => {
  await using _tq = makeRuntime();
  const groups = [
    ["0", "0.00", "0E+3", "0E-9"],
    ["1500", "1.5E+3", "1500.00", "1.50E+3"],
    ["-0.0000015", "-1.5E-6", "-15E-7", "-1.50E-6"],
    ["1E-7", "1.0E-7", "10E-8"],
    ["100", "1E+2"],
    ["10", "10.0"],
    ["1", "1.0"],
  ];
  const texts = groups.flat();
  await Transaction.start({}, () =>
    Item.create(texts.map((text) => ({ name: text, price: new Decimal(text) }))),
  );
  for (const group of groups) {
    for (const text of group) {
      const found = await find([["price", "=", new Decimal(text)]]);
      expect(found.map((id) => texts[id - 1] ?? "")).toEqual(group);
    }
  }
});

test.each<[string, string[]]>([
  ["ÄPFEL%", ["äpfel"]],
  ["äPF_L", ["äpfel"]],
  ["straße", ["Straße"]],
  ["100\\%", ["100%"]],
  ["100%", ["100%", "1000"]],
  ["a\\_b", ["a_b"]],
  ["a_b", ["a_b", "a*b", "a\\b"]],
  ["a*b", ["a*b"]],
  ["a\\\\b", ["a\\b"]],
  ["[ab]", ["[ab]"]],
  ["\\😀_", ["\\😀😀"]],
  ["a\\b", ["a\\b"]],
  ["а%", ["Аз"]],
])(
  "like %p ignores the case of every letter, and a backslash takes a wildcard its meaning",
  async (pattern, names) => {
    await using _tq = makeRuntime();
    const all = ["äpfel", "Straße", "100%", "1000", "a_b", "a*b", "a\\b", "[ab]", "\\😀😀", "Аз"];
    await Transaction.start({}, () => Item.create(all.map((name) => ({ name }))));
    const found = await find([["name", "like", pattern]]);
    expect(found.map((id) => all[id - 1] ?? "")).toEqual(names);
    expect(await find([["name", "not like", pattern]])).toHaveLength(all.length - names.length);
  },
);

test.each<[unknown, string]>([
  [{ limt: 1 }, 'limt is not an option; did you mean "limit"?'],
  [{ sort: "name" }, "sort is not an option"],
  [{ order: "name" }, 'the order cannot be "name"; write it like [["id", "ASC"]]'],
  [{ order: ["name", "ASC"] }, 'the order cannot be ["name","ASC"]'],
  [null, "null is no object of options; give { order, limit, offset }"],
])("a search with the options %j is refused", async (options, why) => {
  expect(await sentenceOf(() => find([], options))).toStartWith(`Cannot search item: ${why}`);
});

test("a pattern that the database could not take is refused", async () => {
  const sentence = await sentenceOf(() => find([["name", "like", "ä".repeat(4_001)]]));
  expect(sentence).toContain("name like needs a text of at most 4000 characters");
  expect(await find([["name", "like", "ä".repeat(4_000)]])).toEqual([]);
});
