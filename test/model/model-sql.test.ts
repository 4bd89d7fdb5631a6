/** ModelSQL: a model with a table. */
import { expect, test } from "bun:test";
import { Decimal, ModelSQL, Transaction, v } from "../../src/index.ts";
import { needs } from "../support/needs.ts";
import { errorOf, makeRuntime, outside, sentenceOf } from "./support.ts";

const inside = <T>(fn: () => Promise<T> | T) => Transaction.start({}, fn);

class All extends ModelSQL("all.kinds", {
  text: v.optional(v.string()),
  whole: v.optional(v.pipe(v.number(), v.integer())),
  number: v.optional(v.number()),
  flag: v.optional(v.boolean()),
  bytes: v.optional(v.instance(Uint8Array)),
  state: v.optional(v.picklist(["draft", "done"])),
  price: v.optional(v.instance(Decimal)),
  day: v.optional(v.instance(Temporal.PlainDate)),
  lines: v.optional(v.array(v.object({ product: v.number(), note: v.optional(v.string()) }))),
  big: v.optional(v.bigint()),
}) {}

class Sale extends ModelSQL("sale", {
  state: v.optional(v.picklist(["draft", "done"]), "draft"),
  total: v.optional(v.number()),
  party: v.nullable(v.string()),
  tags: v.optional(v.array(v.string()), []),
}) {
  async confirm() {
    this.state = "done";
    await this.save();
  }
}

/** A record that is saved. */
const makeSale = (total = 0) =>
  inside(async () => {
    const sale = new Sale({ party: null, total });
    await sale.save();
    return sale;
  });

async function browse(id: number): Promise<Sale> {
  const [sale] = await Sale.browse([id]);
  if (!sale) throw new Error(`there is no sale ${id}`);
  return sale;
}

test("the table is named as the model, with a column a field of the kind that fits", async () => {
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
});

