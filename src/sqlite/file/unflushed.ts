/**
 * A WAL that could not be flushed. The system reports a failed write once and drops the pages: a later flush succeeds,
 * but leaves a hole before it, at which SQLite stops reading after a power cut. A file beside the database remembers
 * the failure until the WAL's content is in the database.
 */
import type { Database } from "bun:sqlite";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { TqError } from "../../errors.ts";
import { giveOwner } from "../../file-owner.ts";

export function unflushedMark(database: string): string {
  return `${database}-unflushed`;
}

/** Call it when a flush has failed. A disk that refuses even this empty file refuses the next program's commits too. */
export function recordFailedFlush(database: string): void {
  try {
    writeFileSync(unflushedMark(database), "");
    giveOwner(unflushedMark(database), database);
  } catch {
    // The disk refuses this too.
  }
}

/**
 * Call it before the first acknowledgement. The WAL's content is still in the system's memory: a checkpoint writes it
 * into the database, and begins a WAL without a hole (https://www.sqlite.org/pragma.html#pragma_wal_checkpoint).
 *
 * @throws TqError "database" while other programs use the WAL; SQLite's error when the disk still fails.
 */
export function recoverFailedFlush(db: Database, path: string): void {
  if (!existsSync(unflushedMark(path))) return;
  const { busy } = db.query("PRAGMA wal_checkpoint(TRUNCATE)").get() as { busy: number };
  if (busy !== 0) {
    throw new TqError(
      "database",
      `Cannot use ${path}: its disk failed to flush the last commits, and other programs still use it; stop them all, then start again`,
    );
  }
  rmSync(unflushedMark(path), { force: true });
}
