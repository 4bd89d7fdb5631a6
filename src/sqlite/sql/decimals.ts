/** Decimals in a column, compared as numbers: 1.5 is 1.50, though the column keeps the zeros. */
import { DECIMAL_JSON } from "../../store/decimal-keys.ts";

const { before: BEFORE, after: AFTER } = DECIMAL_JSON;

/** The SQL of a column's decimal without trailing zeros; NULL for any other value. */
export function decimalKey(column: string): string {
  const text = `substr(${column}, ${BEFORE.length + 1}, length(${column}) - ${BEFORE.length + AFTER.length})`;
  const power = `instr(${text}, 'E')`;
  const mantissa = `substr(${text}, 1, ${power} - 1)`;
  const scientific = `iif(ltrim(${mantissa}, '0.') = '', '0', ${trimmed(mantissa)} || substr(${text}, ${power}))`;
  return `CASE WHEN ${column} GLOB '${BEFORE}*${AFTER}' THEN iif(${power}, ${scientific}, ${trimmed(text)}) END`;
}

/** Without the zeros after the point, and without a point that ends it. */
function trimmed(text: string): string {
  return `iif(instr(${text}, '.'), rtrim(rtrim(${text}, '0'), '.'), ${text})`;
}
