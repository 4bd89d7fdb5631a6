/** Says of a file that is no backup what it is, and what to do. */
import type { Database } from "bun:sqlite";
import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { isTqError, TqError } from "../../errors.ts";
import { refusalWords } from "../../write-refusal.ts";
import { readVersion } from "../migrate.ts";

const SQLITE = "SQLite format 3\0";

const NAME_BACKUP = "name a file that tq backup has written";

/** Programs that make files smaller, or one of many, and how theirs begin. */
const PACKED: readonly (readonly [name: string, start: readonly number[], unpack: string])[] = [
  ["gzip", [0x1f, 0x8b], "gunzip -k"],
  ["zstd", [0x28, 0xb5, 0x2f, 0xfd], "unzstd"],
  ["xz", [0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00], "unxz -k"],
  ["bzip2", [0x42, 0x5a, 0x68], "bunzip2 -k"],
  ["lz4", [0x04, 0x22, 0x4d, 0x18], "unlz4"],
  ["zip", [0x50, 0x4b, 0x03, 0x04], "unzip"],
  ["7z", [0x37, 0x7a, 0xbc, 0xaf, 0x27, 0x1c], "7z x"],
];

/** https://www.sqlite.org/fileformat2.html: the log has one of two, by the order of its bytes. */
const LOGS = [
  [0x37, 0x7f, 0x06, 0x82],
  [0x37, 0x7f, 0x06, 0x83],
  [0xd9, 0xd5, 0x05, 0xf9, 0x20, 0xa1, 0x63, 0xd7],
];

/** An archive of tar says so in its first header. */
const TAR = { at: 257, text: "ustar" };

const LOOKED_AT_BYTES = 4_096;

/**
 * Refuses a file that is no database of SQLite, or whose end is missing.
 *
 * @throws TqError "database", or "not_found" for an empty one
 */
export function checkIsDatabase(file: string): void {
  const { bytes, size } = beginningOf(file);
  if (size === 0) {
    const why = "it is empty: a copy that was interrupted, or a name without content";
    throw new TqError("not_found", refusal(file, `${why}; take another copy`));
  }
  const isDatabase = bytes.toString("latin1", 0, SQLITE.length) === SQLITE;
  const words = isDatabase ? cutWords(bytes, size) : foreignWords(bytes, file);
  if (words !== null) throw new TqError("database", refusal(file, words));
}

const TABLES = `
  SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT GLOB 'sqlite_*' ORDER BY name LIMIT 3`;

/** @throws TqError "not_found" for a database of another program */
export function checkIsQueue(db: Database, file: string): void {
  if (versionOf(db, file) > 0) return;
  const tables = (db.query(TABLES).values() as [string][]).map(([name]) => name);
  const what =
    tables.length === 0
      ? "it is a SQLite database without any table, and a backup has those of tq"
      : `it is the SQLite database of another program: none of its tables is one of tq (it has ${tables.join(", ")})`;
  throw new TqError("not_found", refusal(file, `${what}; ${NAME_BACKUP}`));
}

/** The advice for a database, to restore a backup, is none for a backup. */
function versionOf(db: Database, file: string): number {
  try {
    return readVersion(db, file);
  } catch (error) {
    throw isTqError(error) ? damagedError(file, "its table tq__schema is empty", error) : error;
  }
}

/** @param why as SQLite says it */
export function damagedError(file: string, why: string, cause?: unknown): TqError {
  const words = `it is damaged (${why}); take another copy, or save what can be read with .recover of sqlite3`;
  return new TqError("database", refusal(file, words), { cause });
}

function refusal(file: string, words: string): string {
  return `Cannot restore ${file}: ${words}`;
}

function beginningOf(file: string): { bytes: Buffer; size: number } {
  let descriptor: number;
  try {
    descriptor = openSync(file, "r");
  } catch (error) {
    throw unreadableError(file, error);
  }
  try {
    const bytes = Buffer.alloc(LOOKED_AT_BYTES);
    const length = readSync(descriptor, bytes, 0, bytes.length, 0);
    return { bytes: bytes.subarray(0, length), size: fstatSync(descriptor).size };
  } finally {
    closeSync(descriptor);
  }
}

/** For an error of the system. */
export function unreadableError(file: string, cause: unknown): TqError {
  return new TqError("database", refusal(file, refusalWords(file, cause)), { cause });
}

/** https://www.sqlite.org/fileformat2.html#the_database_header: where things stand in it */
const HEADER = { length: 100, pageSize: 16, changes: 24, pages: 28, pagesCountedAt: 92 };

/** Null for a file that has all of its pages. */
function cutWords(bytes: Buffer, size: number): string | null {
  const { length, pageSize, changes, pages, pagesCountedAt } = HEADER;
  const again = "copy it again";
  if (size < length) return `it is cut off: it has ${size} bytes; ${again}`;
  const counted = bytes.readUInt32BE(changes) === bytes.readUInt32BE(pagesCountedAt);
  const stored = bytes.readUInt16BE(pageSize);
  const whole = bytes.readUInt32BE(pages) * (stored === 1 ? 65_536 : stored);
  if (!counted || size >= whole) return null;
  return `it is cut off: it has ${size} of ${whole} bytes; ${again}`;
}

function foreignWords(bytes: Buffer, file: string): string {
  const packed = PACKED.find(([, start]) => startsWith(bytes, start));
  if (packed !== undefined) {
    const [name, , unpack] = packed;
    return `it was packed with ${name}; unpack it first (${unpack} ${file}), and restore what comes out`;
  }
  if (bytes.toString("latin1", TAR.at, TAR.at + TAR.text.length) === TAR.text) {
    return `it is an archive of tar; unpack it first (tar xf ${file}), and restore what comes out`;
  }
  if (LOGS.some((start) => startsWith(bytes, start))) {
    return `it is the log of a database, and no database; ${NAME_BACKUP}`;
  }
  if (bytes.every((byte) => byte === 0)) {
    return "it begins with zeros alone: its content was lost; take another copy";
  }
  return isText(bytes) ? textWords(bytes.toString(), file) : unknownWords();
}

function startsWith(bytes: Buffer, start: readonly number[]): boolean {
  return start.every((byte, at) => bytes[at] === byte);
}

function isText(bytes: Buffer): boolean {
  // The last character may be cut: the decoder waits for its end.
  if (bytes.includes(0)) return false;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes, { stream: true });
    return true;
  } catch {
    return false;
  }
}

function textWords(text: string, file: string): string {
  return /^(?:--.*\n|\s)*(?:PRAGMA foreign_keys|BEGIN TRANSACTION|CREATE TABLE)/i.test(text)
    ? `it is SQL, as .dump of sqlite3 writes it; make a database of it (sqlite3 NEW.db < ${file}), and restore that`
    : `it is text, and no SQLite database; ${NAME_BACKUP}`;
}

function unknownWords(): string {
  return `it is not a SQLite database, or it is encrypted, or its first bytes were overwritten; ${NAME_BACKUP}`;
}
