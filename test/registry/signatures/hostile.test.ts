/** Sources that mislead a reader of types: it has the right ones, or none. */
import { describe, expect, test } from "bun:test";
import fc from "fast-check";
import { methodIn, taskIn } from "../../../src/registry/signatures/declarations.ts";
import { readParameters } from "../../../src/registry/signatures/parameters.ts";
import { readSource } from "../../../src/registry/signatures/tokens.ts";
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
    [
      "a static method of the same name",
      sale("static send(all: Sale[], to: string) {}\nsend(all: 1, to: number) {}"),
    ],
    ["two classes", `${sale("send(to: string) {}")}\n{ class Sale { send(to: number) {} } }`],
    [
      "a class with types of its own",
      'class Base<string> extends Model { send(to: string) {} }\nexport class Sale extends Base<1> { static __name__ = "sale"; }',
    ],
    ["a method with types of its own", sale("send<string>(to: string) {}")],
    [
      "a method that was replaced",
      `${sale("send(to: number) {}")}\nSale.prototype.send = function (words) {};`,
    ],
    ["a name in escapes", sale("s\\u0065nd(to: string) {}")],
    [
      "a getter's name",
      'export class Sale extends Model { static __name__ = "sale"; ["send"](to: string) {} }',
    ],
  ])("%s", async (_name, code) => {
    using made = await load({ "models.ts": code });
    expect(shown(made.of("sale.send")) ?? "json").toMatch(/^(?:\w+\?: )?json$/);
  });
});

test("the value of a parameter that could be read in two ways makes all of them JSON", async () => {
  const code = `const a = 1, b = 2, c = 3;\n${sale("send(is = a < b, to: string) {}")}`;
  using made = await load({ "models.ts": code });
  expect(made.of("sale.send")).toBeNull();
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
  "class Sale { send(@a() to: string) {} }",
])("of %j nothing is known", (code) => {
  const source = readSource(code);
  const opening = source && methodIn(source, "Sale", "send");
  expect(source === null || opening === null || readParameters(source, opening) === null).toBe(
    true,
  );
});

test("a type that is nested very deeply is JSON", () => {
  const code = `${"(".repeat(5_000)}string${")".repeat(5_000)}`;
  const source = readSource(code);
  expect(source && readType(source, [0, source.tokens.length]).type.kind).toBe("json");
  const angles = readSource(`${"Array<".repeat(5_000)}string${">".repeat(5_000)}`);
  expect(angles && readType(angles, [0, angles.tokens.length]).type.kind).toBe("json");
  const lists = readSource(`string${"[]".repeat(5_000)}`);
  expect(() => lists && readType(lists, [0, lists.tokens.length])).not.toThrow();
});

test("very large and very deep sources are left alone", () => {
  expect(readSource("a ".repeat(300_000))).toBeNull();
  expect(readSource("`${".repeat(10_000))).toBeNull();
  expect(readSource("{".repeat(10_000) + "}".repeat(10_000))).not.toBeNull();
});

test("no source makes the reader throw, or read beyond it", () => {
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
      const source = readSource(text);
      if (source === null) return;
      for (const [at, token] of source.tokens.entries()) {
        expect(text.slice(token.start, token.end)).toBe(token.text);
        expect(token.start).toBeGreaterThanOrEqual(source.tokens[at - 1]?.end ?? 0);
        readType(source, [at, source.tokens.length]);
        readParameters(source, at);
      }
      methodIn(source, "Sale", "send");
      taskIn(source, "f");
    }),
    { numRuns: 2_000 },
  );
});
