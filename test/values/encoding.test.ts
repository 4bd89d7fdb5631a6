import { describe, expect, test } from "bun:test";
import { Database } from "bun:sqlite";
import { runInNewContext } from "node:vm";
import * as fc from "fast-check";
import { Decimal } from "../../src/values/decimal.ts";
import { decode, encode } from "../../src/values/encoding.ts";
import { TqError } from "../../src/errors.ts";

function refusal(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    expect(error).toBeInstanceOf(TqError);
    expect((error as TqError).code).toBe("invalid");
    return (error as TqError).message;
  }
  throw new Error("It was not refused");
}

function nested(levels: number): unknown {
  let value: unknown = 1;
  for (let level = 0; level < levels; level++) value = [value];
  return value;
}

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

const text = fc.string({ unit: "binary", maxLength: 12 });
const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.bigInt({ min: -(10n ** 21n), max: 10n ** 21n }).map(Number),
);
const instant = fc.bigInt({ min: -(10n ** 20n), max: 10n ** 20n }).map((ns) => new Instant(ns));
const datetime = fc
  .bigInt({ min: -(10n ** 16n), max: 10n ** 17n })
  .map((micros) => new Instant(micros * 1000n).toZonedDateTimeISO("UTC").toPlainDateTime());
const zone = fc.constantFrom("Europe/Paris", "America/St_Johns", "+05:30", "UTC");
const duration = fc
  .tuple(fc.integer({ min: -1e9, max: 1e9 }), fc.integer({ min: -999_999, max: 999_999 }))
  .map(([seconds, micros]) => {
    const sum = Duration.from({ seconds }).add({ microseconds: micros });
    return sum.round({ largestUnit: "hours" });
  });
const leaf = fc.oneof(
  fc.constant(null),
  fc.boolean(),
  number,
  text,
  fc.bigInt(),
  fc.uint8Array({ maxLength: 200 }),
  instant,
  datetime,
  duration,
  datetime.map((value) => value.toPlainDate()),
  datetime.map((value) => value.toPlainTime()),
  fc.tuple(instant, zone).map(([at, place]) => at.toZonedDateTimeISO(place)),
  fc
    .tuple(fc.bigInt(), fc.integer({ min: -40, max: 40 }))
    .map((parts) => new Decimal(parts.join("E"))),
);
const key = fc.oneof(text, fc.constantFrom("__class__", "__proto__", "constructor", "entries"));
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof({ depthSize: "small" }, leaf, tie("list"), tie("object")),
  list: fc.array(tie("value"), { maxLength: 5 }),
  object: fc
    .array(fc.tuple(key, tie("value")), { maxLength: 5 })
    .map((entries) => Object.fromEntries(entries)),
}));

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
    expect(encode({ __class__: "x", b: undefined }, "args")).toBe(
      '{"__class__":"object","entries":[["__class__","x"]]}',
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

describe("encode refuses with the path", () => {
  class Sale {
    id = 7;
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
    ["[1,", 'args: "[1," is not JSON'],
    ["", 'args: "" is not JSON'],
    ["NaN", 'args: "NaN" is not JSON'],
    [`"${"a".repeat(100)}`, `args: "\\"${"a".repeat(59)}…" is not JSON`],
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
