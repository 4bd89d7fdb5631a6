/** Decimals in a column of JSON, compared as numbers. */
import { DECIMAL_JSON } from "../../store/decimal-keys.ts";
import { literal } from "./table.ts";

const { before: BEFORE, after: AFTER } = DECIMAL_JSON;

/** The SQL of a column's decimal without trailing zeros; NULL for any other value. */
export function decimalKey(column: string): string {
  const text = `substr(${column}, ${BEFORE.length + 1}, length(${column}) - ${BEFORE.length + AFTER.length})`;
  const power = `strpos(${text}, 'E')`;
  const mantissa = `substr(${text}, 1, ${power} - 1)`;
  const scientific = `CASE WHEN ltrim(${mantissa}, '0.') = '' THEN '0' ELSE ${trimmed(mantissa)} || substr(${text}, ${power}) END`;
  const key = `CASE WHEN ${power} > 0 THEN ${scientific} ELSE ${trimmed(text)} END`;
  const isDecimal = `(starts_with(${column}, ${literal(BEFORE)}) AND right(${column}, ${AFTER.length}) = ${literal(AFTER)})`;
  return `CASE WHEN ${isDecimal} THEN ${key} END`;
}

/** Without the zeros after the point, and without a point that ends it. */
function trimmed(text: string): string {
  return `CASE WHEN strpos(${text}, '.') > 0 THEN rtrim(rtrim(${text}, '0'), '.') ELSE ${text} END`;
}
