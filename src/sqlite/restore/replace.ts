/** Puts a file that is whole in the place of a database, which stays beside it under another name. */
import { Database } from "bun:sqlite";
import { closeSync, existsSync, linkSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { TqError } from "../../errors.ts";
import { lockOpenFile, SHARED_RANGE } from "../lock/range-lock.ts";
import { isBusy } from "../errors.ts";
import { syncFolderOf } from "../file/parts.ts";
import { checkSound } from "../file/sound.ts";
import { findUnwritable, unwritableError } from "../file/unwritable.ts";
import { inUse, openAlone } from "../file/alone.ts";
import { leftNames } from "./left-name.ts";

const TABLES = `
  SELECT count(*) AS tables, coalesce(max(name IN ('tq__schema', 'tq__task')), 0) AS isQueue FROM sqlite_schema`;

/** Paths. */
interface PutAside {
  /** Null: there was no database. */
  readonly former: string | null;
  /** The logs that could not be written into it. */
  readonly logs: readonly string[];
}

/** The database that is to be replaced. */
export class FormerDatabase implements Disposable {
  readonly #path: string;
  readonly #action: string;
  /** Holds it for this program alone; null: it is gone, or cannot be read. */
  readonly #db: Database | null;
  /** A descriptor with the lock of one that cannot be read. */
  #locked: number | null = null;

  /** @throws TqError "busy" while another program has it open, "conflict" where it is no queue */
  constructor(path: string, action: string) {
    this.#path = path;
    this.#action = action;
    this.#db = this.#open();
    if (this.#db !== null) this.#checkQueue(this.#db);
  }

  #open(): Database | null {
    if (!isContent(this.#path)) return null;
    const unwritable = findUnwritable(this.#path);
    if (unwritable !== null) throw unwritableError(this.#path, unwritable);
    if (isSound(this.#path)) return openAlone(this.#path, this.#action);
    this.#checkLocks();
    return null;
  }

  /** @returns null where it is gone, or is damaged */
  read<T>(read: (db: Database) => T): T | null {
    try {
      return this.#db && read(this.#db);
    } catch {
      return null;
    }
  }

  #checkQueue(db: Database): void {
    const found = db.query(TABLES).get() as { tables: number; isQueue: 0 | 1 };
    if (found.tables === 0 || found.isQueue === 1) return;
    db.close();
    throw new TqError(
      "conflict",
      `${this.#action}: it is the database of another program; move it away, or name another file with --database`,
    );
  }

  /** Where SQLite cannot be asked, the locks of its connections tell; elsewhere than on Linux nothing does. */
  #checkLocks(): void {
    this.#locked = openSync(this.#path, "r+");
    const isFree = lockOpenFile(this.#locked, "write", SHARED_RANGE);
    if (isFree || process.platform !== "linux") return;
    closeSync(this.#locked);
    throw inUse(this.#path, this.#action);
  }

  /**
   * Gives the database the name `aside`, and the part that of the database, without a moment in which there is none: a
   * program that starts then would make a new one.
   *
   * @returns what was put aside
   */
  replaceBy(part: string, aside: string): PutAside {
    const path = this.#path;
    if (process.platform === "win32") this[Symbol.dispose](); // Windows renames no open file
    const logs = this.#moveLogs(aside);
    const isThere = existsSync(path);
    for (const left of leftNames(path)) rmSync(left); // of a restore that was killed
    if (isThere) linkOrRename(path, aside);
    if (isThere && existsSync(path)) renameSync(part, path);
    else giveNewName(part, path, this.#action);
    syncFolderOf(path);
    return { former: isThere ? aside : null, logs };
  }

  /** Logs that could not be written into their database would damage the new one. The index of a log is made anew. */
  #moveLogs(aside: string): string[] {
    rmSync(`${this.#path}-shm`, { force: true });
    rmSync(`${this.#path}-unflushed`, { force: true });
    // Of a database that is held here, the journal has nothing to undo, and a kill would leave it to the new one.
    if (this.#db !== null) rmSync(`${this.#path}-journal`, { force: true });
    const logs = this.#db === null ? ["-wal", "-journal"] : [];
    const moved = logs.filter((suffix) => existsSync(this.#path + suffix));
    for (const suffix of moved) renameSync(this.#path + suffix, aside + suffix);
    return moved.map((suffix) => aside + suffix);
  }

  [Symbol.dispose](): void {
    this.#db?.close();
    if (this.#locked !== null) closeSync(this.#locked);
    this.#locked = null;
  }
}

function isContent(path: string): boolean {
  return (statSync(path, { throwIfNoEntry: false })?.size ?? 0) > 0;
}

/**
 * False for a damaged one, and where the log beside it is of another one: both stay as they are. A connection that only
 * reads writes no log into its database.
 */
function isSound(path: string): boolean {
  try {
    using db = new Database(path, { readonly: true });
    checkSound(db, path, "pages");
    return true;
  } catch (error) {
    if (isBusy(error)) throw error;
    return false;
  }
}

/** A file system without hard links has a moment without a database. */
function linkOrRename(path: string, aside: string): void {
  try {
    linkSync(path, aside);
  } catch (error) {
    if (existsSync(aside)) throw error;
    renameSync(path, aside);
  }
}

/** Replaces no database that another program has made meanwhile. */
function giveNewName(part: string, path: string, action: string): void {
  if (existsSync(path)) {
    throw new TqError("conflict", `${action}: another program has made it meanwhile; try again`);
  }
  renameSync(part, path);
}
