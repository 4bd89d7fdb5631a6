/** Runs one statement of user SQL, for `Transaction.current.sql`. */
import type { Database, SQLQueryBindings } from "bun:sqlite";
import { TqError } from "../errors.ts";
import type { SqlResult } from "../store/session.ts";
import { countStatements } from "./user-sql.ts";
import { inspected } from "../quote.ts";

/**
 * @param db the guarded connection, which refuses SQL that would end the transaction.
 * @throws TqError "invalid" for more or fewer statements than one, and for values that SQLite cannot store.
 */
export function runUserSql(db: Database, text: string, values: readonly unknown[]): SqlResult {
  const count = countStatements(text);
  if (count !== 1) {
    const what = count === 0 ? "there is no statement in it" : `it has ${count} statements`;
    throw new TqError("invalid", `Cannot run ${quoted(text)}: ${what}; give one at a time`);
  }
  const bindings = values.map((value, index) => binding(text, value, index));
  const statement = db.query<unknown, SQLQueryBindings[]>(text);
  if (statement.paramsCount !== bindings.length) {
    throw new TqError(
      "invalid",
      `Cannot run ${quoted(text)}: it takes ${statement.paramsCount} values, and ${bindings.length} were given`,
    );
  }
  const rows = statement.values(...bindings);
  return { columns: statement.columnNames, rows };
}

function binding(text: string, value: unknown, index: number): SQLQueryBindings {
  switch (typeof value) {
    case "string":
      if (value.isWellFormed()) return value;
      throw refused(text, value, index, "it has half a surrogate pair");
    case "number":
      if (!Number.isNaN(value)) return value;
      throw refused(text, value, index, "SQLite would store NULL");
    case "bigint":
      if (BigInt.asIntN(64, value) === value) return value;
      throw refused(text, value, index, "it is beyond 64 bits");
    case "boolean":
      return value;
    default:
      if (value === null || value instanceof Uint8Array) return value;
      throw refused(text, value, index, "give a text, a number, a boolean, null or bytes");
  }
}

function refused(text: string, value: unknown, index: number, why: string): TqError {
  const shown = inspected(value);
  return new TqError(
    "invalid",
    `Cannot run ${quoted(text)}: value ${index + 1} cannot be ${shown}: ${why}`,
  );
}

const SHOWN_CHARACTERS = 80;

function quoted(text: string): string {
  return JSON.stringify(
    text.length > SHOWN_CHARACTERS ? `${text.slice(0, SHOWN_CHARACTERS)}…` : text,
  );
}
