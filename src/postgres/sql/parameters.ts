/** The values of a statement that is put together: each gets its place as it is added. */
import type { SqlValue } from "../connection.ts";

/** The types that the server is told, as it cannot tell them from where a value stands. */
type SqlType = "bigint" | "text" | "jsonpath" | "bigint[]" | "text[]";

export class Parameters {
  readonly values: SqlValue[] = [];

  /** @returns the place of the value, for the text of the statement. */
  add(value: SqlValue, type: SqlType): string {
    this.values.push(value);
    return `$${this.values.length}::${type}`;
  }
}

/** The nearest number that is exact: the server takes no infinity for a whole number. */
export function finite(value: number): number {
  return Math.min(Math.max(value, Number.MIN_SAFE_INTEGER), Number.MAX_SAFE_INTEGER);
}

/** False for text that the server cannot have: nothing there is equal to it, or contains it. */
export function isStorable(text: string): boolean {
  return !text.includes("\0") && text.isWellFormed();
}
