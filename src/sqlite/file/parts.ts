/**
 * Files that are not whole yet: each is written under another name beside its own, and renamed once it is on disk. A
 * process that was killed leaves one behind, which the next one removes, whatever name it was to get. Its writer has
 * locked it: the system drops that lock when the process dies, in a container and on another machine too, where the
 * numbers of processes say nothing. Where the system has no locks of open files, the number in the name tells.
 */
import { Database } from "bun:sqlite";
import {
  closeSync,
  existsSync,
  fsyncSync,
  lstatSync,
  openSync,
  readdirSync,
  readSync,
  rmSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { isProcess } from "../../process-stat.ts";
import { isBusy } from "../errors.ts";
import { canLockOpenFile, lockOpenFile, type Range } from "../lock/range-lock.ts";

const PART = /^.+\.part-(\d+)-[0-9a-z]+$/;

/** Behind the bytes that SQLite locks. */
const WRITER_RANGE: Range = { start: 0x4000_1000, length: 1 };

export interface Part extends Disposable {
  readonly path: string;
}

/**
 * Makes an empty file, which SQLite takes as one to write. Dispose it when the file has its name, or is removed.
 *
 * @throws the system's error
 */
export function makePart(target: string, mode: number): Part {
  for (;;) {
    const path = `${target}.part-${process.pid}-${Math.random().toString(36).slice(2)}`;
    const file = openSync(path, "wx", mode);
    const isLocked = lockOpenFile(file, "write", WRITER_RANGE);
    if (isLocked && existsSync(path)) return { path, [Symbol.dispose]: () => closeSync(file) };
    const canLock = isLocked || canLockOpenFile(file);
    closeSync(file); // Windows renames no open file
    if (!canLock) return { path, [Symbol.dispose]: () => {} };
    // Before it was locked, another process has taken it for a left one.
  }
}

/** Removes a file with what SQLite keeps beside it. */
export function removeWithLogs(path: string): void {
  for (const suffix of ["", "-journal", "-wal", "-shm"]) rmSync(path + suffix, { force: true });
}

/** Removes the parts in a folder that no process writes any more, as far as this user may. */
export function removeLeftParts(folder: string): void {
  for (const name of namesIn(folder)) {
    const pid = PART.exec(name)?.[1];
    if (pid === undefined) continue;
    try {
      removeLeft(join(folder, name), Number(pid));
    } catch {
      // another user's, or gone meanwhile
    }
  }
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder);
  } catch {
    return []; // it may be written, and not be read
  }
}

/** @throws where it cannot be opened, or removed */
function removeLeft(path: string, pid: number): void {
  if (!lstatSync(path).isFile()) return; // a pipe would keep us waiting
  const file = openSync(path, "r+");
  try {
    // Holds it until it is gone: its writer may have made it just now.
    const isFree = lockOpenFile(file, "write", WRITER_RANGE);
    const isWritten = !isFree && (canLockOpenFile(file) || isProcess(pid));
    if (!isWritten && isOurs(file) && !isInUse(path)) removeWithLogs(path);
  } finally {
    closeSync(file);
  }
}

const BEGINNING = "SQLite format 3\0";

/** Other programs may give their files such names: one of ours is empty, or begins as a database, or not yet. */
function isOurs(file: number): boolean {
  const bytes = new Uint8Array(BEGINNING.length);
  const length = readSync(file, bytes, 0, bytes.length, 0);
  return (
    bytes.every((byte) => byte === 0) ||
    Buffer.from(bytes).toString("latin1", 0, length) === BEGINNING
  );
}

/** A person may look into one. */
function isInUse(path: string): boolean {
  try {
    using db = new Database(path, { create: false, readwrite: true });
    db.run("PRAGMA busy_timeout = 0");
    db.run("BEGIN EXCLUSIVE");
    return false;
  } catch (error) {
    return isBusy(error);
  }
}

/** Flushes a file, as SQLite does not flush what `VACUUM INTO` writes; or a folder, where the system can. */
export function sync(path: string, mode: "r" | "r+" = "r+"): void {
  if (mode === "r" && process.platform === "win32") return;
  const descriptor = openSync(path, mode);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

export function syncFolderOf(path: string): void {
  sync(dirname(path), "r");
}
