/** Runs one statement of user SQL, for `Transaction.current.sql`. */
import type { SqlResult } from "../store/session.ts";
import {
  BEYOND_64_BITS,
  checkOneStatement,
  checkValueCount,
  endsTransaction,
  HALF_PAIR,
  valueRefused,
  WRONG_TYPE,
} from "../store/user-sql-words.ts";
import type { Connection, SqlColumn, SqlValue } from "./connection.ts";
import type { PostgresTransaction } from "./transaction.ts";
import { effectsOf } from "./user-statement.ts";

export function placeholder(index: number): string {
  return `$${index + 1}`;
}

/**
 * Its own error ends the transaction, as PostgreSQL has it.
 *
 * @throws TqError "conflict" for SQL that would end the transaction, "invalid" for more or fewer statements than one,
 * and for values that PostgreSQL cannot store.
 */
export async function runUserSql(
  db: Connection,
  transaction: PostgresTransaction,
  text: string,
  values: readonly unknown[],
): Promise<SqlResult> {
  const { count, parameters, ends, goesBack, changesConnection } = effectsOf(text);
  checkOneStatement(text, count);
  checkValueCount(text, parameters, values.length);
  const bound = values.map((value, index) => binding(text, value, index));
  if (ends) throw endsTransaction("this statement would end the transaction");
  if (changesConnection) transaction.spoil();
  transaction.ahead.forget();
  try {
    const { columns, rows } = await db.lists(text, bound);
    return { columns: columns.map(({ name }) => name), rows: received(columns, rows) };
  } catch (error) {
    transaction.userFailed(error);
    throw error;
  } finally {
    if (goesBack) transaction.userWentBack();
  }
}

function binding(text: string, value: unknown, index: number): SqlValue {
  switch (typeof value) {
    case "string":
      if (!value.isWellFormed()) throw valueRefused(text, value, index, HALF_PAIR);
      if (!value.includes("\0")) return value;
      throw valueRefused(text, value, index, "PostgreSQL stores no NUL character");
    case "number":
      if (!Number.isNaN(value)) return value;
      throw valueRefused(text, value, index, "no column of integers holds it");
    case "bigint":
      if (BigInt.asIntN(64, value) === value) return String(value);
      throw valueRefused(text, value, index, BEYOND_64_BITS);
    case "boolean":
      return value;
    default:
      if (value === null || value instanceof Uint8Array) return value;
      throw valueRefused(text, value, index, WRONG_TYPE);
  }
}

/** The OID of bigint, whose values the driver gives as texts. */
const BIGINT = 20;
const BYTEA = 17;

/** Integers as numbers, as far as these hold them; else as bigint. */
function received(columns: readonly SqlColumn[], rows: unknown[][]): unknown[][] {
  const bigints = placesOf(columns, BIGINT);
  const bytes = placesOf(columns, BYTEA);
  if (bigints.length === 0 && bytes.length === 0) return rows;
  for (const row of rows) {
    for (const at of bigints) row[at] = toInteger(row[at]);
    for (const at of bytes)
      row[at] = row[at] instanceof Uint8Array ? new Uint8Array(row[at]) : null;
  }
  return rows;
}

function placesOf(columns: readonly SqlColumn[], type: number): number[] {
  return columns.flatMap((column, at) => (column.type === type ? at : []));
}

function toInteger(value: unknown): unknown {
  if (typeof value !== "string") return value;
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : BigInt(value);
}
