/** The objects that stand for rows in one transaction: one a row, however often code reads it. */

/** Look for collected objects each time the number of entries has doubled, but never below this. */
const FIRST_SWEEP = 1_000;

export class RowObjects {
  /** Most tasks read one row: it needs neither a map nor a weak reference. */
  #first: { readonly table: string; readonly id: number; object: object } | null = null;
  #others: Map<string, Map<number, WeakRef<object>>> | null = null;
  #count = 0;
  #sweepAt = FIRST_SWEEP;

  /** The object of this row, while any code still has it. */
  get(table: string, id: number): object | undefined {
    const first = this.#first;
    if (first?.id === id && first.table === table) return first.object;
    return this.#others?.get(table)?.get(id)?.deref();
  }

  /** Makes this the object of the row: another one that stood for it must compare before it writes. */
  set(table: string, id: number, object: object): void {
    const first = (this.#first ??= { table, id, object });
    if (first.id === id && first.table === table) first.object = object;
    else this.#setOther(table, id, object);
  }

  #setOther(table: string, id: number, object: object): void {
    const tables = (this.#others ??= new Map<string, Map<number, WeakRef<object>>>());
    let rows = tables.get(table);
    if (!rows) tables.set(table, (rows = new Map<number, WeakRef<object>>()));
    if (!rows.has(id)) this.#count += 1;
    rows.set(id, new WeakRef(object));
    if (this.#count > this.#sweepAt) this.#sweep(tables);
  }

  /** Drops the entries of collected objects: a long transaction may read millions of rows. */
  #sweep(tables: ReadonlyMap<string, Map<number, WeakRef<object>>>): void {
    for (const rows of tables.values()) {
      for (const [id, object] of rows) {
        if (object.deref() !== undefined) continue;
        rows.delete(id);
        this.#count -= 1;
      }
    }
    this.#sweepAt = Math.max(FIRST_SWEEP, this.#count * 2);
  }

  /** The number of weak entries, those of collected objects too. */
  get size(): number {
    return this.#count;
  }
}
