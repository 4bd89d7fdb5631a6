/** SQLite's errors as sentences. https://www.sqlite.org/rescode.html has what each code means. */
import { SQLiteError } from "bun:sqlite";
import { TqError } from "../errors.ts";
import { freeBytes } from "./file/capacity.ts";

/** Below so much a disk is full: SQLite's own files beside the database need some. */
const FULL = 64 * 1024;

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
      // For the index of the WAL SQLite does not tell a full disk from a broken one.
      freeBytes(path) < FULL
        ? full(path)
        : new TqError(
            "database",
            `Cannot use ${path}: ${message}; look at the disk and the system's log`,
          ),
  ],
];

/** Turns an error of SQLite into a TqError with a sentence; any other error comes back as it is. */
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

/** True when trying again may help: somebody else held the lock, or changed the snapshot we read. */
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
