/**
 * A stretch of a transaction in which it holds the write lock, up to a rollback to a savepoint of user code: the rows
 * written in it, and whether that was undone.
 */
import type { Table } from "../store/records.ts";

interface Note {
  readonly table: Table;
  readonly id: number;
  readonly inserted: boolean;
}

function keyOf(table: Table, id: number): string {
  return `${table.name} ${id}`;
}

export class Stretch {
  #state: "held" | "kept" | "undone" = "held";
  #noticeRollback: (() => void) | null;
  /** Writes that `#written` does not have yet: most transactions end before they are asked for. */
  #notes: Note[] = [];
  readonly #written = new Set<string>();
  readonly #inserted = new Set<string>();

  /** @param noticeRollback called before a question about undone writes: it ends this stretch if they were undone. */
  constructor(noticeRollback: () => void) {
    this.#noticeRollback = noticeRollback;
  }

  write(table: Table, id: number): void {
    this.#notes.push({ table, id, inserted: false });
  }

  insert(table: Table, id: number): void {
    this.#notes.push({ table, id, inserted: true });
  }

  #sortNotes(): void {
    for (const { table, id, inserted } of this.#notes) {
      const key = keyOf(table, id);
      this.#written.add(key);
      if (inserted) this.#inserted.add(key);
    }
    this.#notes = [];
  }

  /** Forgets the writes, which are on their way to disk: records may keep this stretch alive for long. */
  keep(): void {
    this.#state = "kept";
    this.#noticeRollback = null;
    this.#notes = [];
    this.#written.clear();
    this.#inserted.clear();
  }

  /** Ends the stretch: writes count as undone from here on, until a call of `keep`, which may come after the commit. */
  end(): void {
    if (this.#state === "held") this.#state = "undone";
    this.#noticeRollback = null;
  }

  /** True when this row was written in this stretch, and the write was rolled back. */
  hasUndone(table: Table, id: number): boolean {
    return this.#isUndone(this.#written, table, id);
  }

  /** True when this row was inserted in this stretch, and that was rolled back: another row may have its id now. */
  hasUndoneInsert(table: Table, id: number): boolean {
    return this.#isUndone(this.#inserted, table, id);
  }

  #isUndone(rows: ReadonlySet<string>, table: Table, id: number): boolean {
    this.#noticeRollback?.();
    if (this.#state !== "undone") return false;
    this.#sortNotes();
    return rows.has(keyOf(table, id));
  }
}
