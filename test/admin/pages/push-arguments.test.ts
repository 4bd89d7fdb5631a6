/** The form of a push with a field for each argument, without JavaScript. */
import { describe, expect, test } from "bun:test";
import type { Argument, Signature } from "../../../src/registry/signatures/signatures.ts";
import type { ArgumentType } from "../../../src/registry/signatures/types.ts";
import { parseSettings } from "../../../src/settings/config.ts";
import { withTasks } from "./person.ts";

const argument = (
  name: string | null,
  type: ArgumentType | "text" | "number" | "boolean" | "json",
  more: Partial<Argument> = {},
): Argument => ({
  name,
  type: typeof type === "string" ? { kind: type } : type,
  isOptional: false,
  isRest: false,
  hasNull: false,
  hasUndefined: false,
  words: "",
  ...more,
});

const PAPER: ArgumentType = { kind: "choice", choices: ["A4", "A5"] };
const TEXTS: ArgumentType = { kind: "list", of: { kind: "text" } };

const SEND = [
  argument("to", "text"),
  argument("copies", "number"),
  argument("urgent", "boolean"),
  argument("paper", PAPER),
  argument("tags", TEXTS),
];

const FIELDS = {
  model: "send",
  "arg.to": " ann <a@b> ",
  "arg.copies": "3",
  "arg.urgent": "true",
  "arg.paper": '"A5"',
  "arg.tags": '["x", "y"]',
};

const CONFIG = parseSettings({ admin: { redact: ["password"] } }, "test");

/** @param signature of the function `send`. */
function shop(signature: Signature | null = SEND, tasks: readonly object[] = []) {
  return withTasks(tasks, {
    config: CONFIG,
    catalog: () => ({ send: null, sale: ["process"] }),
    signature: async (call) => (call === "send" ? signature : null),
  });
}

const taskOf = (...args: unknown[]) => ({ model: "send", args });

test("it has a field of the right kind for each argument", async () => {
  await using person = await shop([
    ...SEND,
    argument("note", "text", { isOptional: true, words: "string | <b>" }),
    argument(null, "json"),
  ]);
  const html = await person.page("/push?model=send");
  for (const field of [
    /<input value="" autocomplete="off" id="arg.to" name="arg.to"/,
    /<input type="number" step="any" value="" required="" id="arg.copies"/,
    /<input type="checkbox" value="true" id="arg.urgent"/,
    /<select required="" id="arg.paper" name="arg.paper">.*<option value="&quot;A5&quot;">A5</,
    /<textarea rows="2" id="arg.tags"/,
    /<bdi>note<\/bdi> <code class="small">string \| &lt;b&gt;<\/code>/,
    /aria-describedby="arg.note-hint"/,
    /<label for="arg.7"><bdi>Argument 7<\/bdi>/,
  ]) {
    expect(html).toMatch(field);
  }
  expect(html).not.toContain('name="args"');
  expect(html).not.toContain('name="instances"');
});

test("it pushes what its fields say", async () => {
  await using person = await shop();
  const answer = await person.send("/push", FIELDS);
  expect(answer.headers.get("location")).toBe("/tasks/1");
  const args = [" ann <a@b> ", 3, true, "A5", ["x", "y"]];
  expect(await person.store.get(1)).toMatchObject({ model: "send", args });
});

test("a box that is not ticked is false", async () => {
  await using person = await shop([argument("urgent", "boolean")]);
  await person.send("/push", { model: "send" });
  expect(await person.store.get(1)).toMatchObject({ args: [false] });
});