test("values come back as they went in", async () => {
  await using _tq = makeRuntime();
  const values = {
    text: "grüße \u0000 🦊 \n 'quoted'",
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

test("optional reads undefined, nullable null; defaults are filled in at the save", async () => {
  await using _tq = makeRuntime();
  const sale = new Sale({ party: null });
  expect(sale.id).toBe(0);
  await inside(() => sale.save());
  expect(Object.fromEntries(Object.entries(sale))).toEqual({
    id: 1,
    state: "draft",
    total: undefined,
    party: null,
    tags: [],
  });
  expect(await inside(() => browse(1))).toEqual(sale);
  const again = await inside(() => browse(1));
  again.tags.push("x");
  expect(new Sale({ party: null }).tags).not.toEqual(["x"]);
  expect(await sentenceOf(() => inside(() => new Sale({} as never).save()))).toContain(
    "Cannot save sale: party cannot be undefined",
  );
});

test("a field that the model does not have is refused, with the near one", async () => {
  await using _tq = makeRuntime();
  const make = (values: unknown) => sentenceOf(() => new Sale(values as never));
  expect(await make({ stat: "x", party: null })).toBe(
    'Cannot make a sale: it has no field "stat"; did you mean "state"?',
  );
  expect(await make({ id: 7, party: null })).toContain('it has no field "id"');
  expect(await make("x")).toBe('Cannot make a sale of "x": give an object with its fields');
  expect(await make([1])).toContain("give an object with its fields");
});

class Ticket extends ModelSQL("ticket", {
  title: v.string(),
  state: v.optional(v.string()),
  code: v.optional(v.string()),
  note: v.optional(v.string()),
}) {
  override title!: string;
  override state = "draft";
  override code = crypto.randomUUID() as string;
  declare note: string | undefined;
  shout = "none";
}

test("what a field of the class sets is a default: a value that create is given wins", async () => {
  await using tq = makeRuntime();
  const [given, left] = await inside(() =>
    Ticket.create([
      { title: "a", state: "done", code: "x", note: "n" },
      { title: "b", state: undefined },
    ]),
  );
  expect(given).toMatchObject({ title: "a", state: "done", code: "x", note: "n", shout: "none" });
  expect(left).toMatchObject({ title: "b", state: "draft", note: undefined });
  expect(tq.sql("SELECT title, state, code, note FROM ticket")).toEqual([
    { title: "a", state: "done", code: "x", note: "n" },
    { title: "b", state: "draft", code: left?.code, note: null },
  ]);
  const [read] = await inside(() => Ticket.browse([1]));
  expect(read).toEqual(given as Ticket);
});

test("a value that a field of the class would hide from a new record is refused", async () => {
  const refused = (name: string) =>
    `Cannot make a ticket with ${name}: the class Ticket sets ${name} itself and overwrites the given value; write "declare ${name}" there and put a default into its schema, or use create`;
  expect(await sentenceOf(() => new Ticket({ title: "a" }))).toBe(refused("title"));
  expect(await sentenceOf(() => new Ticket({ note: "n", state: "done" } as never))).toBe(
    refused("state"),
  );
  expect(new Ticket({ note: "n", state: undefined } as never)).toMatchObject({ state: "draft" });
});

test("a class with a constructor of its own makes its records as it wants", async () => {
  await using tq = makeRuntime();
  class Word extends ModelSQL("word", { text: v.string(), size: v.optional(v.number()) }) {
    constructor(text?: string | { text: string }) {
      super({ text: typeof text === "string" ? text : (text?.text ?? "") });
      if (typeof this.text !== "string") throw new TypeError("no text");
      this.text = this.text.trim();
    }
  }
  await inside(async () => {
    await new Word(" one ").save();
    await Word.create([{ text: " two " }]);
  });
  expect(tq.sql("SELECT text FROM word")).toEqual([{ text: "one" }, { text: "two" }]);
});

test("a constructor that changes what was given hides nothing", async () => {
  await using tq = makeRuntime();
  class Person extends ModelSQL("person", { name: v.string(), state: v.optional(v.string()) }) {
    override state = "new";
    constructor(values?: { name: string; state?: string }) {
      void new Ticket(); // another one on the way
      super(values as never);
      if (this.name !== undefined) this.name = String(this.name).trim();
    }
  }
  expect(new Person({ name: " Bob " }).name).toBe("Bob");
  expect(await sentenceOf(() => new Person({ name: "Bob", state: "old" }))).toContain(
    "state itself",
  );
  await inside(() => Person.create([{ name: " Bob ", state: "old" }, { name: "Eve" }]));
  expect(tq.sql("SELECT name, state FROM person")).toEqual([
    { name: "Bob", state: "old" },
    { name: "Eve", state: "new" },
  ]);
});

test("accessors of the class are no fields of its own", async () => {
  await using tq = makeRuntime();
  class Level extends ModelSQL("level", { height: v.number() }) {}
  Object.defineProperty(Level.prototype, "height", {
    get(this: { centimetres: number }) {
      return this.centimetres / 100;
    },
    set(this: { centimetres: number }, metres: number) {
      this.centimetres = metres * 100;
    },
  });
  await inside(() => new Level({ height: 2 }).save());
  expect(tq.sql("SELECT height FROM level")).toEqual([{ height: 2 }]);
});

test("a save writes the changed columns only, and none when nothing was changed", async () => {
  await using tq = makeRuntime();
  await makeSale(5);
  tq.sql("CREATE TABLE log (what)");
  for (const column of ["state", "total", "party", "tags"]) {
    tq.sql(
      `CREATE TRIGGER t_${column} AFTER UPDATE OF ${column} ON sale BEGIN INSERT INTO log VALUES ('${column}'); END`,
    );
  }
  await inside(async () => {
    const sale = await browse(1);
    await sale.save();
    sale.total = 6;
    await sale.save();
    await sale.save();
    sale.tags.push("a");
    await sale.save();
    sale.tags = ["a"];
    await sale.save();
  });
  expect(tq.sql("SELECT what FROM log")).toEqual([{ what: "total" }, { what: "tags" }]);
});

test("bytes that are changed in place are a change", async () => {
  await using tq = makeRuntime();
  await inside(() => All.create([{ bytes: Uint8Array.of(1, 2) }]));
  await inside(async () => {
    const [record] = await All.browse([1]);
    if (record?.bytes) record.bytes[0] = 9;
    await record?.save();
    if (record?.bytes) record.bytes[1] = 8;
    await record?.save();
  });
  expect(tq.sql("SELECT hex(bytes) AS hex FROM all_kinds")).toEqual([{ hex: "0908" }]);
});

test("a column that another transaction changed meanwhile is a conflict, with what to do", async () => {
  await using _tq = makeRuntime();
  await makeSale(1);
  const error = await errorOf(() =>
    inside(async () => {
      const sale = await browse(1);
      await outside(() =>
        inside(async () => {
          const same = await browse(1);
          same.total = 100;
          await same.save();
        }),
      );
      sale.total = (sale.total ?? 0) + 1;
      sale.state = "done";
      await sale.save();
    }),
  );
  expect(error.code).toBe("conflict");
  expect(error.message).toBe(
    "Cannot save sale 1: state, total was changed by another transaction since it was read; call lock(records) before reading, or run the transaction again",
  );
  expect(await inside(() => browse(1))).toMatchObject({ total: 100, state: "draft" });
});

test("a conflict that somebody catches is not committed around", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  const sentence = await sentenceOf(() =>
    inside(async () => {
      const sale = await browse(1);
      tq.sql("UPDATE sale SET total = 100");
      sale.total = 2;
      await sale.save().catch(() => undefined);
      await makeOther();
    }),
  );
  expect(sentence).toContain("Cannot commit: a record was changed by another transaction");
  expect(tq.sql("SELECT id, total FROM sale")).toEqual([{ id: 1, total: 100 }]);

  async function makeOther() {
    await Sale.create([{ party: null }]);
  }
});

test("changes of different columns both survive", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  await inside(async () => {
    const sale = await browse(1);
    tq.sql("UPDATE sale SET party = 'other'");
    sale.total = 2;
    await sale.save();
  });
  expect(tq.sql("SELECT total, party FROM sale")).toEqual([{ total: 2, party: "other" }]);
});

test("who overwrites its own write is in nobody's way, whichever object it has", async () => {
  await using _tq = makeRuntime();
  await makeSale(1);
  await inside(async () => {
    const [one, other] = [await browse(1), await browse(1)];
    one.total = 2;
    await one.save();
    other.total = 3;
    await other.save();
    one.total = 4;
    await one.save();
  });
  expect((await inside(() => browse(1))).total).toBe(4);
});

test("but not in the way of a change that came between", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  const error = await errorOf(() =>
    inside(async () => {
      const early = await browse(1);
      tq.sql("UPDATE sale SET total = 100");
      const late = await browse(1);
      late.total = 101;
      await late.save();
      early.total = 2;
      await early.save();
    }),
  );
  expect(error.code).toBe("conflict");
  expect(tq.sql("SELECT total FROM sale")).toEqual([{ total: 100 }]);
});

