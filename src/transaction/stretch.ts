/** A stretch of a transaction in which it holds the write lock: the writes in it, and whether they were rolled back. */
import { type ColumnValue, sameValue, type Table } from "../store/records.ts";

/** A value that was written into a column, and the value before it. */
interface Written {
  readonly column: string;
  readonly before: ColumnValue;
  readonly value: ColumnValue;
}

interface Note {
  readonly table: Table;
  readonly id: number;
  /** Null for a row that was inserted. */
  readonly edits: readonly Written[] | null;
}

function keyOf(table: Table, id: number): string {
  return `${table.name} ${id}`;
}

export class Stretch {
  #state: "held" | "kept" | "undone" = "held";
  #follow: (() => void) | null;
  /** Writes that `#written` does not have yet: most transactions end before they are asked for. */
  #notes: Note[] = [];
  /** By row, then by column: the values that were there during this stretch. */
  readonly #written = new Map<string, Map<string, ColumnValue[]>>();
  readonly #inserted = new Set<string>();

  /** @param follow called before a question about undone writes: it ends this stretch if they were undone. */
  constructor(follow: () => void) {
    this.#follow = follow;
  }

  /** Notes that the row has these values now. */
  write(table: Table, id: number, edits: readonly Written[]): void {
    this.#notes.push({ table, id, edits });
  }

  insert(table: Table, id: number): void {
    this.#notes.push({ table, id, edits: null });
  }

  #sortNotes(): void {
    for (const note of this.#notes) this.#sort(note);
    this.#notes = [];
  }

  #sort({ table, id, edits }: Note): void {
    const key = keyOf(table, id);
    const row = this.#written.get(key) ?? new Map<string, ColumnValue[]>();
    this.#written.set(key, row);
    if (edits === null) {
      this.#inserted.add(key);
      return;
    }
    for (const { column, before, value } of edits) {
      const values = row.get(column);
      if (values) values.push(value);
      else row.set(column, [before, value]);
    }
  }

  /** True when this transaction itself replaced the value: then no other transaction is in its way. */
  replaced(table: Table, id: number, column: string, before: ColumnValue): boolean {
    this.#sortNotes();
    const values = this.#written.get(keyOf(table, id))?.get(column) ?? [];
    // From the last one back: a record that is saved repeatedly read that one.
    return values.findLast((value) => sameValue(value, before)) !== undefined;
  }

  /** Forgets the writes, which are on their way to disk: records may keep this stretch alive for long. */
  keep(): void {
    this.#state = "kept";
    this.#follow = null;
    this.#notes = [];
    this.#written.clear();
    this.#inserted.clear();
  }

  /** Ends the stretch; writes that were not kept are rolled back. */
  end(): void {
    if (this.#state === "held") this.#state = "undone";
    this.#follow = null;
  }

  /** True when this row was written in this stretch, and the write was rolled back. */
  hasUndone(table: Table, id: number): boolean {
    return this.#isUndone(this.#written, table, id);
  }

  /** True when this row was inserted in this stretch, and that was rolled back: another row may have its id now. */
  hasUndoneInsert(table: Table, id: number): boolean {
    return this.#isUndone(this.#inserted, table, id);
  }

  #isUndone(rows: { has(key: string): boolean }, table: Table, id: number): boolean {
    this.#follow?.();
    if (this.#state !== "undone") return false;
    this.#sortNotes();
    return rows.has(keyOf(table, id));
  }
}
