/** Sources that mislead a reader of types: it has the right ones, or none. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { parametersOf } from "../../../src/registry/signatures/parameters.ts";
import {
  callableOf,
  methodIn,
  readSource,
  taskIn,
} from "../../../src/registry/signatures/source.ts";
import { readType } from "../../../src/registry/signatures/types.ts";
import { load, sale, shown } from "./support.ts";

describe("a text that looks like the method is not taken for it", () => {
  test.each([
    ["in a comment", "/* class Sale { send(to: number) {} } */"],
    ["in a line comment", "// class Sale { send(to: number) {}"],
    ["in a text", "export const text = 'class Sale { send(to: number) {} }';"],
    ["in a template", "export const text = `class Sale { ${'}'} send(to: number) {} }`;"],
    ["in templates in templates", "export const text = `${`${`}{`}`} class Sale {`;"],
    ["in a pattern", "export const text = /class Sale { send(to: number) {} [/}]/;"],
    ["in another class", "export class Sales { send(to: number) {} }"],
    ["in an object", "export const object = { send(to: number) {} };"],
    ["as a call", "function send(to: unknown) {} send(1);"],
    ["behind a quotient", "export const n = 4 / 2; // / class Sale {"],
  ])("%s", async (_name, code) => {
    using made = await load({ "models.ts": `${code}\n${sale("send(to: string) {}")}` });
    expect(shown(made.of("sale.send"))).toBe("to: text");
  });

  test.each([
    ["in the body of the method before", "other() { const o = { send(to: number) {} }; }"],
    ["in the value of a field", "static other = { send(to: number) {} };"],
    ["as the name of a parameter", "other(send: (to: number) => void) {}"],
    ["as a call in a field", "static other = String(1) + String(2);"],
  ])("%s", async (_name, member) => {
    using made = await load({ "models.ts": sale(`${member}\nasync send(to: string) {}`) });
    expect(shown(made.of("sale.send"))).toBe("to: text");
  });
});

describe("where two may be meant, only names are known", () => {
  test.each([
    ["overloads", sale("send(to: string): void;\nsend(to: number): void;\nsend(to: unknown) {}")],
    ["two classes", `${sale("send(to: string) {}")}\n{ class Sale { send(to: number) {} } }`],
    [
      "a class with types of its own",
      'type Text = string; class Base<Text> extends Model { send(to: Text) {} }\nexport class Sale extends Base<1> { static __name__ = "sale"; }',
    ],
    ["a method with types of its own", `type Text = string;\n${sale("send<Text>(to: Text) {}")}`],
    [
      "a method that was replaced",
      `${sale("send(to: number) {}")}\nSale.prototype.send = function (words) {};`,
    ],
    ["a name that is computed", sale('["se" + "nd"](to: string) {}')],
    [
      "a bound function",
      `${sale("send(to: string) {}")}\nSale.prototype.send = Sale.prototype.send.bind(1);`,
    ],
  ])("%s", async (_name, code) => {
    using made = await load({ "models.ts": code });
    expect(shown(made.of("sale.send")) ?? "json").toMatch(/^(?:\w+\??: )?json$/);
  });
});

test.each([
  ["s\\u0065nd(to: string) {}", "to: text"],
  ['"send"(to: string) {}', "to: text"],
  ['["send"](to: string) {}', "to: text"],
  ["static send(all: Sale[], to: number) {}\nsend(to: string) {}", "to: number"],
  ["send(is = 1 < 2, to: string) {}", "is?: json, to: text"],
  ['send(text = ")", to: string) {}', "text?: text, to: text"],
])("of the method %s is known %j", async (member, words) => {
  using made = await load({ "models.ts": sale(member) });
  expect(shown(made.of("sale.send"))).toBe(words);
});

test.each([
  "class Sale { send(",
  "class Sale { send(to: string }",
  "class Sale extends A<{",
  "'",
  "`${",
  "`${`${",
  "/*",
  "/[",
  "}",
  "(]",
  "class Sale { send(: string) {} }",
  "class Sale { send(to string) {} }",
  "class Sale { send(...) {} }",
])("of %j nothing is known", (code) => {
  expect(readSource(code)).toBeNull();
});

test("sources that are nested very deeply are left alone, and so are very large ones", () => {
  const deep = [
    `type A = ${"(".repeat(20_000)}string${")".repeat(20_000)}`,
    `type A = ${"Array<".repeat(20_000)}string${">".repeat(20_000)}`,
    "`${".repeat(20_000),
  ];
  for (const code of deep) expect(() => readSource(code)).not.toThrow();
  expect(readSource("a;".repeat(600_000))).toBeNull();
});

test("a type that is a list of lists of lists is JSON at some depth", () => {
  const source = readSource(`type A = string${"[]".repeat(500)}`);
  const type = source?.nodes.find((node) => node.type === "TSArrayType");
  expect(source && type && readType(type, source.nodes).type.kind).toBe("json");
});

test("no source makes the reader throw", () => {
  const part = fc.constantFrom(
    ...'class Sale { } ( ) [ ] < > => ... \' " ` ${ / * // /* */ \\ , ; : = ? | & type send task f "f" string number \n @ # async function readonly Array -1 1 é \u2028 \0'.split(
      " ",
    ),
  );
  const code = fc.array(fc.oneof({ weight: 5, arbitrary: part }, fc.string({ maxLength: 3 })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(code, fc.constantFrom(" ", ""), (parts, between) => {
      const text = parts.join(between);
      callableOf(text);
      const source = readSource(`class Sale { send(${text}) {} }`) ?? readSource(text);
      if (source === null) return;
      taskIn(source, "f");
      const method = methodIn(source, "Sale", "send", false);
      for (const { type } of method === null ? [] : parametersOf(method)) {
        if (type !== null) readType(type, source.nodes);
      }
    }),
    { numRuns: 2_000 },
  );
});