describe("what is left empty", () => {
  const optional = { isOptional: true };
  const three = [
    argument("a", "text", optional),
    argument("b", "number", optional),
    argument("c", "boolean", optional),
  ];

  test("at the end is not given", async () => {
    await using person = await shop(three);
    await person.send("/push", { model: "send", "arg.a": "x", "arg.b": "", "arg.c": "" });
    expect(await person.store.get(1)).toMatchObject({ args: ["x"] });
  });

  test("before one that is given is refused at its field", async () => {
    await using person = await shop(three);
    const answer = await person.send("/push", { model: "send", "arg.c": "false" });
    expect(answer.status).toBe(422);
    const sentence = "It cannot be left empty where c is given.";
    expect(await answer.text()).toContain(`id="arg.a-fault">⚠ ${sentence}`);
    expect(await person.store.list()).toEqual([]);
  });

  test("is null where the type has null", async () => {
    await using person = await shop([argument("a", "text", { hasNull: true })]);
    await person.send("/push", { model: "send", "arg.a": "" });
    expect(await person.store.get(1)).toMatchObject({ args: [null] });
  });

  test("is the empty text of a text, and no number", async () => {
    await using person = await shop([argument("a", "text"), argument("b", "number")]);
    expect((await person.send("/push", { model: "send", "arg.b": "" })).status).toBe(422);
    await person.send("/push", { model: "send", "arg.a": "", "arg.b": "1" });
    expect(await person.store.get(1)).toMatchObject({ args: ["", 1] });
  });
});

test("a list of all that follow becomes arguments of their own", async () => {
  const rest = argument("ids", { kind: "list", of: { kind: "number" } }, { isRest: true });
  await using person = await shop([argument("to", "text"), { ...rest, isOptional: true }]);
  await person.send("/push", { model: "send", "arg.to": "a", "arg.ids": "[1, 2]" });
  await person.send("/push", { model: "send", "arg.to": "a", "arg.ids": "[]" });
  expect(await person.store.get(1)).toMatchObject({ args: ["a", 1, 2] });
  expect(await person.store.get(2)).toMatchObject({ args: ["a"] });
});

test.each([
  ["copies", "three", "It must be a number, such as 3 or 0.5."],
  ["copies", "0x10", "It must be a number"],
  ["copies", "1e400", "A number cannot keep it exactly."],
  ["copies", "9007199254740993", "A number cannot keep it exactly."],
  ["copies", "1".repeat(5_000), "It cannot be read: a number of 5000 characters is too long"],
  ["urgent", "yes", "It must be true or false."],
  ["paper", '"A3"', "Choose one of them."],
  ["paper", "A4", "Choose one of them."],
  ["tags", "x", "It cannot be read: it is not JSON: line 1, column 1: "],
  ["tags", "[1]", "It must be a list of texts"],
  ["tags", '"x"', "It must be a list of texts"],
  ["tags", "", "Write a list; an empty one is []."],
  ["tags", "[".repeat(2_000), "It cannot be read: it is nested too deeply."],
  ["more", "1", "The method has no argument more any more."],
])("%s cannot be %p: the sentence stands at its field", async (name, text, sentence) => {
  await using person = await shop();
  const answer = await person.send("/push", { ...FIELDS, [`arg.${name}`]: text });
  expect(answer.status).toBe(422);
  const html = await answer.text();
  expect(html).toContain("Nothing is pushed: one field needs a change.");
  expect(html).toContain(sentence);
  if (name !== "more") {
    expect(html).toMatch(new RegExp(`name="arg.${name}" aria-describedby="arg.${name}-fault"`));
  }
  expect(html).toContain('value=" ann &lt;a@b&gt; "');
  expect(await person.store.list()).toEqual([]);
});

test("a JSON argument takes any JSON, exactly", async () => {
  await using person = await shop([argument("a", "json")]);
  await person.send("/push", { model: "send", "arg.a": "[12345678901234567890, {}]" });
  expect(JSON.stringify((await person.store.get(1))?.args)).toBe("[[12345678901234567890,{}]]");
});

