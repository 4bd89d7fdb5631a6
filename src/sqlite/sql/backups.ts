/** Keeps how the backups of the database went. */
import type { Database } from "bun:sqlite";
import { BACKUP } from "../../cron/own.ts";
import { type BackupEnd, type BackupRecord, NO_BACKUP } from "../../store/backup.ts";

const RECORD = "SELECT made_at, path, size, failed_at, reason, restored_at FROM tq__backup";
const IS_ASKED_FOR = `SELECT 1 FROM tq__cron WHERE name = '${BACKUP}' AND removed_at IS NULL`;

/** @returns null where none was made, and no worker was told to make any */
export function readBackups(db: Database): BackupRecord | null {
  const record = db.query(RECORD).get() as BackupRecord | null;
  return record ?? (db.query(IS_ASKED_FOR).get() === null ? null : NO_BACKUP);
}

const MADE = `
  INSERT INTO tq__backup (id, made_at, path, size) VALUES (1, $now, $path, $size)
      ON CONFLICT (id) DO UPDATE SET made_at = $now, path = $path, size = $size, failed_at = NULL, reason = NULL`;
const FAILED = `
  INSERT INTO tq__backup (id, failed_at, reason) VALUES (1, $now, $reason)
      ON CONFLICT (id) DO UPDATE SET failed_at = $now, reason = $reason`;

export function rememberBackup(db: Database, end: BackupEnd, now: number): void {
  if ("reason" in end) db.query(FAILED).run({ now, reason: end.reason });
  else db.query(MADE).run({ now, path: end.path, size: end.size });
}

const RESTORED = `
  INSERT INTO tq__backup (id, restored_at) VALUES (1, $now)
      ON CONFLICT (id) DO UPDATE SET restored_at = $now, failed_at = NULL, reason = NULL`;

/** The record of the copy is the past from now on; that a try failed is told no more. */
export function endPastBackups(db: Database, now: number): void {
  db.query(RESTORED).run({ now });
}