test("the same row twice in a list is one object", async () => {
  await using _tq = makeRuntime();
  await makeSale();
  await makeSale();
  const records = await inside(() => Sale.browse([2, 1, 2, 9, 1]));
  expect(records.map(({ id }) => id)).toEqual([2, 1, 2, 1]);
  expect(records[0]).toBe(records[2] as Sale);
  expect(await inside(() => Sale.browse([]))).toEqual([]);
});

test("a record that is saved twice at once is inserted once, and what changes meanwhile stays", async () => {
  await using tq = makeRuntime();
  await inside(async () => {
    const sale = new Sale({ party: "a", total: 1 });
    const first = sale.save();
    const second = sale.save();
    await first;
    await second;
    sale.total = 2;
    const third = sale.save();
    await Promise.resolve();
    await Promise.resolve();
    sale.party = "b";
    await third;
    expect(sale.party).toBe("b");
    await sale.save();
  });
  expect(tq.sql("SELECT id, total, party FROM sale")).toEqual([{ id: 1, total: 2, party: "b" }]);
});

test("lock reads the records again, under the lock", async () => {
  await using tq = makeRuntime();
  await makeSale(1);
  await inside(async () => {
    const sale = await browse(1);
    tq.sql("UPDATE sale SET total = 5");
    await Sale.lock([sale]);
    expect(sale.total).toBe(5);
    sale.total = 7;
    await sale.save();
  });
  expect(tq.sql("SELECT total FROM sale")).toEqual([{ total: 7 }]);
});

