/**
 * Proof of life: each worker process holds the lock of a tiny SQLite file of its own. The operating system drops that
 * lock when the process dies, and keeps it while the process is stopped. On Linux it is a lock of the open file, which
 * stays where a task opens the file and closes it. Elsewhere it is `BEGIN EXCLUSIVE`, which the system drops then, so
 * this process never opens its own file a second time. To other processes both look the same. Names are never used
 * twice.
 */
import { Database } from "bun:sqlite";
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  rmdirSync,
  rmSync,
  statSync,
} from "node:fs";
import { join } from "node:path";
import { TqError } from "../../errors.ts";
import { shareLike } from "../../file-owner.ts";
import { refusalWords } from "../../write-refusal.ts";
import { cannotOpenFilesWords } from "../../open-files.ts";
import type { WorkerInfo, WorkerStatus } from "../../store/looking.ts";
import { canLockOpenFile, lockOpenFile, SHARED_RANGE } from "../lock/range-lock.ts";
import { inodeOf } from "./identity.ts";
import { unwritableForAll } from "./unwritable.ts";

interface Lock {
  /** False where a task has closed its descriptor, whose number may be another file's now. */
  isHeld?(): boolean;
  close(): void;
}

/**
 * The locks that this process holds. The global keeps them: a Database without references is collected, with its lock.
 */
const ownLocks = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.locks")] ??=
  new Map()) as Map<string, Lock>;

/** Windows removes no open file, so there the lock is closed before its file is removed. */
const CLOSES_FIRST = process.platform === "win32";

/** The folder of the lock files, beside the database. */
export function lockFolder(database: string): string {
  return `${database}-workers`;
}

/**
 * Takes the lock of a new worker.
 *
 * @throws TqError "database" when the folder or the file cannot be made.
 */
export function takeLock(database: string, worker: string): void {
  const folder = lockFolder(database);
  for (let tries = 0; ; tries++) {
    let lock: Lock | undefined;
    try {
      if (mkdirSync(folder, { recursive: true }) !== undefined) shareLike(folder, database);
      const file = join(folder, worker);
      lock = lockOwnFile(file, database);
      // Before we had the lock, another worker may have removed the file as a stray one.
      if (!existsSync(file)) throw new Error("it was removed meanwhile");
      ownLocks.set(worker, lock);
      return;
    } catch (error) {
      lock?.close();
      // A worker that leaves may have removed the empty folder, and a worker that starts takes each lock for a moment,
      // to see whether its file is a stray one.
      if (tries < 20) {
        Bun.sleepSync(tries * Math.random());
        continue;
      }
      const refusal = unwritableForAll(database);
      if (refusal !== null) throw refusal;
      throw new TqError(
        "database",
        `Cannot make the lock of this worker in ${folder}: ${cannotOpenFilesWords() ?? refusalWords(folder, error)}`,
        { cause: error },
      );
    }
  }
}

/** @throws where another process has locked the file for a moment. */
function lockOwnFile(file: string, database: string): Lock {
  const descriptor = openSync(file, "a+", 0o644);
  shareLike(file, database);
  if (lockOpenFile(descriptor, "write", SHARED_RANGE)) {
    const { ino } = fstatSync(descriptor);
    const isHeld = () => inodeBehind(descriptor) === ino;
    return { isHeld, close: () => isHeld() && closeSync(descriptor) };
  }
  const hasSuchLocks = canLockOpenFile(descriptor);
  closeSync(descriptor);
  if (hasSuchLocks) throw new Error("another process has locked it");
  return lockWithSqlite(file);
}

/** -1 for a descriptor that is not open. */
function inodeBehind(descriptor: number): number {
  try {
    return fstatSync(descriptor).ino;
  } catch {
    return -1;
  }
}

