/** Values as JSON and back: what trytond writes and reads, and what is written for the rest. */
import { describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { Decimal } from "../../src/values/decimal.ts";
import { decode, encode } from "../../src/values/encoding.ts";
import { anything } from "./any-value.ts";
import { nested } from "./nested.ts";

const { PlainDate, PlainDateTime, PlainTime, Instant, ZonedDateTime, Duration } = Temporal;

/** What Python 3 wrote with trytond's encoder, `separators=(",", ":")`, sorted keys and no ASCII escapes. */
const TRYTOND: [json: string, value: unknown][] = [
  [
    '{"__class__":"datetime","day":29,"hour":23,"microsecond":999999,"minute":59,"month":2,"second":58,"year":2024}',
    PlainDateTime.from("2024-02-29T23:59:58.999999"),
  ],
  ['{"__class__":"date","day":29,"month":2,"year":2024}', PlainDate.from("2024-02-29")],
  [
    '{"__class__":"time","hour":1,"microsecond":4,"minute":2,"second":3}',
    PlainTime.from("01:02:03.000004"),
  ],
  ['{"__class__":"timedelta","seconds":86400.000005}', Duration.from("PT24H0.000005S")],
  ['{"__class__":"timedelta","seconds":86399999913600}', Duration.from("PT23999999976H")],
  ['{"__class__":"timedelta","seconds":-86399999913600}', Duration.from("-PT23999999976H")],
  ['{"__class__":"timedelta","seconds":0.0001}', Duration.from("PT0.0001S")],
  ['{"__class__":"bytes","base64":"AP8K\\n"}', new Uint8Array([0, 255, 10])],
  ['{"__class__":"bytes","base64":""}', new Uint8Array()],
  [
    '{"__class__":"bytes","base64":"AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8gISIjJCUmJygpKissLS4vMDEyMzQ1Njc4\\nOTo7PD0+P0BBQkNERUZHSElKS0xNTk9QUVJTVFVWV1hZWltcXV5fYGFiYw==\\n"}',
    Uint8Array.from({ length: 100 }, (_, index) => index),
  ],
  ['{"__class__":"Decimal","decimal":"1.50"}', new Decimal("1.50")],
  ['{"__class__":"Decimal","decimal":"1E+3"}', new Decimal("1000").round(-3)],
  [
    '{"10":1,"9":2,"Z":1.5,"a":"é\u2028\u007f\\u0000\\"\\\\/\\n\\u001f😀","b":1,"é":null}',
    { é: null, b: 1, a: 'é\u2028\u007f\0"\\/\n\u001f😀', Z: 1.5, 9: 2, 10: 1 },
  ],
];

/** The same in another spelling: Python's floats have a fraction or a two-digit exponent. */
const TRYTOND_ONLY: [json: string, value: unknown][] = [
  ['{"__class__": "timedelta", "seconds": 3600.0}', Duration.from("PT1H")],
  ['{"__class__": "timedelta", "seconds": -5e-06}', Duration.from("-PT0.000005S")],
  ['{"__class__": "timedelta", "seconds": 86399999913600.0}', Duration.from("PT23999999976H")],
  ['{"__class__": "bytes", "base64": "AP8K"}', new Uint8Array([0, 255, 10])],
  ['{"base64": "AP\\n8K\\n", "__class__": "bytes"}', new Uint8Array([0, 255, 10])],
  ['{"\\u005f_class__": "date", "day": 1, "month": 1, "year": 1}', PlainDate.from("0001-01-01")],
  ["[1.0, 1e+22, -0.0]", [1, 1e22, -0]],
  ["9007199254740993", 9_007_199_254_740_993n],
  ["[-12345678901234567890]", [-12_345_678_901_234_567_890n]],
];

/** Temporal values have no visible fields, so toEqual alone would call any two of a kind equal. */
function visible(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(visible);
  if (typeof value !== "object" || value === null) return value;
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) {
    const members = Object.entries(value).map(([name, member]) => [name, visible(member)] as const);
    return members.sort(([left], [right]) => (left < right ? -1 : 1));
  }
  return [value.constructor.name, `${value as string | Temporal.Instant}`];
}

