/** Which tables of records are known to be there: those of a store, and those that one transaction has made. */
import type { Table } from "./records.ts";

export class KnownTables {
  /** Committed: there for all sessions of the store. */
  readonly #stored: Set<Table>;
  /** Made in this transaction: gone when it rolls back. */
  #made: Table[] = [];
  /** How many of them were made before the savepoint. */
  #before = 0;

  /** @param stored what all sessions of one store share. */
  constructor(stored: Set<Table>) {
    this.#stored = stored;
  }

  has(table: Table): boolean {
    return this.#stored.has(table) || this.#made.includes(table);
  }

  /** @param committed false where the transaction under way may have made it. */
  add(table: Table, committed: boolean): void {
    if (committed) this.#stored.add(table);
    else this.#made.push(table);
  }

  savepoint(): void {
    this.#before = this.#made.length;
  }

  rollbackToSavepoint(): void {
    this.#made.length = Math.min(this.#made.length, this.#before);
  }

  commit(): void {
    for (const table of this.#made) this.#stored.add(table);
    this.#made = [];
  }

  rollback(): void {
    this.#made = [];
  }
}
