/** One stretch of holding the write lock: what is read in it cannot change until it is over. */
import type { ColumnValue, Table } from "../store/records.ts";

export class Hold {
  #state: "held" | "kept" | "undone" = "held";
  /** By row, then by column: the values that were there during this stretch. */
  readonly #written = new Map<string, Map<string, ColumnValue[]>>();

  /** Notes that the row now has this value; `before` is what it had. */
  write(table: Table, id: number, column: string, before: ColumnValue, value: ColumnValue): void {
    const row = this.#touch(table, id);
    const values = row.get(column);
    if (values) values.push(value);
    else row.set(column, [before, value]);
  }

  insert(table: Table, id: number): void {
    this.#touch(table, id);
  }

  #touch(table: Table, id: number): Map<string, ColumnValue[]> {
    const key = `${table.name} ${id}`;
    const row = this.#written.get(key) ?? new Map<string, ColumnValue[]>();
    this.#written.set(key, row);
    return row;
  }

  /** True when it was this transaction itself that has replaced the value: nobody else is in its way. */
  replaced(table: Table, id: number, column: string, before: ColumnValue): boolean {
    const values = this.#written.get(`${table.name} ${id}`)?.get(column) ?? [];
    return values.some((value) => sameValue(value, before));
  }

  /** What was written in it is on its way to disk. */
  keep(): void {
    this.#state = "kept";
  }

  /** The transaction has ended; what was not kept is rolled back. */
  end(): void {
    if (this.#state === "held") this.#state = "undone";
  }

  /** True when this row was written in it, and that was rolled back. */
  hasUndone(table: Table, id: number): boolean {
    return this.#state === "undone" && this.#written.has(`${table.name} ${id}`);
  }
}

/** True when both are the same in a column. */
export function sameValue(a: ColumnValue, b: ColumnValue): boolean {
  if (a instanceof Uint8Array && b instanceof Uint8Array) return Bun.deepEquals(a, b);
  return a === b;
}
