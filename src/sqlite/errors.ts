/** Turns SQLite's errors into sentences. The codes: https://www.sqlite.org/rescode.html */
import { SQLiteError } from "bun:sqlite";
import { isTqError, TqError } from "../errors.ts";
import { freeBytes } from "./file/capacity.ts";

/** With fewer free bytes a disk counts as full: SQLite's own files beside the database need some. */
const FULL_DISK_BYTES = 64 * 1024;

function full(path: string): TqError {
  return new TqError(
    "full",
    `Cannot write to ${path}: the disk is full; free some space and try again`,
  );
}

const SENTENCES: [prefix: string, sentence: (path: string, message: string) => TqError][] = [
  [
    "SQLITE_BUSY",
    (path) =>
      new TqError(
        "busy",
        `Cannot write to ${path}: another program holds its lock; end that program's transaction, or raise database.timeout`,
      ),
  ],
  [
    "SQLITE_NOTADB",
    (path) =>
      new TqError(
        "database",
        `Cannot use ${path}: it is not a SQLite database; move it away, or name another file with --database`,
      ),
  ],
  [
    "SQLITE_READONLY_DBMOVED",
    (path) =>
      new TqError(
        "database",
        `Cannot write to ${path}: the file was moved, deleted or replaced while it was in use; put it back, or start this program again`,
      ),
  ],
  [
    "SQLITE_READONLY",
    (path) =>
      new TqError(
        "database",
        `Cannot write to ${path}: the file or its folder is read-only for this user; give this user write permission`,
      ),
  ],
  [
    "SQLITE_CANTOPEN",
    (path, message) =>
      new TqError(
        "database",
        `Cannot open ${path}: ${message}; check that the folder exists and that this user may write in it`,
      ),
  ],
  ["SQLITE_FULL", full],
  [
    "SQLITE_CORRUPT",
    (path, message) =>
      new TqError(
        "database",
        `Cannot use ${path}: ${message}; restore a backup, or save what can be read with sqlite3's .recover`,
      ),
  ],
  [
    "SQLITE_IOERR",
    (path, message) =>
      // SQLite reports a full disk as an I/O error when it writes the index of the WAL.
      freeBytes(path) < FULL_DISK_BYTES
        ? full(path)
        : new TqError(
            "database",
            `Cannot use ${path}: ${message}; look at the disk and the system's log`,
          ),
  ],
];

/** Turns an error of SQLite into a TqError; returns any other error as it is. */
export function translate(error: unknown, path: string): unknown {
  if (!(error instanceof SQLiteError)) return error;
  const code = error.code ?? "";
  for (const [prefix, sentence] of SENTENCES) {
    if (code.startsWith(prefix)) {
      const translated = sentence(path, error.message);
      translated.cause = error;
      return translated;
    }
  }
  return error;
}

/** The error of a commit that was tried, and that the disk did not confirm. */
export function uncertainError(cause: unknown): TqError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TqError(
    "uncertain",
    `Cannot say whether the change is stored: the disk did not confirm its commit (${reason}). It may be there now, and may be lost with the next power cut; look before you try again`,
    { cause },
  );
}

/**
 * The error of a statement that commits; others stay as they are. After an error of the disk the commit may be in the
 * WAL all the same, where the next program finds it.
 */
export function commitError(error: unknown, path: string): unknown {
  if (!(error instanceof SQLiteError) || !(error.code ?? "").startsWith("SQLITE_IOERR"))
    return error;
  const translated = translate(error, path);
  return isTqError(translated) && translated.code === "full"
    ? translated
    : uncertainError(translated);
}

/** True when another try may help: another connection had the lock, or changed the snapshot that this one read. */
export function isBusy(error: unknown): boolean {
  return error instanceof SQLiteError && (error.code ?? "").startsWith("SQLITE_BUSY");
}

/** True when this connection may not write: https://www.sqlite.org/rescode.html#readonly */
export function isReadOnly(error: unknown): boolean {
  return error instanceof SQLiteError && (error.code ?? "").startsWith("SQLITE_READONLY");
}

/** True for a violated UNIQUE constraint. */
export function isUnique(error: unknown): boolean {
  return error instanceof SQLiteError && error.code === "SQLITE_CONSTRAINT_UNIQUE";
}
