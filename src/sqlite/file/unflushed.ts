/**
 * A log that could not be flushed. The system forgets what it could not write, and says so once: a later flush
 * succeeds, with a hole before it at which SQLite would stop reading after a power cut. A file beside the database
 * keeps the memory of it, until what the log has is in the database.
 */
import type { Database } from "bun:sqlite";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { TqError } from "../../errors.ts";

function markOf(database: string): string {
  return `${database}-unflushed`;
}

/** Call it when a flush has failed. A disk that takes not even this is not written to by the next program either. */
export function markUnflushed(database: string): void {
  try {
    writeFileSync(markOf(database), "");
  } catch {
    // Nothing more can be done.
  }
}

/**
 * Call it before anything is acknowledged. What the log has is still in the system's memory: it goes into the
 * database, and a log without a hole is begun (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).
 *
 * @throws TqError "database" while other programs use the log; an error of the disk when it still refuses.
 */
export function writeUnflushed(db: Database, path: string): void {
  if (!existsSync(markOf(path))) return;
  const { busy } = db.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
  if (busy !== 0) {
    throw new TqError(
      "database",
      `Cannot use ${path}: its disk could not flush what was written last, and other programs still use it; stop them all, then start again`,
    );
  }
  rmSync(markOf(path), { force: true });
}
