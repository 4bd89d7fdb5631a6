/** Keeps the files small: https://www.sqlite.org/pragma.html#pragma_incremental_vacuum, #pragma_wal_checkpoint */
import type { Database } from "bun:sqlite";

/** Free pages that stay in the file, for the next tasks. */
const SPARE_PAGES = 256;

/** A slice gives back at most this many pages. */
const SLICE_PAGES = 256;

/** A worker gives nothing back of a file with so many or fewer. */
export const MOST_FREE_PAGES = SPARE_PAGES + SLICE_PAGES;

/** A slice aims to hold the write lock for this long. In a file with many free pages each takes long to give back. */
const SLICE_MS = 4;

/** A WAL with more pages than this is emptied when there is time. */
const WAL_PAGES = 1_000;

/** The `auto_vacuum` of a file that gives pages back; a file that another program has made may keep them. */
const INCREMENTAL = 2;

/** True when the file has more free pages than it should keep, and can give them back. */
export function hasSlack(db: Database): boolean {
  return givesBack(db) && freePages(db) > MOST_FREE_PAGES;
}

/** As `hasSlack`, where no page is to stay. */
export function hasFreePages(db: Database): boolean {
  return givesBack(db) && freePages(db) > 0;
}

/** False for a file that only `VACUUM` makes smaller. */
export function givesBack(db: Database): boolean {
  const { auto_vacuum } = db.query("PRAGMA auto_vacuum").get() as { auto_vacuum: number };
  return auto_vacuum === INCREMENTAL;
}

export function freePages(db: Database): number {
  return (db.query("PRAGMA freelist_count").get() as { freelist_count: number }).freelist_count;
}

/** Gives free pages back in slices: the time of each decides the size of the next. */
export class Vacuum {
  #pages = SLICE_PAGES;

  /** Gives one slice back, inside a write transaction. @param now the monotonic time, in ms */
  slice(db: Database, now: () => number): void {
    const began = now();
    db.run(`PRAGMA incremental_vacuum(${this.#pages})`);
    const took = Math.max(now() - began, SLICE_MS / 4); // a slice is at most four times as large as the one before
    const pages = Math.round((this.#pages * SLICE_MS) / took);
    this.#pages = Math.min(Math.max(pages, 1), SLICE_PAGES);
  }
}

/**
 * Writes a long WAL into the database as far as readers let it; call it outside a transaction. Returns the bytes of the
 * WAL that a reader kept in it.
 */
export function checkpoint(db: Database): number {
  const { busy, log, checkpointed } = db
    .query("PRAGMA wal_checkpoint(PASSIVE)")
    .get() as Checkpoint;
  if (busy === 0 && log > WAL_PAGES && log === checkpointed) {
    db.query("PRAGMA wal_checkpoint(TRUNCATE)").get();
  }
  const { page_size } = db.query("PRAGMA page_size").get() as { page_size: number };
  return (log - checkpointed) * page_size;
}

/** A reader that keeps this much in the WAL is worth a line in the log. */
const LONG_WAL_BYTES = 64_000_000;

/** @param kept the bytes that a reader keeps in the WAL. @returns a sentence for the log; null where they are few */
export function walNote(path: string, kept: number): string | null {
  if (kept < LONG_WAL_BYTES) return null;
  const megabytes = Math.floor(kept / 1e6);
  return `The write-ahead log ${path}-wal grows: ${megabytes} MB of it cannot be written into the database while another program still reads what was there before; end that program's transaction`;
}

interface Checkpoint {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}
