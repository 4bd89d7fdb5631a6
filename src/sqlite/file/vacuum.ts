/** Keeping the file small: https://www.sqlite.org/pragma.html#pragma_incremental_vacuum, #pragma_wal_checkpoint */
import type { Database } from "bun:sqlite";

/** Free pages that stay in the file, for the next tasks. */
const SPARE_PAGES = 256;

/** Pages given back to the file system at a time, at most. */
const SLICE = 256;

/** So long a slice may keep the write lock: ms. Where much is free a page takes long to give back. */
const SLICE_TIME = 4;

/** A WAL above this many pages is written into the database when there is time. */
const WAL_PAGES = 1_000;

/** `auto_vacuum` of a file that gives pages back: one that another program has made may keep them for ever. */
const INCREMENTAL = 2;

/** True when the file has more free pages than it should keep, and gives them back. */
export function hasSlack(db: Database): boolean {
  const { auto_vacuum } = db.query("PRAGMA auto_vacuum").get() as { auto_vacuum: number };
  if (auto_vacuum !== INCREMENTAL) return false;
  const { freelist_count } = db.query("PRAGMA freelist_count").get() as { freelist_count: number };
  return freelist_count > SPARE_PAGES + SLICE;
}

/** Gives free pages back a slice at a time, as large as the one before was quick. */
export class Vacuum {
  #pages = SLICE;

  /** One slice, inside a write transaction. @param now monotonic, ms */
  slice(db: Database, now: () => number): void {
    const began = now();
    db.run(`PRAGMA incremental_vacuum(${this.#pages})`);
    const took = Math.max(now() - began, SLICE_TIME / 4); // it grows no faster than that
    const pages = Math.round((this.#pages * SLICE_TIME) / took);
    this.#pages = Math.min(Math.max(pages, 1), SLICE);
  }
}

/**
 * Writes a long WAL into the database, as far as no reader is in the way; outside a transaction. Returns how much of
 * the WAL had to stay: bytes.
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

/** A WAL that a reader makes this long is worth a word, in bytes. */
const LONG_WAL = 64_000_000;

/** @param held the bytes of the WAL that had to stay; null where that is no trouble. */
export function heldWords(path: string, held: number): string | null {
  if (held < LONG_WAL) return null;
  const megabytes = Math.floor(held / 1e6);
  return `The log ${path}-wal grows: ${megabytes} MB of it cannot be written into the database while another program still reads what was there before; end that program's transaction`;
}

interface Checkpoint {
  readonly busy: number;
  readonly log: number;
  readonly checkpointed: number;
}
