/**
 * Proof of life: each worker process holds `BEGIN EXCLUSIVE` on a tiny SQLite file of its own. The
 * operating system drops that lock when the process dies, and keeps it while the process is stopped.
 *
 * The owner never opens its own file a second time: closing any descriptor on it would drop the lock
 * (https://www.sqlite.org/howtocorrupt.html, 2.2). Names are never used twice.
 */
import { Database } from "bun:sqlite";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, rmSync } from "node:fs";
import { uptime } from "node:os";
import { join } from "node:path";
import { TqError } from "../../errors.ts";
import { inodeOf } from "./identity.ts";

/** Held locks of this process, rooted here: a Database that nothing refers to is collected, and its lock goes. */
const held = ((globalThis as Record<symbol, unknown>)[Symbol.for("tq.locks")] ??= new Map()) as Map<
  string,
  Database
>;

/** Windows removes no file that is open, and there nobody needs to hold what others have open. */
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
export function holdLock(database: string, worker: string): void {
  const folder = lockFolder(database);
  for (let tries = 0; ; tries++) {
    let db: Database | undefined;
    try {
      mkdirSync(folder, { recursive: true });
      const file = join(folder, worker);
      db = new Database(file, { create: true, readwrite: true });
      db.run("PRAGMA journal_mode = MEMORY"); // no second file beside it
      db.run("BEGIN EXCLUSIVE");
      // Before we had the lock, another one may have taken the file for a stray one: nobody would find ours.
      if (!existsSync(file)) throw new Error("it was removed meanwhile");
      held.set(worker, db);
      return;
    } catch (error) {
      db?.close();
      // Another worker that left may have removed the empty folder under us.
      // Or one that starts looks whether the file is a stray one: it has the lock for a moment.
      if (tries < 20) {
        Bun.sleepSync(tries * Math.random());
        continue;
      }
      throw new TqError(
        "database",
        `Cannot make the lock of this worker in ${folder}: ${String(error)}; give this user write permission beside the database`,
        { cause: error },
      );
    }
  }
}

/** @throws TqError "database" when the file of this worker's lock was removed: others take it for dead. */
export function checkLock(database: string, worker: string): void {
  const file = join(lockFolder(database), worker);
  if (existsSync(file)) return;
  throw new TqError(
    "database",
    `Cannot go on: ${file} was removed, and other workers take this one for dead; start it again, and leave that folder alone`,
  );
}

/** Gives the lock back and removes its file. */
export function dropLock(database: string, worker: string): void {
  const db = held.get(worker);
  if (!db) return;
  held.delete(worker);
  removeHeld(db, database, worker);
  db.close();
}

/**
 * True when the worker's process is dead: its lock was free and has been taken, and its file removed, unless the system
 * refuses that. Several may learn of one death: whose transaction finds the worker registered acts on it.
 */
export function removeIfDead(database: string, worker: string): boolean {
  if (held.has(worker)) return false;
  const file = join(lockFolder(database), worker);
  const inode = inodeOf(file);
  let db: Database | undefined;
  try {
    db = new Database(file, { create: false, readwrite: true });
    db.run("PRAGMA busy_timeout = 0");
    db.run("PRAGMA journal_mode = MEMORY");
    db.run("BEGIN EXCLUSIVE");
    // Our lock may be on a file that another one has removed since, and this one be a worker's that starts.
    if (inodeOf(file) !== inode) return !existsSync(file);
    removeHeld(db, database, worker);
    return true;
  } catch (error) {
    // No file: it left, or somebody removed it after its death. A file that we may not open proves nothing.
    return cannotOpen(error) && !existsSync(file);
  } finally {
    db?.close();
  }
}

/** True while the worker's process lives, as far as a look can tell: it changes nothing. */
export function isAlive(database: string, worker: string): boolean {
  if (held.has(worker)) return true; // our own file: closing it would drop the lock
  let db: Database | undefined;
  try {
    db = new Database(join(lockFolder(database), worker), { readonly: true });
    db.query("SELECT 1 FROM sqlite_schema").get();
    return false;
  } catch (error) {
    return !cannotOpen(error);
  } finally {
    db?.close();
  }
}

function cannotOpen(error: unknown): boolean {
  return ((error as { code?: string }).code ?? "").startsWith("SQLITE_CANTOPEN");
}

/** Removes lock files of processes that died before they had registered; they cannot be told otherwise. */
export function removeStrays(database: string, registered: ReadonlySet<string>): void {
  let names: string[];
  try {
    names = readdirSync(lockFolder(database));
  } catch {
    return; // nobody has one
  }
  for (const name of names) if (!registered.has(name)) removeIfDead(database, name);
}

/** Removes the file of a lock that we hold; on Windows the lock is given back first. */
function removeHeld(db: Database, database: string, worker: string): void {
  if (CLOSES_FIRST) db.close();
  const folder = lockFolder(database);
  try {
    rmSync(join(folder, worker), { force: true }); // while we hold it: nobody else may
    rmdirSync(folder);
  } catch {
    // Other workers live; or somebody looks at the file, and who starts next removes it.
  }
}

/** Changes at every boot: a death across a reboot is a power cut, not a task's doing. */
export function bootId(): string {
  try {
    return readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim();
  } catch {
    // Elsewhere: the minute of the boot, near enough; a clock that was set makes one death not count.
    return `boot-${Math.round((Date.now() - uptime() * 1000) / 60_000)}`;
  }
}
