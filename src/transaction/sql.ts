/** `Transaction.current.sql`: SQL of the user inside a transaction, on every database. */
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import type { SqlResult } from "../store/session.ts";
import type { Unit } from "./unit.ts";

/** A value that a statement takes: a text, a number, a bigint, a boolean, bytes or null. */
export type SqlValue = string | number | bigint | boolean | Uint8Array | null;

/** The rows of a statement, each an object by column; `values()` resolves to each row as a list of its values. */
export interface SqlRows<Row> extends Promise<Row[]> {
  values(): Promise<unknown[][]>;
}

export interface TransactionSql {
  /**
   * Runs one statement; each `${value}` becomes a parameter, never text.
   *
   * @throws TqError "conflict" for a statement that would end the transaction, "invalid" for a value that the database
   * cannot take and for more than one statement; the driver's error for SQL that is wrong.
   * @example const rows = await sql`SELECT total FROM sale WHERE id = ${id}`;
   */
  <Row = Record<string, unknown>>(
    text: TemplateStringsArray,
    ...values: readonly SqlValue[]
  ): SqlRows<Row>;
  /** Runs a text with the placeholders of the database, such as `?1` on SQLite. It throws as the tag does. */
  unsafe<Row = Record<string, unknown>>(text: string, values?: readonly SqlValue[]): SqlRows<Row>;
}

type RunInUnit = <T>(work: (unit: Unit) => Soon<T>) => Promise<T>;

/** @param inUnit runs work that the transaction's commit waits for. */
export function makeSql(inUnit: RunInUnit): TransactionSql {
  const tag = <Row>(text: TemplateStringsArray, ...values: readonly SqlValue[]): SqlRows<Row> => {
    checkTag(text);
    return rowsOf<Row>(inUnit, (unit) => {
      // Without a first value `reduce` begins at index 1: each later part stands behind the value before it.
      const placed = text.reduce(
        (sql, part, index) => `${sql}${unit.session.placeholder(index - 1)}${part}`,
      );
      return unit.sql(placed, values);
    });
  };
  const unsafe = <Row>(text: string, values: readonly SqlValue[] = []): SqlRows<Row> =>
    rowsOf<Row>(inUnit, (unit) => unit.sql(text, values));
  return Object.assign(tag, { unsafe });
}

/** Refuses `sql("SELECT …")`, which would run values inside its text as SQL. */
function checkTag(text: unknown): void {
  if (Array.isArray(text) && "raw" in text) return;
  throw new TqError(
    "invalid",
    "Cannot run SQL: write sql`SELECT … ${value}` as a template, or sql.unsafe(text, values)",
  );
}

/** Runs the statement once, and at once, whether its rows are read as objects or as lists. */
function rowsOf<Row>(inUnit: RunInUnit, run: (unit: Unit) => Soon<SqlResult>): SqlRows<Row> {
  let result: SqlResult = { columns: [], rows: [] };
  const rows = inUnit((unit) =>
    soon(run(unit), (answer) => {
      result = answer;
      return toObjects<Row>(answer);
    }),
  );
  const values = () => rows.then(() => result.rows.map((row) => [...row]));
  return Object.assign(rows, { values });
}

function toObjects<Row>({ columns, rows }: SqlResult): Row[] {
  return rows.map(
    (row) => Object.fromEntries(columns.map((column, index) => [column, row[index]])) as Row,
  );
}
