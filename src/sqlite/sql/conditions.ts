/** The conditions of a search, as SQL. */
import { TqError } from "../../errors.ts";
import type { ColumnValue, Condition, Operator } from "../../store/records.ts";
import { decimalKeys } from "../../store/decimal-keys.ts";
import { decimalKey } from "./decimals.ts";
import { toGlob } from "./glob.ts";
import { identifier } from "./table.ts";

/**
 * A negated condition holds for NULL, as for any other value: NULL is not equal to 7, not in [7], not like "a%". SQL
 * would give NULL for all three. Writes the condition, and adds its parameters.
 */
export function conditionSql(condition: Condition, parameters: ColumnValue[]): string {
  const { column, operator, value, numbers } = condition;
  const name = identifier(column);
  if (numbers) return numbersSql(name, operator === "not in", condition, parameters);
  if (Array.isArray(value)) return listConditionSql(name, operator, value, parameters);
  if (operator === "like" || operator === "not like") {
    parameters.push(typeof value === "string" ? toGlob(value) : null);
    return operator === "like" ? `${name} GLOB ?` : `(${name} NOT GLOB ? OR ${name} IS NULL)`;
  }
  parameters.push(value as ColumnValue);
  if (operator === "=") return `${name} IS ?`;
  if (operator === "!=") return `${name} IS NOT ?`;
  return `${name} ${operator} ?`;
}

function listConditionSql(
  name: string,
  operator: Operator,
  list: readonly ColumnValue[],
  parameters: ColumnValue[],
): string {
  const values = list.filter((value) => value !== null);
  const withNull = values.length < list.length;
  const within = `${name} IN ${bindList(values, parameters)}`;
  if (operator === "in") return withNull ? `(${within} OR ${name} IS NULL)` : within;
  return withNull
    ? `(NOT ${within} AND ${name} IS NOT NULL)`
    : `(NOT ${within} OR ${name} IS NULL)`;
}

/** Binds the list as one parameter where JSON can carry it, otherwise one for each value. */
function bindList(values: readonly ColumnValue[], parameters: ColumnValue[]): string {
  if (values.every(survivesJson)) {
    parameters.push(JSON.stringify(values));
    return "(SELECT value FROM json_each(?))";
  }
  if (values.length > MOST_PARAMETERS) {
    throw new TqError(
      "invalid",
      `Cannot search for ${values.length} values of this kind at once; search for ${MOST_PARAMETERS} at a time`,
    );
  }
  parameters.push(...values);
  return `(${values.map(() => "?").join(", ")})`;
}

/** SQLite takes 32,766 parameters; the other clauses need some. */
const MOST_PARAMETERS = 30_000;

/** True where JSON keeps the value as it is: not for bytes, nor for integers beyond 2^53, which a parameter keeps. */
function survivesJson(value: ColumnValue): boolean {
  if (typeof value === "number") return Number.isSafeInteger(value) || !Number.isInteger(value);
  return typeof value === "string" || typeof value === "boolean";
}

/** A condition on decimals as numbers, whatever their zeros, and on the other values of the same list. */
function numbersSql(
  name: string,
  negated: boolean,
  { value, numbers = [] }: Condition,
  parameters: ColumnValue[],
): string {
  const others = listConditionSql(name, "in", value as readonly ColumnValue[], parameters);
  const keys = bindList(numbers.flatMap(decimalKeys), parameters);
  const found = `coalesce(${others} OR ${decimalKey(name)} IN ${keys}, 0)`;
  return negated ? `NOT ${found}` : found;
}
