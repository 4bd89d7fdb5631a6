/** What is refused, as a value or as JSON, and with which sentence. */
import { describe, expect, test } from "bun:test";
import { decode, encode } from "../../src/values/encoding.ts";
import { refusal } from "../support/refusal.ts";
import { nested } from "./nested.ts";

const { Duration, PlainDate, PlainTime } = Temporal;

describe("encode refuses with the path", () => {
  class Sale {
    id = 7;
  }
  class Order {
    static __name__ = "sale.order";
  }
  const cycle: Record<string, unknown> = { a: 1 };
  cycle["self"] = [cycle];

  test.each<[unknown, string]>([
    [[{ lines: [1, 2, 3, { price: NaN }] }], "args[0].lines[3].price: NaN is not JSON"],
    [[Infinity], "args[0]: Infinity is not JSON"],
    [-Infinity, "args: -Infinity is not JSON"],
    [[undefined], "args[0]: undefined is not JSON; give null"],
    [Array(2), "args[0]: undefined is not JSON; give null"],
    [undefined, "args: undefined is not JSON; give null"],
    [[() => 1], "args[0]: a function is not JSON"],
    [[Sale], "args[0]: a function is not JSON"],
    [{ "a b": Symbol("x") }, 'args["a b"]: a symbol is not JSON'],
    [{ [Symbol("x")]: 1 }, "args: the key Symbol(x) is not JSON"],
    [[new Map()], "args[0]: a Map is not JSON; give a plain object, an array or an id"],
    [[new Set([1])], "args[0]: a Set is not JSON; give a plain object, an array or an id"],
    [[new Sale()], "args[0]: a Sale is not JSON; give a plain object, an array or an id"],
    [[new Order()], "args[0]: a record of sale.order is not JSON; give its id"],
    [[new Error("x")], "args[0]: an Error is not JSON; give a plain object, an array or an id"],
    [
      [new Float32Array(1)],
      "args[0]: a Float32Array is not JSON; give a plain object, an array or an id",
    ],
    [
      [Object.create({ a: 1 })],
      "args[0]: an Object is not JSON; give a plain object, an array or an id",
    ],
    [[Promise.resolve(1)], "args[0]: a Promise is not JSON; await it first"],
    [[new Date(NaN)], "args[0]: an invalid Date is not JSON"],
    [["a\ud800"], "args[0]: a text with half a surrogate pair is not JSON"],
    [{ "\udc00": 1 }, 'args["\\udc00"]: a text with half a surrogate pair is not JSON'],
    [[cycle], "args[0].self[0]: a value that contains itself is not JSON"],
    [[{ __class__: "x", a: NaN }], "args[0].a: NaN is not JSON"],
    [
      [PlainTime.from("00:00:00.000000001")],
      'args[0]: the nanoseconds of 00:00:00.000000001 cannot be kept; use round("microsecond")',
    ],
    [
      [Duration.from("PT0.000000001S")],
      'args[0]: the nanoseconds of PT0.000000001S cannot be kept; use round("microsecond")',
    ],
    [
      [Duration.from("P1Y")],
      "args[0]: P1Y has years or months, which have no fixed length; say it in days",
    ],
    [
      [Duration.from("P99999999DT0.000001S")],
      'args[0]: P99999999DT0.000001S is too long to keep its microseconds; use round("second")',
    ],
    [
      [PlainDate.from("2024-02-29[u-ca=hebrew]")],
      'args[0]: the calendar "hebrew" cannot be kept; use withCalendar("iso8601")',
    ],
  ])("%#", (value, sentence) => {
    expect(refusal(() => encode(value, "args"))).toBe(sentence);
  });

  test("of a value nested too deep, shortened", () => {
    const sentence = refusal(() => encode(nested(100_000), "args"));
    expect(sentence).toStartWith("args[0][0]");
    expect(sentence).toEndWith("[0][0]: nested deeper than 500 levels");
    expect(sentence.length).toBeLessThan(250);
    expect(refusal(() => encode(nested(501), "args"))).toContain("nested deeper");
  });

  test("of a cycle that grows at each turn", () => {
    const list: unknown[] = ["x".repeat(1000)];
    list.push({ list });
    expect(refusal(() => encode(list, "args"))).toBe(
      "args[1].list: a value that contains itself is not JSON",
    );
  });
});

describe("decode refuses with a sentence", () => {
  test.each([
    ["[1,", "args: text of 3 characters is not JSON"],
    ["", "args: text of 0 characters is not JSON"],
    ["NaN", "args: text of 3 characters is not JSON"],
    [`"${"a".repeat(100)}`, "args: text of 101 characters is not JSON"],
    [
      '[{"__class__":"bigint","bigint":"1.5"}]',
      'args[0]: Cannot read {"__class__":"bigint","bigint":"1.5"}: "1.5" is not a whole number',
    ],
    [
      '{"a":{"__class__":"date","day":1,"month":1}}',
      'args.a: Cannot read {"__class__":"date","day":1,"month":1}: year is not a number',
    ],
    [
      '{"__class__":"Decimal","decimal":"NaN"}',
      'args: Cannot read {"__class__":"Decimal","decimal":"NaN"}: Cannot read "NaN" as a Decimal',
    ],
    [
      '{"__class__":"timedelta","seconds":12345678901234567890}',
      'args: Cannot read {"__class__":"timedelta","seconds":"12345678901234567890"}: seconds is not a number',
    ],
  ])("%s", (json, sentence) => {
    expect(refusal(() => decode(json, "args"))).toBe(sentence);
  });

  test.each([
    '{"__class__":"date","day":30,"month":2,"year":2024}',
    '{"__class__":"date","day":1.5,"month":2,"year":2024}',
    '{"__class__":"time","hour":25,"minute":0,"second":0,"microsecond":0}',
    '{"__class__":"time","hour":1,"minute":0,"second":0,"microsecond":1000000}',
    '{"__class__":"timedelta","seconds":1e999}',
    '{"__class__":"bytes","base64":"?"}',
    '{"__class__":"Instant","instant":"yesterday"}',
    '{"__class__":"ZonedDateTime","calendar":"iso8601","instant":"2024-01-01T00:00Z","zone":"Mars"}',
  ])("for a broken tag: %s", (json) => {
    expect(refusal(() => decode(json, "args"))).toStartWith('args: Cannot read {"__class__":');
  });

  test("and never with a stack overflow", () => {
    const deep = (inner: string) => "[".repeat(100_000) + inner + "]".repeat(100_000);
    expect(refusal(() => decode(deep('{"__class__":"x"}')))).toContain(
      "nested deeper than 500 levels",
    );
    expect(refusal(() => decode(deep("12345678901234567890")))).toContain("nested deeper than 500");
    expect(() => decode(deep("1"))).not.toThrow();
  });
});
