/**
 * Rows that were read by one statement for several runs of a transaction. Each is given out once: a run that reads its
 * record again sees what is there by then. A save compares, so a row that others change meanwhile is no harm.
 */
import type { Row, Table } from "../store/records.ts";

export class RowsAhead {
  readonly #rows = new Map<Table, Map<number, Row>>();

  keep(table: Table, rows: readonly Row[]): void {
    this.#rows.set(table, new Map(rows.map((row) => [row[0] as number, row])));
  }

  /** null: read it. */
  take(table: Table, id: number): Row | null {
    const row = this.#rows.get(table)?.get(id) ?? null;
    if (row) this.#rows.get(table)?.delete(id);
    return row;
  }

  /** The transaction has changed this row; several models may be of one table. */
  changed({ name }: Table, id: number): void {
    for (const [table, rows] of this.#rows) if (table.name === name) rows.delete(id);
  }

  /** Any row may have been changed. */
  forget(): void {
    if (this.#rows.size > 0) this.#rows.clear();
  }
}
