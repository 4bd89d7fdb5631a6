/** The tables of records that are known to exist: those of a store, and those that one transaction has made. */
import type { Table } from "./records.ts";

export class KnownTables {
  /** Committed: they exist for all sessions of the store. */
  readonly #stored: Set<Table>;
  /** Made in this transaction: a rollback takes them away. */
  #made: Table[] = [];
  /** How many of them were made before the savepoint. */
  #madeBeforeSavepoint = 0;

  /** @param stored the set that all sessions of a store share. */
  constructor(stored: Set<Table>) {
    this.#stored = stored;
  }

  has(table: Table): boolean {
    return this.#stored.has(table) || this.#made.includes(table);
  }

  /** @param committed false where the transaction under way may have made the table. */
  add(table: Table, committed: boolean): void {
    if (committed) this.#stored.add(table);
    else this.#made.push(table);
  }

  savepoint(): void {
    this.#madeBeforeSavepoint = this.#made.length;
  }

  rollbackToSavepoint(): void {
    this.#made.length = Math.min(this.#made.length, this.#madeBeforeSavepoint);
  }

  commit(): void {
    for (const table of this.#made) this.#stored.add(table);
    this.#made = [];
  }

  rollback(): void {
    this.#made = [];
  }
}