function expectSame(actual: unknown, expected: unknown): void {
  expect(visible(actual)).toEqual(visible(expected));
}

describe("encode and decode", () => {
  test.each(TRYTOND)("write and read what trytond writes: %s", (json, value) => {
    expect(encode(value, "args")).toBe(json);
    expectSame(decode(json), value);
  });

  test.each(TRYTOND_ONLY)("read what trytond writes in another spelling: %s", (json, value) => {
    expectSame(decode(json), value);
  });

  test("bring everything back as it went in", () => {
    fc.assert(
      fc.property(anything, (value) => {
        const json = encode(value, "args");
        expectSame(decode(json), value);
        expect(encode(decode(json), "args")).toBe(json);
        expect(() => JSON.parse(json)).not.toThrow();
      }),
      { numRuns: 500 },
    );
  });

  test.each([
    ["42", 42],
    ["-0", -0],
    ["9007199254740992", 2 ** 53],
    ["1e+300", 1e300],
    ["5e-324", 5e-324],
    ["123456789012345680000", 123_456_789_012_345_680_000],
    ["null", null],
    ["[]", []],
    ["{}", {}],
    ["[42]", [42]],
    [' "a" '.trim(), "a"],
    ['"\\u0000"', "\0"],
  ])("keep plain JSON: %s", (json, value) => {
    expect(encode(value, "args")).toBe(json);
    expect(Object.is(value, -0) ? Object.is(decode(json), -0) : true).toBe(true);
    expect(decode(json)).toEqual(value);
  });

  test("write tags of their own for what Python has not", () => {
    const at = Instant.from("2024-02-29T12:00:00.000000001Z");
    expect(encode([at, 12n, new Date(0)], "args")).toBe(
      '[{"__class__":"Instant","instant":"2024-02-29T12:00:00.000000001Z"},' +
        '{"__class__":"bigint","bigint":"12"},{"__class__":"Instant","instant":"1970-01-01T00:00:00Z"}]',
    );
    expect(String(decode(encode(new Date(1500), "args")))).toBe("1970-01-01T00:00:01.5Z");
  });

  test("keep the instant, the zone and the calendar of a ZonedDateTime", () => {
    for (const written of [
      "2024-10-27T02:30:00+01:00[Europe/Paris]",
      "1800-01-01T00:00:00+00:09[Europe/Paris]",
      "2024-02-29T00:00:00+00:00[UTC][u-ca=hebrew]",
    ]) {
      const zoned = ZonedDateTime.from(written);
      const back = decode(encode(zoned, "args")) as Temporal.ZonedDateTime;
      expect(String(back)).toBe(written);
      expect(back.epochNanoseconds).toBe(zoned.epochNanoseconds);
    }
  });

  test("write a ZonedDateTime as trytond's datetime, where it has the year", () => {
    const zoned = ZonedDateTime.from("2024-10-27T02:30:00.000001002+01:00[Europe/Paris]");
    expect(encode(zoned, "args")).toBe(
      '{"__class__":"datetime","calendar":"iso8601","day":27,"hour":2,"instant":"2024-10-27T01:30:00.000001002Z",' +
        '"microsecond":1,"minute":30,"month":10,"second":0,"year":2024,"zone":"Europe/Paris"}',
    );
    const early = ZonedDateTime.from("-000044-03-15T12:00:00+00:00[UTC]");
    expect(encode(early, "args")).toStartWith('{"__class__":"ZonedDateTime"');
    expectSame(decode(encode(early, "args")), early);
    const old =
      '{"__class__":"ZonedDateTime","calendar":"iso8601","instant":"2024-01-01T00:00:00Z","zone":"UTC"}';
    expectSame(decode(old), ZonedDateTime.from("2024-01-01T00:00:00+00:00[UTC]"));
  });

  test.each([
    ["9007199254740993", 9_007_199_254_740_993n],
    ["-9007199254740993", -9_007_199_254_740_993n],
    ["18446744073709551616", 2n ** 64n],
    ["-1180591620717411303424", -(2n ** 70n)],
    ["1000000000000000000000", 10n ** 21n],
  ])("write the whole number %s bare, as trytond does", (json, value) => {
    expect(encode(value, "args")).toBe(json);
    expect(decode(json)).toBe(value);
    expect(decode(`[${json}]`)).toEqual([value]);
  });

  test.each([0n, 12n, -1n, 2n ** 53n, 10n ** 20n])(
    "keep %p a bigint, though a number could hold it",
    (value) => expect(decode(encode([value], "args"))).toEqual([value]),
  );

  test("write an object with a __class__ that no reader knows as it is", () => {
    const json = '{"__class__":"sale","id":7}';
    expect(encode({ __class__: "sale", id: 7 }, "args")).toBe(json);
    expect(decode('{"__class__":"bigint","bigint":"9007199254740993"}')).toBe(2n ** 53n + 1n);
  });

  test("keep the length of a Duration, not its units", () => {
    const back = decode(encode(Duration.from("P1W1DT90M"), "args"));
    expect(String(back)).toBe("PT193H30M");
  });

  test("take a Buffer as bytes", () => {
    const back = decode(encode(Buffer.from("hé"), "args"));
    expect(back).toEqual(new Uint8Array([104, 195, 169]));
    expect(back).not.toBeInstanceOf(Buffer);
  });

  test.each([
    [{ __class__: "date" }],
    [{ __class__: "date", day: 1, month: 1, year: 1 }],
    [{ __class__: "object", entries: [["a", 1]] }],
    [{ __class__: { __class__: 1 } }],
    [{ __class__: "unknown", at: PlainDate.from("2024-02-29") }],
  ])("bring back an object with a __class__ of its own: %j", (value) => {
    expectSame(decode(encode(value, "args")), value);
  });

  test("leave an unknown class a plain object, and read what is in it", () => {
    const json = '{"__class__":"Dict","at":{"__class__":"date","day":1,"month":2,"year":3}}';
    expectSame(decode(json), { __class__: "Dict", at: PlainDate.from("0003-02-01") });
    expect(decode('{"__class__":"constructor"}')).toEqual({ __class__: "constructor" });
    expect(decode('{"__class__":"object"}')).toEqual({ __class__: "object" });
  });

  test("keep a key __proto__ without touching any prototype", () => {
    for (const json of [
      '{"__proto__":{"admin":true}}',
      '{"__class__":"x","__proto__":{"admin":true}}',
      '{"__class__":"object","entries":[["__proto__",{"admin":true}]]}',
      '{"__proto__":{"admin":12345678901234567890}}',
    ]) {
      const value = decode(json) as object;
      expect(Object.hasOwn(value, "__proto__")).toBe(true);
      expect(Object.getPrototypeOf(value)).toBe(Object.prototype);
      expect("admin" in value).toBe(false);
      expectSame(decode(encode(value, "args")), value);
    }
    expect("admin" in {}).toBe(false);
  });

  test("leave out a property that is undefined", () => {
    expect(encode({ a: undefined, b: 1, c: undefined }, "args")).toBe('{"b":1}');
    expect(encode({ __class__: "date", b: undefined }, "args")).toBe(
      '{"__class__":"object","entries":[["__class__","date"]]}',
    );
  });

  test("carry huge texts and lists", () => {
    const value = ["\0é".repeat(1_000_000), Array.from({ length: 100_000 }, (_, index) => index)];
    expect(decode(encode(value, "args"))).toEqual(value);
  });

  test("nest as deep as allowed, which SQLite can read", () => {
    const json = encode(nested(500), "args");
    expect(decode(json)).toEqual(nested(500));
    using db = new Database(":memory:");
    expect(db.query("SELECT json_valid(?) AS valid").get(json)).toEqual({ valid: 1 });
  });

  test("take a value twice that is no cycle", () => {
    const shared = { a: 1 };
    expect(encode([shared, shared, { shared }], "args")).toBe(
      '[{"a":1},{"a":1},{"shared":{"a":1}}]',
    );
  });

  test("take objects without a prototype or with one of another realm", () => {
    const foreign: unknown = runInNewContext("({ a: [1] })");
    expect(encode([Object.assign(Object.create(null), { b: 1 }), foreign], "args")).toBe(
      '[{"b":1},{"a":[1]}]',
    );
  });
});
