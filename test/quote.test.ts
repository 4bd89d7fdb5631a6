import { expect, test } from "bun:test";
import { quote } from "../src/quote.ts";

const cycle: unknown[] = [];
cycle.push(cycle);

test.each<[unknown, string]>([
  ["a\ud800", '"a\\ud800"'],
  [Number.NaN, "NaN"],
  [Infinity, "Infinity"],
  [{ a: [1, null] }, '{"a":[1,null]}'],
  [undefined, "undefined"],
  [7n, "7n"],
  [Symbol("x"), "Symbol(x)"],
  [cycle, "[ [Circular] ]"],
])("quote shows a value as JSON where it has some: %p", (value, text) => {
  expect(quote(value)).toBe(text);
});

test("quote shows the beginning of a long value", () => {
  expect(quote("x".repeat(5000))).toBe(`"${"x".repeat(98)}…`);
});
