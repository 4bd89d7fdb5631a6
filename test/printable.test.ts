import { describe, expect, test } from "bun:test";
import { printable, printableJson } from "../src/printable.ts";

describe("printable", () => {
  test("leaves letters of every kind as they are", () => {
    expect(printable("Zoë, 日本, 👍🏽, עברית")).toBe("Zoë, 日本, 👍🏽, עברית");
  });

  test.each([
    ["\n\r\t", "\\n\\r\\t"],
    ["\u0000\u001b\u007f\u0085\u009b", "\\x00\\x1b\\x7f\\x85\\x9b"],
    ["\u2028\u2029\u200f\u202e\u2066", "\\u2028\\u2029\\u200f\\u202e\\u2066"],
  ])("writes out %j", (text, written) => {
    expect(printable(text)).toBe(written);
  });
});

describe("printableJson", () => {
  test("means the same and holds nothing that acts on a terminal", () => {
    const value = { "k\u009b": ["\u001b[31m\u007f", "\u202e", "line\nline", "日本"] };
    const text = printableJson(value, 2);
    expect(JSON.parse(text)).toEqual(value);
    expect(text).not.toMatch(/[^\P{Cc}\n]|\p{Bidi_Control}/u);
    expect(text).toContain("日本");
  });
});
