/** The arguments of a call, as far as they are known. */
import { expect, test } from "bun:test";
import { load, sale, shown } from "./support.ts";

async function methodOf(parameters: string, before = "", file = "models.ts") {
  using made = await load({ [file]: `${before}\n${sale(`  async send(${parameters}) {}`)}` });
  return shown(made.of("sale.send"));
}

test.each([
  ["", ""],
  ["to: string", "to: text"],
  ["to: string, copies: number, urgent: boolean", "to: text, copies: number, urgent: boolean"],
  ["to?: string", "to?: text"],
  ["to: string | undefined", "to?: text"],
  ["to: string | null", "to: text or null"],
  ["copies = 1", "copies?: number"],
  ["paper = 'A4'", "paper?: text"],
  ["urgent = false", "urgent?: boolean"],
  ["copies: number = other(1, 2)", "copies?: number"],
  ['paper: "A4" | "A5"', 'paper: "A4"|"A5"'],
  ['paper: | "A4" | "A5" | null', 'paper: "A4"|"A5"|null'],
  ["level: 1 | 2 | -3", "level: 1|2|-3"],
  ["urgent: boolean | null", "urgent: true|false|null"],
  ['to: "all" | string', "to: text"],
  ["ids: number[]", "ids: list of number"],
  ["ids: readonly string[]", "ids: list of text"],
  ["ids: Array<string>", "ids: list of text"],
  ['ids: ("a" | "b")[]', 'ids: list of "a"|"b"'],
  ["ids: string[][]", "ids: list of list of text"],
  ["ids: (string | null)[]", "ids: list of json"],
  ["...ids: number[]", "…ids: list of number"],
  ["to: string, ...ids: number[]", "to: text, …ids: list of number"],
  ["at: Date", "at: json"],
  ["either: string | number", "either: json"],
  ["map: Map<string, number>, to: string", "map: json, to: text"],
  ["options: { copies: number; to: string }, to: string", "options: json, to: text"],
  ["done: (to: string, ok: boolean) => void, to: string", "done: json, to: text"],
  ["key: Sale['number'], to: string", "key: json, to: text"],
  ["{ a, b }: { a: string; b: number }, to: string", "-: json, to: text"],
  ["this: Sale, to: string", "to: text"],
  ["/* to: number */ to: string, // last\n", "to: text"],
])("the parameters %j are known as %j", async (parameters, words) => {
  const before = "const other = (a: number, b: number) => a < b ? a : b;";
  expect(await methodOf(parameters, before)).toBe(words);
});

test.each([
  ['type Paper = "A4" | "A5";', '"A4"|"A5"'],
  ['export type Paper = "A4" | "A5"\nconst x = 1;', '"A4"|"A5"'],
  ['type Small = "A5" | "A6"; type Paper = Small | "A4";', '"A5"|"A6"|"A4"'],
  ["type Paper = Paper[];", "json"],
  ["interface Paper { name: string }", "json"],
  ['enum Paper { A4 = "a4" }', "json"],
  ['type Paper = "A4"; { type Paper = string; }', "json"],
  ['type Paper<T = 1> = "A4";', "json"],
  ['type Paper = "A4" extends string ? 1 : 2;', "json"],
  ['type Paper = "A4"\n  & { size: 1 };', "json"],
  ['type Paper = Exclude<"A4" | "A5", "A5">;', "json"],
])("the type %j is %j", async (type, words) => {
  expect(await methodOf("paper: Paper", type)).toBe(`paper: ${words}`);
});

test("a static method takes what follows its records", async () => {
  using made = await load({ "models.ts": sale("static launch(records: Sale[], to: string) {}") });
  expect(shown(made.of("sale.launch"))).toBe("to: text");
});

test.each([
  ['task("f", async (to: string) => {})', "to: text"],
  ['task("f", { attempts: 3 }, async (to: string): Promise<void> => {},)', "to: text"],
  ['task("f", async function send(to: string) {})', "to: text"],
  ['task("f", named)', "copies: number"],
  ['task("f", to => to)', "to?: json"],
  ["task(`f`, async (to: string) => {})", "to?: json"],
  ['task("f", wrapped((to: string) => {}))', null],
])("the function of %s takes %j", async (code, words) => {
  const text = `async function named(copies: number) {}
    const wrapped = (fn: (...args: never[]) => void) => (...args: never[]) => fn(...args);
    export const f = ${code};`;
  using made = await load({ "models.ts": text });
  expect(shown(made.of("f"))).toBe(words);
});

test("names alone are known of JavaScript", async () => {
  expect(await methodOf("to, copies = 1, ...rest", "", "models.js")).toBe(
    "to?: json, copies?: json, …rest: list of json",
  );
});

test("the type is told as it is written", async () => {
  using made = await load({ "models.ts": sale("send(at:   Date /* when */ |\n  null) {}") });
  expect(made.of("sale.send")).toMatchObject([{ words: "Date | null" }]);
});

test("a class that the models file has from another one is found there", async () => {
  using made = await load({
    "models.ts": 'export { Sale } from "./parts/sale.ts";',
    "parts/sale.ts": sale("send(to: string) {}"),
  });
  expect(shown(made.of("sale.send"))).toBe("to: text");
});

test("an inherited method is found in the class that has it", async () => {
  const text = `class Base extends Model { send(to: string) {} }
    export class Sale extends Base { static __name__ = "sale"; other(n: number) {} }`;
  using made = await load({ "models.ts": text });
  expect(shown(made.of("sale.send"))).toBe("to: text");
});

test("a file that has changed since it was loaded tells no types", async () => {
  using made = await load({ "models.ts": sale("send(to: string) {}") });
  made.write("models.ts", sale("send(to: number) {}"));
  expect(shown(made.of("sale.send"))).toBe("to?: json");
});

test("nothing is known of a call that is not there", async () => {
  using made = await load({ "models.ts": sale("send(to: string) {}") });
  for (const call of ["sale.sent", "sale", "toString", "__proto__", ""]) {
    expect(made.of(call)).toBeNull();
  }
});