function lockWithSqlite(file: string): Lock {
  const db = new Database(file, { create: true, readwrite: true });
  try {
    db.run("PRAGMA journal_mode = MEMORY"); // no second file beside it
    db.run("BEGIN EXCLUSIVE");
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

/** @throws TqError "database" when the worker's lock, or its file, is gone: other workers take it for dead. */
export function checkLock(database: string, worker: string): void {
  const file = join(lockFolder(database), worker);
  if (!existsSync(file)) throw lostError(`${file} was removed`, "leave that folder alone");
  if (ownLocks.get(worker)?.isHeld?.() !== false) return; // a lock of SQLite's cannot tell
  const what = `code in this process has closed a descriptor that it did not open, of ${file}`;
  throw lostError(what, "mend that code");
}

function lostError(what: string, advice: string): TqError {
  return new TqError(
    "database",
    `Cannot go on: ${what}, and other workers take this one for dead; start it again, and ${advice}`,
  );
}

/** Releases the lock and removes its file. */
export function releaseLock(database: string, worker: string): void {
  const lock = ownLocks.get(worker);
  if (!lock) return;
  ownLocks.delete(worker);
  removeFile(lock, database, worker);
  lock.close();
}

/**
 * True when the worker's process is dead. Takes the lock, which is free then, and removes its file if the system lets
 * it. Several processes may find one death: the one whose transaction still finds the worker registered acts on it.
 */
export function removeIfDead(database: string, worker: string): boolean {
  if (ownLocks.has(worker)) return false;
  const file = join(lockFolder(database), worker);
  const inode = inodeOf(file);
  let db: Database | undefined;
  try {
    db = new Database(file, { create: false, readwrite: true });
    db.run("PRAGMA busy_timeout = 0");
    db.run("PRAGMA journal_mode = MEMORY");
    db.run("BEGIN EXCLUSIVE");
    // Another process may have removed the file that we locked, and the worker, which tries again at its start, may have made this one.
    if (inodeOf(file) !== inode) return !existsSync(file);
    removeFile(db, database, worker);
    return true;
  } catch (error) {
    // Without a file the worker has left, or its death was found already. A file that we may not open proves nothing.
    return cannotOpen(error) && !existsSync(file);
  } finally {
    db?.close();
  }
}

/** Adds to each worker whether it lives. */
export function withAlive(database: string, workers: readonly WorkerInfo[]): WorkerStatus[] {
  return workers.map((worker) => {
    const life = lifeOf(database, worker.id);
    return { ...worker, alive: life !== "dead", ...(life === "unknown" && { unsure: true }) };
  });
}

/** True while the worker's process lives, and where this user may not look whether it does. */
export function isAlive(database: string, worker: string): boolean {
  return lifeOf(database, worker) !== "dead";
}

function lifeOf(database: string, worker: string): "alive" | "dead" | "unknown" {
  if (ownLocks.has(worker)) return "alive"; // except on Linux, a descriptor that reads our own file would drop the lock when it closes
  const file = join(lockFolder(database), worker);
  let db: Database | undefined;
  try {
    db = new Database(file, { readonly: true });
    db.query("SELECT 1 FROM sqlite_schema").get();
    return "dead";
  } catch (error) {
    if (!cannotOpen(error)) return "alive";
    return mayBeThere(file) ? "unknown" : "dead";
  } finally {
    db?.close();
  }
}

/** True for a file that is there, and for one that this user may not look for. */
function mayBeThere(file: string): boolean {
  try {
    return statSync(file, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}

function cannotOpen(error: unknown): boolean {
  return ((error as { code?: string }).code ?? "").startsWith("SQLITE_CANTOPEN");
}

/** Removes lock files of processes that died before they registered: no row names them. */
export function removeStrays(database: string, registered: ReadonlySet<string>): void {
  let names: string[];
  try {
    names = readdirSync(lockFolder(database));
  } catch {
    return; // no worker has made the folder
  }
  for (const name of names) if (!registered.has(name)) removeIfDead(database, name);
}

/** Removes the file of a lock that we hold; on Windows this releases the lock first. */
function removeFile(lock: Lock, database: string, worker: string): void {
  if (CLOSES_FIRST) lock.close();
  const folder = lockFolder(database);
  try {
    rmSync(join(folder, worker), { force: true }); // only the holder of the lock may
    rmdirSync(folder);
  } catch {
    // The folder has files of other workers, or another process has this one open: the next start removes it.
  }
}
