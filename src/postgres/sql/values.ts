/** Values of columns as parameters of statements, and back. */
import { TqError } from "../../errors.ts";
import { inspected } from "../../quote.ts";
import type { ColumnValue, Table } from "../../store/records.ts";
import type { SqlValue } from "../connection.ts";
import type { SqlType } from "./table.ts";

const WHOLE: Partial<Record<SqlType, number>> = { smallint: 2 ** 15, integer: 2 ** 31 };

/** @throws TqError "invalid" for what PostgreSQL cannot store: its error would end the transaction. */
export function bound(table: Table, column: string, type: SqlType, value: ColumnValue): SqlValue {
  if (value === null) return null;
  switch (typeof value) {
    case "string":
      if (!value.includes("\0")) return value;
      throw refused(table, column, value, "PostgreSQL stores no NUL character");
    case "bigint":
      return String(value);
    case "number":
      return type === "boolean" ? value !== 0 : value;
    default:
      return value;
  }
}

/** As `bound`, for a value that is written. */
export function written(table: Table, column: string, type: SqlType, value: ColumnValue): SqlValue {
  const most = WHOLE[type];
  if (most !== undefined && value !== null && (Number(value) >= most || Number(value) < -most)) {
    throw refused(table, column, value, `the column is ${type}`);
  }
  return bound(table, column, type, value);
}

function refused({ name }: Table, column: string, value: ColumnValue, why: string): TqError {
  return new TqError("invalid", `Cannot use ${inspected(value)} for ${name}.${column}: ${why}`);
}

/** A value as the driver gives it. */
export function received(value: unknown): ColumnValue {
  if (value instanceof Uint8Array) return new Uint8Array(value); // the driver's is a Buffer
  return value as ColumnValue;
}
