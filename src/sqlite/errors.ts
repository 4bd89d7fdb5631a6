/** Turns SQLite's errors into sentences. The codes: https://www.sqlite.org/rescode.html */
import { SQLiteError } from "bun:sqlite";
import { statSync } from "node:fs";
import { isTqError, markOperational, TqError } from "../errors.ts";
import { cannotOpenFilesWords } from "../open-files.ts";
import { diskFull, freeBytes, FULL_DISK_BYTES } from "./file/capacity.ts";
import {
  findUnwritable,
  ownersOf,
  refusedWriteError,
  unwritableError,
  unwritableForAll,
} from "./file/unwritable.ts";

/** The first prefix that fits counts, so a longer code stands before its own beginning. */
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
        `Cannot use ${path}: it is not a SQLite database; ${walWords(path)}if it was the queue, its first bytes were overwritten: keep it, and restore a backup with tq restore; else name another file with --database`,
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
    (path) => {
      const found = findUnwritable(path);
      return found === null ? refusedWriteError(path) : unwritableError(path, found);
    },
  ],
  [
    "SQLITE_CANTOPEN",
    (path, message) =>
      unwritableForAll(path) ??
      new TqError(
        "database",
        `Cannot open ${path}: ${cannotOpenFilesWords() ?? `${message}${ownersOf(path)}; check that the folder exists and that this user may write in it`}`,
      ),
  ],
  ["SQLITE_FULL", diskFull],
  [
    "SQLITE_CORRUPT",
    (path, message) =>
      new TqError(
        "database",
        `Cannot use ${path}: ${message}; ${walWords(path)}restore a backup with tq restore, or save what can be read with sqlite3's .dump`,
      ),
  ],
  ["SQLITE_IOERR_SHORT_READ", (path, message) => lostLog(path) ?? ioError(path, message)],
  ["SQLITE_IOERR", ioError],
];

function ioError(path: string, message: string): TqError {
  // SQLite reports a full disk as an I/O error when it writes the index of the WAL.
  if (freeBytes(path) < FULL_DISK_BYTES) return diskFull(path);
  const sentence = `Cannot use ${path}: ${message}; look at the disk and the system's log`;
  return unwritableForAll(path) ?? new TqError("database", sentence);
}

/** The first program that opens a database makes an empty log; the others know of more in the one that was deleted. */
function lostLog(path: string): TqError | null {
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  const isInUse = statSync(`${path}-shm`, { throwIfNoEntry: false }) !== undefined;
  if (!isInUse || (wal?.size ?? 0) > 0) return null;
  return new TqError(
    "database",
    `Cannot use ${path}: its write-ahead log ${path}-wal was deleted, or emptied, while programs use it, and what it alone had is lost; stop every program that uses the database, then start them again, or restore a backup`,
  );
}

/** A file that was put beside the WAL of another one reads as damaged, and is damaged once that is written into it. */
function walWords(path: string): string {
  const wal = statSync(`${path}-wal`, { throwIfNoEntry: false });
  if (!wal?.size) return "";
  return `if it was put beside the log of another one, move ${path}-wal and ${path}-shm away and put it there again; otherwise `;
}

/**
 * Turns an error of SQLite that has a sentence here into a TqError, and marks errors of a database in trouble as
 * operational. Returns any other error as it is.
 */
export function translate(error: unknown, path: string): unknown {
  if (!(error instanceof SQLiteError)) return markedIfOperational(error);
  const sentence = sentenceOf(error);
  if (!sentence) return error;
  const translated = markOperational(sentence(path, error.message));
  translated.cause = error;
  return translated;
}

function sentenceOf({
  code = "",
}: SQLiteError): ((path: string, message: string) => TqError) | undefined {
  return SENTENCES.find(([prefix]) => code.startsWith(prefix))?.[1];
}

/** The codes of a database that is locked, full, lost or damaged. */
const OPERATIONAL: ReadonlySet<string> = new Set(["busy", "full", "database", "uncertain"]);

function markedIfOperational(error: unknown): unknown {
  return isTqError(error) && OPERATIONAL.has(error.code) ? markOperational(error) : error;
}

/** Marks an error that the driver threw into user code, which may look at its code. @returns true when it was marked */
export function markIfOperational(error: unknown): boolean {
  if (!(error instanceof SQLiteError) || !sentenceOf(error)) return false;
  markOperational(error);
  return true;
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

export function noTurnError(): TqError {
  const sentence =
    "Cannot hand out the connection: another transaction of this program is writing; start this one with Transaction.start({ lock: true }, …)";
  return markOperational(new TqError("busy", sentence));
}

/** @param operational true where an error of the database may have ended the transaction. */
export function transactionGoneError(operational: boolean): TqError {
  const error = new TqError(
    "conflict",
    "Cannot go on: the transaction has ended already, by an error of the disk or by hand through its connection",
  );
  return operational ? markOperational(error) : error;
}

/** For a connection that user code kept beyond its transaction. */
export function transactionOverError(): TqError {
  return new TqError(
    "conflict",
    "Cannot use this connection: its transaction has ended; get it again from Transaction.current.database",
  );
}