describe("a task that is run again", () => {
  test("fills the fields, and is pushed as it was where nothing is changed", async () => {
    const args = ["two\nlines", 3, true, "A5", ["x"]];
    await using person = await shop(SEND, [taskOf(...args)]);
    const html = await person.page("/push?task=1");
    expect(html).toContain(">\ntwo\nlines</textarea>");
    expect(html).toMatch(/type="checkbox" value="true" checked=""/);
    expect(html).toContain('<option value="&quot;A5&quot;" selected="">A5');
    const fields = { ...FIELDS, "arg.to": "two\r\nlines", "arg.tags": '["x"]', again: "1" };
    await person.send("/push", fields);
    expect(await person.store.get(2)).toMatchObject({ args });
  });

  test.each([
    ["too few", ["x"]],
    ["too many", ["x", 3, true, "A5", [], 1]],
    ["another kind", ["x", "3", true, "A5", []]],
    ["a choice that is gone", ["x", 3, true, "A3", []]],
    ["a line break that a form changes", ["x\r\ny", 3, true, "A5", []]],
  ])("has its arguments as JSON where they do not fit: %s", async (_name, args) => {
    await using person = await shop(SEND, [taskOf(...args)]);
    const html = await person.page("/push?task=1");
    expect(html).toContain("These arguments do not fit into a field for each");
    expect(html).toContain('name="args"');
    expect(html).not.toContain('name="arg.to"');
  });

  test("keeps its secrets in fields, too", async () => {
    const signature = [argument("who", "json"), argument("to", "text")];
    await using person = await shop(signature, [taskOf({ password: "hunter2" }, "ann")]);
    const html = await person.page("/push?task=1");
    expect(html).toContain("[redacted]");
    expect(html).not.toContain("hunter2");
    const who = '{"password":"[redacted]"}';
    await person.send("/push", { model: "send", again: "1", "arg.who": who, "arg.to": "bob" });
    const args = [{ password: "hunter2" }, "bob"];
    expect(await person.store.get(2)).toMatchObject({ args });
  });
});

describe("the arguments as JSON", () => {
  test("come from the fields, and go back into them, and nothing is pushed", async () => {
    await using person = await shop();
    const asJson = await (await person.send("/push", { ...FIELDS, as: "json" })).text();
    const json = '[" ann <a@b> ",3,true,"A5",["x","y"]]';
    expect(asJson).toContain(`${Bun.escapeHTML(json)}</textarea>`);
    expect(asJson).toContain('name="json" value="1"');
    const back = { model: "send", args: json, json: "1", as: "fields" };
    const html = await (await person.send("/push", back)).text();
    expect(html).toContain('value=" ann &lt;a@b&gt; "');
    expect(html).not.toContain('name="args"');
    expect(await person.store.list()).toEqual([]);
  });

  test.each(["[1]", "{}", "[", '"x"'])(
    "stay where they do not fit the fields: %s",
    async (args) => {
      await using person = await shop();
      const fields = { model: "send", args, json: "1", as: "fields" };
      const html = await (await person.send("/push", fields)).text();
      expect(html).toContain("These arguments do not fit into a field for each");
      expect(html).toContain(`${Bun.escapeHTML(args)}</textarea>`);
    },
  );

  test("are pushed as they are written, and say what the call takes", async () => {
    await using person = await shop();
    const html = await person.page("/push?model=send&args=[1]");
    expect(html).toContain("It takes, in this order:");
    await person.send("/push", { model: "send", args: "[1]", json: "1" });
    await person.send("/push", { model: "send", args: "", json: "1" });
    expect(await person.store.get(1)).toMatchObject({ args: [1] });
    expect(await person.store.get(2)).toMatchObject({ args: [] });
  });

  test("are what remains where nothing is known any more of the fields", async () => {
    await using person = await shop(null);
    const answer = await person.send("/push", FIELDS);
    expect(answer.status).toBe(422);
    const sentence = "The arguments are not known any more: write them as JSON.";
    expect(await answer.text()).toContain(`id="args-fault">⚠ ${sentence}`);
    expect(await person.store.list()).toEqual([]);
  });
});

describe("the choice of the call", () => {
  test("comes first, and leads to its form", async () => {
    await using person = await shop();
    const html = await person.page("/push");
    expect(html).toContain('<optgroup label="sale"><option value="sale process">sale.process');
    expect(html).toContain('<optgroup label="Functions"><option value="send">send');
    const form = await person.page("/push?call=sale+process");
    expect(form).toContain('name="model" value="sale"');
    expect(form).toContain('name="method" value="process"');
    expect(form).toContain('name="instances"');
    expect(await person.page("/push?call=send")).toContain('name="arg.to"');
  });

  test("has only what admin.push lists", async () => {
    await using person = await withTasks([], {
      catalog: () => ({ send: null, sale: ["process", "print"] }),
      pushable: ["sale.pr*t"],
    });
    const html = await person.page("/push");
    expect([...html.matchAll(/<option value="([^"]*)"/g)].map(([, value]) => value)).toEqual([
      "sale print",
    ]);
  });
});
