import { describe, expect, test } from "bun:test";
import * as fc from "fast-check";
import { Decimal } from "../../src/values/decimal.ts";
import { TqError } from "../../src/errors.ts";

const cents = fc
  .tuple(fc.bigInt({ min: -(10n ** 40n), max: 10n ** 40n }), fc.integer({ min: -30, max: 30 }))
  .map(([coefficient, exponent]) => new Decimal(`${coefficient}E${exponent}`));

describe("Decimal", () => {
  // The right-hand sides are what Python 3 prints for str(Decimal(text)).
  test.each([
    ["1.50", "1.50"],
    ["-1.50", "-1.50"],
    ["0.00", "0.00"],
    ["+1", "1"],
    [".5", "0.5"],
    ["5.", "5"],
    ["007", "7"],
    ["1E+3", "1E+3"],
    ["1e5", "1E+5"],
    ["100e2", "1.00E+4"],
    ["12.3e1", "123"],
    ["1.23E+1", "12.3"],
    ["12.3e-10", "1.23E-9"],
    ["1.23E-5", "0.0000123"],
    ["0.000001", "0.000001"],
    ["0.0000001", "1E-7"],
    ["0E-10", "0E-10"],
    ["0e5", "0E+5"],
    ["0.00E+3", "0E+1"],
    ["12345678901234567890.10", "12345678901234567890.10"],
  ])("writes %p as Python does: %p", (text, written) => {
    expect(String(new Decimal(text))).toBe(written);
    expect(JSON.stringify([new Decimal(text)])).toBe(`["${written}"]`);
  });

  test("takes numbers by their shortest text, bigints and Decimals", () => {
    expect(String(new Decimal(0.1))).toBe("0.1");
    expect(String(new Decimal(1e21))).toBe("1E+21");
    expect(String(new Decimal(10n ** 30n))).toBe(`1${"0".repeat(30)}`);
    expect(String(new Decimal(new Decimal("1.50")))).toBe("1.50");
  });

  test("has no negative zero", () => {
    expect(String(new Decimal("-0.00"))).toBe("0.00");
    expect(String(new Decimal("0.0").neg())).toBe("0.0");
    expect(Object.is(new Decimal("-0").toNumber(), 0)).toBe(true);
  });

  test.each([
    "",
    " 1",
    "1 ",
    "1_000",
    "1,5",
    "0x10",
    ".",
    "-",
    "e5",
    "1e",
    "NaN",
    "Infinity",
    "--1",
  ])("refuses %p with a sentence", (text) => {
    const message = `Cannot read ${JSON.stringify(text)} as a Decimal`;
    expect(() => new Decimal(text)).toThrow(new TqError("invalid", message));
  });

  test("refuses NaN and infinity", () => {
    expect(() => new Decimal(NaN)).toThrow('Cannot read "NaN" as a Decimal');
    expect(() => new Decimal(-Infinity)).toThrow('Cannot read "-Infinity" as a Decimal');
  });

  test("refuses what would fill the memory", () => {
    const sentence = "A Decimal has at most 10000 digits and decimals; round it";
    expect(() => new Decimal("1E+999999999999")).toThrow(sentence);
    expect(() => new Decimal("1".repeat(10_001))).toThrow(sentence);
    expect(() => new Decimal("1E-9000").mul("1E-9000")).toThrow(sentence);
    expect(() => new Decimal("1E+9000").add("1E-9000")).toThrow(sentence);
  });

  test.each([
    ["0.1", "0.2", "0.3", "-0.1", "0.02"],
    ["1.50", "1", "2.50", "0.50", "1.50"],
    ["1E+3", "1", "1001", "999", "1E+3"],
    ["19.99", "-3", "16.99", "22.99", "-59.97"],
  ])("computes exactly with %p and %p", (left, right, sum, difference, product) => {
    const value = new Decimal(left);
    expect(String(value.add(right))).toBe(sum);
    expect(String(value.sub(right))).toBe(difference);
    expect(String(value.mul(right))).toBe(product);
  });

  test("compares by number, not by text", () => {
    expect(new Decimal("1.50").equals("1.5")).toBe(true);
    expect(new Decimal("1E+3").equals(1000)).toBe(true);
    expect(new Decimal("9").compare("10")).toBe(-1);
    expect(new Decimal("-1").compare("-2")).toBe(1);
    expect(new Decimal("0").compare("0.00")).toBe(0);
  });

  test.each([
    ["0.5", 0, "0"],
    ["1.5", 0, "2"],
    ["2.5", 0, "2"],
    ["-0.5", 0, "0"],
    ["-1.5", 0, "-2"],
    ["-2.5", 0, "-2"],
    ["2.51", 0, "3"],
    ["1.005", 2, "1.00"],
    ["1.015", 2, "1.02"],
    ["1.5", 3, "1.500"],
    ["1250", -2, "1.2E+3"],
    ["1E+3", 2, "1000.00"],
  ])("rounds %p to %p places, half to even: %p", (text, places, rounded) => {
    expect(String(new Decimal(text).round(places))).toBe(rounded);
  });

  test.each([
    ["10", "3", 2, "3.33"],
    ["10", "-3", 2, "-3.33"],
    ["1", "8", 2, "0.12"],
    ["3", "8", 2, "0.38"],
    ["1E+3", "1E-2", 0, "100000"],
  ])("divides %p by %p, keeping %p places: %p", (left, right, places, result) => {
    expect(String(new Decimal(left).div(right, places))).toBe(result);
  });

  test("refuses to divide by zero and to round to half a place", () => {
    expect(() => new Decimal("1.50").div("0.0", 2)).toThrow("Cannot divide 1.50 by zero");
    expect(() => new Decimal(1).round(0.5)).toThrow(
      "Cannot round to 0.5 places; give a whole number",
    );
  });

  test("cannot be changed", () => {
    const value = new Decimal("1.50");
    expect(() => Object.assign(value, { coefficient: 7n })).toThrow(TypeError);
    expect(String(value)).toBe("1.50");
  });

  test("refuses operators, which would join or compare texts", () => {
    const value: unknown = new Decimal("9");
    expect(() => (value as number) < 10).toThrow(TypeError);
    expect(() => (value as number) + 1).toThrow(TypeError);
    expect(`${value}`).toBe("9");
  });

  test("differs from another in a test's toEqual", () => {
    expect(new Decimal("1.5")).not.toEqual(new Decimal("2.5"));
    expect(new Decimal("1.50")).not.toEqual(new Decimal("1.5"));
    expect(new Decimal("1.50")).toEqual(new Decimal("1.50"));
  });

  test("reads its own text back, digit for digit", () => {
    fc.assert(
      fc.property(cents, (value) => {
        expect(new Decimal(value.toString())).toEqual(value);
      }),
    );
  });

  test("keeps the laws of arithmetic", () => {
    fc.assert(
      fc.property(cents, cents, cents, (a, b, c) => {
        expect(a.add(b).sub(b).equals(a)).toBe(true);
        expect(a.mul(b.add(c)).equals(a.mul(b).add(a.mul(c)))).toBe(true);
        expect(a.compare(b) + b.compare(a)).toBe(0);
        expect(a.add(a.neg()).equals(0)).toBe(true);
      }),
    );
  });

  test("rounds to within half a unit", () => {
    fc.assert(
      fc.property(cents, fc.integer({ min: -40, max: 40 }), (value, places) => {
        const error = value.round(places).sub(value).mul(2);
        const unit = new Decimal(`1E${-places}`);
        expect(error.compare(unit)).toBeLessThan(1);
        expect(error.neg().compare(unit)).toBeLessThan(1);
      }),
    );
  });

  test("gives the nearest number", () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (value) => {
        expect(new Decimal(value).toNumber()).toBe(value + 0);
      }),
    );
  });
});
