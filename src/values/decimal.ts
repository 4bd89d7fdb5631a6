/** Exact decimal numbers, for money: what Tryton's numeric fields hold. */
import { TqError } from "../errors.ts";
import { INSPECT } from "../inspect.ts";

/** A value to make a Decimal of. A number counts as its shortest text: `0.1` is one tenth, exactly. */
export type DecimalLike = Decimal | string | number | bigint;

/** The most digits, and the farthest exponent from zero: exact results must not fill the memory. */
const MAX_DIGITS = 10_000;

const FORM = /^([+-]?)(?=\.?\d)(\d*)(?:\.(\d*))?(?:e([+-]?\d+))?$/i;

/** A registered symbol, as a compiled program may carry two copies of this file. */
const MARK = Symbol.for("tq.Decimal");

/**
 * An exact, immutable decimal number, written as Python's `Decimal` writes it: `"1.50"` stays `1.50`, though it
 * equals `1.5`. Sums, differences and products are exact; `round` and `div` say how many decimals they keep.
 * There is no NaN, no infinity and no negative zero.
 *
 * @example new Decimal("19.99").mul(3).toString() // "59.97"
 */
export class Decimal {
  /** True for a Decimal of any copy of tq in the process. @internal */
  static [Symbol.hasInstance](value: unknown): value is Decimal {
    return typeof value === "object" && value !== null && MARK in value;
  }

  /** All digits as one whole number: 150 for `1.50`. */
  readonly coefficient: bigint;
  /** The power of ten to multiply the coefficient with: -2 for `1.50`. */
  readonly exponent: number;

  /** @throws TqError `invalid` when the value is not a finite decimal number */
  constructor(value: DecimalLike) {
    const { coefficient, exponent } = value instanceof Decimal ? value : parse(value);
    this.coefficient = coefficient;
    this.exponent = exponent;
    Object.freeze(this);
  }

  add(other: DecimalLike): Decimal {
    const [left, right, exponent] = align(this, new Decimal(other));
    return scaled(left + right, exponent);
  }

  sub(other: DecimalLike): Decimal {
    const [left, right, exponent] = align(this, new Decimal(other));
    return scaled(left - right, exponent);
  }

  mul(other: DecimalLike): Decimal {
    const factor = new Decimal(other);
    return scaled(this.coefficient * factor.coefficient, this.exponent + factor.exponent);
  }

  /** The quotient with exactly this many decimals, half to even. @throws TqError `invalid` when `other` is 0. */
  div(other: DecimalLike, places: number): Decimal {
    const divisor = new Decimal(other);
    if (divisor.coefficient === 0n) throw new TqError("invalid", `Cannot divide ${this} by zero`);
    return quotient(this, divisor, places);
  }

  neg(): Decimal {
    return scaled(-this.coefficient, this.exponent);
  }

  /**
   * The nearest number with exactly this many decimals, half to even: `1.005` to 2 places is `1.00`, `1.5` is
   * `1.50`. Negative places round to tens, hundreds and so on.
   */
  round(places: number): Decimal {
    return quotient(this, ONE, places);
  }

  /** -1, 0 or 1: less than, equal to or greater than the other. */
  compare(other: DecimalLike): -1 | 0 | 1 {
    const [left, right] = align(this, new Decimal(other));
    if (left === right) return 0;
    return left < right ? -1 : 1;
  }

  /** True when both are the same number, however they are written: `1.50` equals `1.5`. */
  equals(other: DecimalLike): boolean {
    return this.compare(other) === 0;
  }

  /** The nearest JavaScript number; digits beyond its precision are lost. */
  toNumber(): number {
    return Number(this.toString());
  }

  /** The text as Python writes it: `1.50`, `1E+3`, `1E-7`. */
  toString(): string {
    const sign = this.coefficient < 0n ? "-" : "";
    const digits = String(absolute(this.coefficient));
    const power = digits.length + this.exponent - 1;
    if (this.exponent > 0 || power < -6) {
      const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
      return `${sign}${digits[0]}${fraction}E${power < 0 ? "" : "+"}${power}`;
    }
    if (this.exponent === 0) return sign + digits;
    const padded = digits.padStart(1 - this.exponent, "0");
    return `${sign}${padded.slice(0, this.exponent)}.${padded.slice(this.exponent)}`;
  }

  toJSON(): string {
    return this.toString();
  }

  /** Shows the number alone, without its parts and methods. @internal */
  [INSPECT](): string {
    return `Decimal ${this}`;
  }

  /** @internal */
  get [MARK](): true {
    return true;
  }

  /** Refuses `a < b` and `a + b`, which would compare and join texts. */
  valueOf(): never {
    throw new TypeError("A Decimal takes no operators; use add, sub, mul, compare or toNumber");
  }
}

const ONE = new Decimal(1);

function parse(value: string | number | bigint): { coefficient: bigint; exponent: number } {
  const text = String(value);
  const [, sign, whole, fraction = "", power = "0"] = FORM.exec(text) ?? [];
  if (sign === undefined || whole === undefined) {
    throw new TqError("invalid", `Cannot read ${JSON.stringify(text.slice(0, 60))} as a Decimal`);
  }
  const digits = (whole + fraction).replace(/^0+(?=.)/, "");
  const exponent = Number(power) - fraction.length;
  if (digits.length > MAX_DIGITS || Math.abs(exponent) > MAX_DIGITS) {
    throw new TqError(
      "invalid",
      `A Decimal has at most ${MAX_DIGITS} digits and decimals; round it`,
    );
  }
  return { coefficient: sign === "-" ? -BigInt(digits) : BigInt(digits), exponent };
}

/** A Decimal from its parts, by way of its text, so that one place checks the limits. */
function scaled(coefficient: bigint, exponent: number): Decimal {
  return new Decimal(`${coefficient}E${exponent}`);
}

/** Both coefficients at the smaller of the two exponents. */
function align(left: Decimal, right: Decimal): [left: bigint, right: bigint, exponent: number] {
  const exponent = Math.min(left.exponent, right.exponent);
  const at = ({ coefficient, exponent: own }: Decimal) => coefficient * tenTo(own - exponent);
  return [at(left), at(right), exponent];
}

function quotient(value: Decimal, divisor: Decimal, places: number): Decimal {
  if (!Number.isInteger(places) || Math.abs(places) > MAX_DIGITS) {
    throw new TqError("invalid", `Cannot round to ${places} places; give a whole number`);
  }
  const shift = value.exponent - divisor.exponent + places;
  const top = value.coefficient * tenTo(Math.max(shift, 0));
  const bottom = divisor.coefficient * tenTo(Math.max(-shift, 0));
  return scaled(halfEven(top, bottom), -places);
}

function halfEven(top: bigint, bottom: bigint): bigint {
  const whole = top / bottom;
  const twice = 2n * absolute(top % bottom);
  const size = absolute(bottom);
  if (twice < size || (twice === size && whole % 2n === 0n)) return whole;
  return top < 0n === bottom < 0n ? whole + 1n : whole - 1n;
}

function tenTo(power: number): bigint {
  return 10n ** BigInt(power);
}

function absolute(value: bigint): bigint {
  return value < 0n ? -value : value;
}
