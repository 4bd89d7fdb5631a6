/** The conditions of a search, as SQL. */
import type { ColumnValue, Condition, Operator, Table } from "../../store/records.ts";
import { decimalKeys } from "../../store/decimal-keys.ts";
import type { SqlValue } from "../connection.ts";
import { decimalKey } from "./decimals.ts";
import { eitherCase } from "./patterns.ts";
import { identifier, type Shape, type SqlType } from "./table.ts";
import { bound } from "./values.ts";

/** Adds a parameter. @returns its place in the text */
export type Bind = (value: SqlValue) => string;

/** The type of a column, or of the id. */
export function typeOf({ table, types }: Shape, column: string): SqlType {
  return types[indexOf(table, column)] ?? "bigint";
}

function indexOf({ columns }: Table, name: string): number {
  return columns.findIndex((column) => column.name === name);
}

/** A column as it is compared and put in order: texts by their bytes, whatever the order of the column. */
export function comparedSql(column: string, type: SqlType): string {
  const isText = type === "text" || type === "character varying";
  return isText ? `${identifier(column)} COLLATE "C"` : identifier(column);
}

/**
 * A negated condition holds for NULL, as for any other value: NULL is not equal to 7, not in [7], not like "a%". SQL
 * would give NULL for all three.
 */
export function conditionSql(shape: Shape, condition: Condition, bind: Bind): string {
  const { column, operator, value, numbers } = condition;
  const name = identifier(column);
  const type = typeOf(shape, column);
  if (numbers) return numbersSql(column, operator === "not in", condition, bind);
  if (Array.isArray(value)) return listSql(name, type, operator, value, bind);
  const one = value as ColumnValue;
  if (operator === "like" || operator === "not like") {
    const like = typeof one === "string" ? `${name} ~ ${bind(likePattern(one))}::text` : "false";
    return operator === "like" ? `(${like})` : `(NOT ${like} OR ${name} IS NULL)`;
  }
  if (one === null) return nullSql(name, operator);
  const other = `${bind(bound(shape.table, column, type, one))}::${comparedType(type, one)}`;
  if (operator === "=") return `${name} = ${other}`;
  if (operator === "!=") return `(${name} <> ${other} OR ${name} IS NULL)`;
  return `${comparedSql(column, type)} ${operator} ${other}`;
}

function nullSql(name: string, operator: Operator): string {
  if (operator === "=") return `${name} IS NULL`;
  return operator === "!=" ? `${name} IS NOT NULL` : "false";
}

/** The type of a parameter beside a column: the driver would round a fraction for a column of integers. */
function comparedType(type: SqlType, value: ColumnValue): string {
  if (typeof value === "number" && !Number.isInteger(value)) return "float8";
  return WIDE[type] ?? type;
}

const WIDE: Partial<Record<SqlType, SqlType>> = {
  integer: "bigint",
  smallint: "bigint",
  "character varying": "text",
};

function listSql(
  name: string,
  type: SqlType,
  operator: Operator,
  list: readonly ColumnValue[],
  bind: Bind,
): string {
  const values = list.filter((value) => value !== null);
  const withNull = values.length < list.length;
  const isFraction = values.some((value) => typeof value === "number" && !Number.isInteger(value));
  const itemType = isFraction ? "float8" : (WIDE[type] ?? type);
  const items = values.map((value) => (type === "boolean" ? Boolean(value) : toItem(value)));
  const within = `${name} = ANY (${bind(items)}::${itemType}[])`;
  if (operator === "in") return withNull ? `(${within} OR ${name} IS NULL)` : within;
  return withNull
    ? `(NOT ${within} AND ${name} IS NOT NULL)`
    : `(NOT ${within} OR ${name} IS NULL)`;
}

/** Texts with a NUL are in no row. */
function toItem(value: ColumnValue): string | number | boolean | null {
  if (typeof value === "string") return value.includes("\0") ? null : value;
  return typeof value === "number" || typeof value === "boolean" ? value : String(value);
}

/** A condition on decimals as numbers, whatever their zeros, and on the other values of the same list. */
function numbersSql(
  column: string,
  negated: boolean,
  { value, numbers = [] }: Condition,
  bind: Bind,
): string {
  const name = identifier(column);
  const others = listSql(name, "text", "in", value as readonly ColumnValue[], bind);
  const keys = bind(numbers.flatMap(decimalKeys));
  const found = `coalesce(${others} OR ${decimalKey(name)} = ANY (${keys}::text[]), false)`;
  return negated ? `NOT ${found}` : found;
}

/** The regular expression of a `like`: PostgreSQL's ILIKE goes by the locale of the database. */
function likePattern(pattern: string): string {
  const parts = pattern.replace(/\\?[^]/gu, (part) => {
    if (part === "%") return ".*";
    if (part === "_") return ".";
    return /^\\[%_\\]$/.test(part)
      ? eitherCase(part.slice(1))
      : Array.from(part, eitherCase).join("");
  });
  return `^${parts}$`;
}
