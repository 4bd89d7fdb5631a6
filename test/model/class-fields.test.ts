/** Fields and constructors of the user's class, and how they meet the given values. */
import { expect, test } from "bun:test";
import { ModelSQL, v } from "../../src/index.ts";
import { makeRuntime, sentenceOf } from "./support.ts";
import { inside } from "./sample-models.ts";

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