test("delete takes the rows away; a save of one that is gone says so", async () => {
  await using _tq = makeRuntime();
  const [one, two, three] = [await makeSale(), await makeSale(), await makeSale()];
  await inside(async () => {
    await one.delete();
    await Sale.delete([two]);
    expect((await Sale.search([])).map(({ id }) => id)).toEqual([3]);
  });
  two.total = 5;
  const error = await errorOf(() => inside(() => two.save()));
  expect(error.message).toBe("Cannot save sale 2: it no longer exists");
  expect(error.code).toBe("not_found");
  expect(await sentenceOf(() => inside(() => Sale.lock([three, two])))).toBe(
    "Cannot lock sale 2: it no longer exists",
  );
});

test.each<[string, () => Promise<unknown>, string]>([
  [
    "deleting an unsaved record",
    () => new Sale({ party: null }).delete(),
    "Cannot delete a sale that is not saved: save it first",
  ],
  [
    "locking an unsaved record",
    () => Sale.lock([new Sale({ party: null })]),
    "Cannot lock a sale that is not saved",
  ],
  [
    "saving what is no list",
    () => Sale.save(new Sale({ party: null }) as never),
    "Cannot save sale with",
  ],
  [
    "saving another model's record",
    () => Sale.save([new All()] as never),
    "it is not a record of sale",
  ],
  ["saving an id", () => Sale.save([7] as never), "Cannot save 7: it is not a record of sale"],
  ["deleting ids", () => Sale.delete([7] as never), "Cannot delete 7: it is not a record of sale"],
  ["creating without a list", () => Sale.create({ party: null } as never), "give a list"],
  [
    "browsing without a list",
    () => Sale.browse(7 as never),
    "Cannot browse sale with 7: give a list",
  ],
  ["browsing text", () => Sale.browse(["7"] as never), 'Cannot browse "7": ids are integers'],
])("%s is refused", async (_what, work, sentence) => {
  await using _tq = makeRuntime();
  expect(await sentenceOf(() => inside(work))).toContain(sentence);
});

test("outside a transaction nothing is read or written", async () => {
  await using _tq = makeRuntime();
  const sale = new Sale({ party: null });
  for (const work of [
    () => sale.save(),
    () => Sale.browse([1]),
    () => Sale.search([]),
    () => Sale.create([]),
  ]) {
    expect(await sentenceOf(work)).toContain("Cannot find a transaction");
  }
});

test("methods of the class work on what is read", async () => {
  await using tq = makeRuntime();
  await makeSale();
  await inside(async () => (await browse(1)).confirm());
  expect(tq.sql("SELECT state FROM sale")).toEqual([{ state: "done" }]);
});

test("a record is shown and written as JSON with its fields only", async () => {
  await using _tq = makeRuntime();
  const sale = await makeSale(1);
  expect(Bun.inspect(sale)).toBe("Sale { id: 1, state: 'draft', total: 1, party: null, tags: [] }");
  expect(Bun.inspect({ sale: [sale] })).not.toContain("confirm");
  expect(JSON.stringify(sale)).toBe('{"id":1,"state":"draft","total":1,"party":null,"tags":[]}');
  expect(Object.keys(sale)).toEqual(["id", "state", "total", "party", "tags"]);
});
