/** Whole numbers of JSON, which have no bounds for trytond. */

/** The value of digits: a `bigint` beyond 2^53, unless they are how JavaScript writes a `number`. */
export function wholeOf(digits: string): number | bigint {
  const value = Number(digits);
  return Number.isSafeInteger(value) || String(value) === digits ? value : BigInt(digits);
}
