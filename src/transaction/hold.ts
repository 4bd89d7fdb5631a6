/** One stretch of holding the write lock: what is read in it cannot change until it is over. */
import { type ColumnValue, sameValue, type Table } from "../store/records.ts";

/** What a write has put into a column, and what was there before. */
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

export class Hold {
  #state: "held" | "kept" | "undone" = "held";
  #follow: (() => void) | null;
  /** Writes that `#written` does not have yet: most transactions end without anybody asking for them. */
  #notes: Note[] = [];
  /** By row, then by column: the values that were there during this stretch. */
  readonly #written = new Map<string, Map<string, ColumnValue[]>>();
  readonly #inserted = new Set<string>();

  /** @param follow called before anybody asks what is undone: it ends this stretch if its work is. */
  constructor(follow: () => void) {
    this.#follow = follow;
  }

  /** Notes that the row now has these values. */
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

  /** True when it was this transaction itself that has replaced the value: nobody else is in its way. */
  replaced(table: Table, id: number, column: string, before: ColumnValue): boolean {
    this.#sortNotes();
    const values = this.#written.get(keyOf(table, id))?.get(column) ?? [];
    // The last first: a record that is saved again and again had that one.
    return values.findLast((value) => sameValue(value, before)) !== undefined;
  }

  /** What was written in it is on its way to disk: nobody asks for it any more, and records may live for long. */
  keep(): void {
    this.#state = "kept";
    this.#follow = null;
    this.#notes = [];
    this.#written.clear();
    this.#inserted.clear();
  }

  /** The transaction has ended; what was not kept is rolled back. */
  end(): void {
    if (this.#state === "held") this.#state = "undone";
    this.#follow = null;
  }

  /** True when this row was written in it, and that was rolled back. */
  hasUndone(table: Table, id: number): boolean {
    return this.#isUndone(this.#written, table, id);
  }

  /** True when this row was inserted in it, and that was rolled back: its id may be another's by now. */
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
