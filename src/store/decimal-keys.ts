/** Decimals in a column of JSON, compared as numbers: 1.5 is 1.50, though the column keeps the zeros. */
import { Decimal } from "../values/decimal.ts";
import { encode } from "../values/encoding.ts";

/** The JSON of a decimal before and after its text. */
const [BEFORE = "", AFTER = ""] = encode(new Decimal(0), "decimal").split("0");
export const DECIMAL_JSON = { before: BEFORE, after: AFTER } as const;

/**
 * The texts without trailing zeros that a column may hold for this number: the one that Python writes depends on its zeros.
 */
export function decimalKeys(number: Decimal): string[] {
  if (number.coefficient === 0n) return ["0"];
  const sign = number.coefficient < 0n ? "-" : "";
  const all = String(number.coefficient).slice(sign.length);
  const digits = all.replace(/0+$/, "");
  const exponent = number.exponent + all.length - digits.length;
  const power = digits.length + exponent - 1;
  const fraction = digits.length > 1 ? `.${digits.slice(1)}` : "";
  const scientific = `${sign}${digits[0]}${fraction}E${power < 0 ? "" : "+"}${power}`;
  return [scientific, sign + plain(digits, exponent)];
}

function plain(digits: string, exponent: number): string {
  if (exponent >= 0) return digits + "0".repeat(exponent);
  const padded = digits.padStart(1 - exponent, "0");
  return `${padded.slice(0, exponent)}.${padded.slice(exponent)}`;
}
