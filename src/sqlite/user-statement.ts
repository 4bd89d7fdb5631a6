/** Runs one statement of user SQL, for `Transaction.current.sql`. */
import type { Database, SQLQueryBindings } from "bun:sqlite";
import type { SqlResult } from "../store/session.ts";
import {
  BEYOND_64_BITS,
  checkOneStatement,
  checkValueCount,
  HALF_PAIR,
  valueRefused,
  WRONG_TYPE,
} from "../store/user-sql-words.ts";
import { countStatements } from "./user-sql.ts";

/**
 * @param db the guarded connection, which refuses SQL that would end the transaction.
 * @throws TqError "invalid" for more or fewer statements than one, and for values that SQLite cannot store.
 */
export function runUserSql(db: Database, text: string, values: readonly unknown[]): SqlResult {
  checkOneStatement(text, countStatements(text));
  const bindings = values.map((value, index) => binding(text, value, index));
  const statement = db.query<unknown, SQLQueryBindings[]>(text);
  checkValueCount(text, statement.paramsCount, bindings.length);
  const rows = statement.values(...bindings);
  return { columns: statement.columnNames, rows };
}

function binding(text: string, value: unknown, index: number): SQLQueryBindings {
  switch (typeof value) {
    case "string":
      if (value.isWellFormed()) return value;
      throw valueRefused(text, value, index, HALF_PAIR);
    case "number":
      if (!Number.isNaN(value)) return value;
      throw valueRefused(text, value, index, "SQLite would store NULL");
    case "bigint":
      if (BigInt.asIntN(64, value) === value) return value;
      throw valueRefused(text, value, index, BEYOND_64_BITS);
    case "boolean":
      return value;
    default:
      if (value === null || value instanceof Uint8Array) return value;
      throw valueRefused(text, value, index, WRONG_TYPE);
  }
}
