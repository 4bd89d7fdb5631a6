/** The rows of the user's ModelSQL tables: what a session can do with them. */
import type { Soon } from "../soon.ts";

/** What a column holds, in SQL. JSON values are text already. */
export type ColumnValue = string | number | bigint | boolean | Uint8Array | null;

/** True when both are the same in a column. */
export function sameValue(a: ColumnValue, b: ColumnValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Bun.deepEquals(a, b);
  return a === b;
}

export interface Column {
  readonly name: string;
  /** Declared type: TEXT, INTEGER, NUMERIC or BLOB. */
  readonly type: "TEXT" | "INTEGER" | "NUMERIC" | "BLOB";
}

export interface Table {
  readonly name: string;
  readonly columns: readonly Column[];
}

/** One row: `id`, then the columns in the table's order. */
export type Row = readonly ColumnValue[];

export type Operator = "=" | "!=" | "<" | "<=" | ">" | ">=" | "in" | "not in" | "like" | "not like";

/** A condition on a column (or `id`), as in Tryton's domains; all must hold. */
export interface Condition {
  readonly column: string;
  readonly operator: Operator;
  readonly value: ColumnValue | readonly ColumnValue[];
}

export interface SearchOptions {
  readonly order?: readonly { readonly column: string; readonly descending: boolean }[];
  readonly limit?: number;
  readonly offset?: number;
}

/** A change of one row. Columns whose `before` is given are written only while they still hold it. */
export interface Change {
  readonly column: string;
  readonly value: ColumnValue;
  readonly before?: ColumnValue;
}

/** "gone" when there is no such row; "changed" when a column no longer holds what was read. */
export type Updated = "ok" | "changed" | "gone";

export interface Records {
  /** True when the table is known to have every column; then `ensureTable` has nothing to do. */
  hasTable(table: Table): boolean;
  /** Makes the table, or adds its missing columns. @throws TqError when it cannot do so by itself. */
  ensureTable(table: Table): Promise<void>;
  insert(table: Table, values: readonly ColumnValue[]): Soon<number>;
  /**
   * The rows of these ids that exist, in the order asked for; duplicates once each time.
   *
   * @param lock nobody else may change these rows until the transaction ends.
   */
  read(table: Table, ids: readonly number[], lock?: boolean): Soon<Row[]>;
  search(
    table: Table,
    conditions: readonly Condition[],
    options: SearchOptions,
    lock?: boolean,
  ): Soon<Row[]>;
  update(table: Table, id: number, changes: readonly Change[]): Soon<Updated>;
  delete(table: Table, ids: readonly number[]): Soon<void>;
}
