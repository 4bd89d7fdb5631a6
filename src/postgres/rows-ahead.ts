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

  /** null: read them all. */
  take(table: Table, ids: readonly number[]): Row[] | null {
    const rows = this.#rows.get(table);
    if (!rows || !ids.every((id) => rows.has(id))) return null;
    const taken = ids.map((id) => rows.get(id) as Row);
    for (const id of ids) rows.delete(id);
    return taken;
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
