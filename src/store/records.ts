/** A session's access to the rows of the user's ModelSQL tables. */
import type { Soon } from "../soon.ts";
import type { Decimal } from "../values/decimal.ts";

/** A value of a column. JSON values are text already. */
export type ColumnValue = string | number | bigint | boolean | Uint8Array | null;

/** True when a column holds the same for both. */
export function sameValue(a: ColumnValue, b: ColumnValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Bun.deepEquals(a, b);
  return a === b;
}

export interface Column {
  readonly name: string;
  /** The declared type. */
  readonly type: "TEXT" | "INTEGER" | "NUMERIC" | "BLOB";
  /** Rows that are older than the column hold this in it. Called when the column is made; left out: null. */
  readonly initial?: () => ColumnValue;
  /** True when no value of the model's field is null: rows that are older than the column lack one. */
  readonly required?: () => boolean;
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** One row: `id`, then the columns in the table's order. */
export type Row = readonly ColumnValue[];

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in" | "like" | "not like";

/** True when the columns of two rows of one table hold the same. */
export function sameRow(a: Row, b: Row): boolean {
  return a.length === b.length && a.every((value, index) => sameValue(value, b[index] ?? null));
}

/** The columns in which two rows of a table differ. */
export function changedColumns({ columns }: Table, before: Row, now: Row): string[] {
  const isChanged = (_: unknown, index: number) =>
    !sameValue(before[index + 1] ?? null, now[index + 1] ?? null);
  return columns.filter(isChanged).map(({ name }) => name);
}

/**
 * A condition on a column or on `id`, as in Tryton's domains; a row must meet all of them. The pattern of `like`
 * ignores upper and lower case; `%` stands for any characters, `_` for one, and a backslash takes that meaning away.
 */
export interface Condition {
  readonly column: string;
  readonly operator: Operator;
  readonly value: ColumnValue | readonly ColumnValue[];
  /** With "in" and "not in": decimals that the column may hold too, however many zeros they have. */
  readonly numbers?: readonly Decimal[];
}

export interface SearchOptions {
  readonly order?: readonly { readonly column: string; readonly descending: boolean }[];
  readonly limit?: number;
  readonly offset?: number;
}

/** A change of one column. */
export interface Change {
  readonly column: string;
  readonly value: ColumnValue;
}

/** "gone" when there is no such row; `changed` names the columns that no longer hold what was read. */
export type Updated = "ok" | "gone" | { readonly changed: readonly string[] };

export interface Records {
  /** True when the table is known to have every column; then `ensureTable` has nothing to do. */
  hasTable(table: Table): boolean;
  /**
   * Makes the table, or adds its missing columns.
   *
   * @returns the added columns that are required, and that the rows of the table lack.
   * @throws TqError where it cannot do so without the user
   */
  ensureTable(table: Table): Promise<readonly string[]>;
  /** Inserts a row of these values, in the order of the table's columns; gives its id. */
  insert(table: Table, values: readonly ColumnValue[]): Soon<number>;
  /**
   * Reads the rows of these ids that exist, in the order of the ids; an id that comes twice gives its row twice.
   *
   * @param lock true: no other transaction may change the rows until this one ends.
   */
  read(table: Table, ids: readonly number[], lock?: boolean): Soon<Row[]>;
  /**
   * Reads these rows of a known table for the runs that share the transaction, which begins with it: their reads of one
   * such row then need no answer of a server. Absent where reads wait for nothing.
   */
  readAhead?(table: Table, ids: readonly number[]): Promise<void>;
  search(
    table: Table,
    conditions: readonly Condition[],
    options: SearchOptions,
    lock?: boolean,
  ): Soon<Row[]>;
  /** @param read writes the changes only where every column of the row still holds this; null: in any case. */
  update(table: Table, id: number, changes: readonly Change[], read: Row | null): Soon<Updated>;
  delete(table: Table, ids: readonly number[]): Soon<void>;
}
