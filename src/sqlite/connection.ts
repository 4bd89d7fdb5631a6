/** Opens connections: checks the file, sets the pragmas that every connection needs, migrates the schema. */
import { monotonicNow } from "../clock.ts";
import { Database } from "bun:sqlite";
import { isUtf8 } from "node:buffer";
import { lstatSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs";
import { basename, dirname, isAbsolute, join, resolve } from "node:path";
import { brokenLinkWords } from "../broken-link.ts";
import { TqError } from "../errors.ts";
import { giveOwner } from "../file-owner.ts";
import { refusalWords } from "../write-refusal.ts";
import { isBusy, translate } from "./errors.ts";
import { recoverFailedFlush } from "./file/unflushed.ts";
import { openUnwritable, unwritableAtRest } from "./file/unwritable.ts";
import { checkTables, migrate } from "./migrate.ts";
import { removeLeftNames } from "./restore/left-name.ts";

export interface ConnectionOptions {
  readonly path: string;
  /** The ms to wait for another process's lock while it opens. */
  readonly timeout: number;
  /** True for a program that writes nothing: it may open a database that its user may not write. */
  readonly onlyLooks?: boolean;
  /** The KiB of the file that each connection keeps in memory. */
  readonly cacheKib?: number;
  /** True for a program that must not make the tables of tq. */
  readonly needsTables?: boolean;
}

export const CONNECTION_DEFAULTS = { onlyLooks: false, needsTables: false, cacheKib: 8_000 };

/** SQLite itself waits only this long for another process's lock; then `write-lock.ts` goes on waiting. */
const BUSY_TIMEOUT_MS = 5;

// The store has some 50 statements and each model a few: with the default of 20 they would evict each other.
Database.MAX_QUERY_CACHE_SIZE = 500;

/** A checkpoint cuts a larger WAL back to this size. */
const WAL_LIMIT_BYTES = 64 * 1024 * 1024;

/**
 * Opens the database. Creates it if it does not exist, unless the caller needs its tables.
 *
 * @throws TqError "database", "busy" or "not_found", whose sentence says what is wrong with the file and what to do.
 */
export function connect(options: ConnectionOptions): Database {
  const { path, needsTables, cacheKib } = { ...CONNECTION_DEFAULTS, ...options };
  checkPath(path);
  let db: Database | undefined;
  try {
    if (options.onlyLooks === true && unwritableAtRest(path) !== null) {
      db = openUnwritable(path);
      if (needsTables) checkTables(db, path);
      migrate(db, path); // an older schema is refused: it cannot be migrated here
      return db;
    }
    const isNew = look(path, statSync) === undefined;
    db = new Database(path, { create: !needsTables, readwrite: true, strict: true });
    if (isNew) giveOwner(path, dirname(path)); // SQLite gives its own files beside it the same owner
    db.run(`PRAGMA busy_timeout = ${options.timeout}`); // for the statements here, which wait in SQLite
    if (needsTables) checkTables(db, path); // before anything is written
    // Setting the mode takes the write lock, which another transaction of this thread may hold.
    if (!isWal(db)) makeWal(db, options.timeout);
    db.run("PRAGMA synchronous = NORMAL"); // `flush.ts` does what FULL would
    db.run(`PRAGMA journal_size_limit = ${WAL_LIMIT_BYTES}`);
    db.run(`PRAGMA cache_size = ${-cacheKib}`); // a number above 0 counts pages
    db.run("PRAGMA temp_store = MEMORY");
    migrate(db, path);
    recoverFailedFlush(db, path);
    db.run(`PRAGMA busy_timeout = ${BUSY_TIMEOUT_MS}`);
    return db;
  } catch (error) {
    const told = translate(error, path);
    db?.close(); // this may remove the WAL, of which the sentence speaks
    throw told;
  }
}

/**
 * Finds the file behind links. SQLite keeps the WAL beside the file itself, and the locks of workers must be there
 * too: otherwise workers that use one name would take those that use the other for dead. Nor must a program that has the
 * database open meet another one where a folder of its path leads elsewhere later.
 */
export function followLinks(path: string): string {
  let file = path;
  for (let links = 0; links < 40 && look(file, lstatSync)?.isSymbolicLink(); links++) {
    const target = readlinkSync(file, { encoding: "buffer" });
    if (!isUtf8(target)) {
      throw new TqError(
        "database",
        `Cannot use ${path} as the database: the path behind the link ${file} is not UTF-8; rename the file`,
      );
    }
    file = resolve(dirname(file), target.toString());
  }
  if (file !== path && look(dirname(file), statSync) === undefined) {
    const why = brokenLinkWords(path) ?? `${dirname(file)} is not there`;
    throw new TqError("database", `Cannot use ${path} as the database: ${why}`);
  }
  return isAbsolute(file) ? join(realFolder(dirname(file)), basename(file)) : file;
}

function realFolder(folder: string): string {
  try {
    const real = realpathSync(folder, { encoding: "buffer" });
    return isUtf8(real) ? real.toString() : folder;
  } catch {
    return folder; // to open the file says why
  }
}

/** Undefined where no file is, also for a path that goes through a file. */
function look(path: string, stat: (path: string) => Stats): Stats | undefined {
  try {
    return stat(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const why = refusalWords(path, error);
    const cause = { cause: error };
    throw new TqError("database", `Cannot use ${path} as the database: ${why}`, cause);
  }
}

function checkPath(path: string): void {
  const wal = look(`${path}-wal`, statSync); // before the file, which SQLite makes first of the two
  let stat = look(path, statSync);
  if (stat && stat.isFile() && stat.nlink > 1) {
    removeLeftNames(path);
    stat = look(path, statSync);
  }
  if (stat?.isDirectory()) {
    throw new TqError(
      "database",
      `Cannot use ${path} as the database: it is a folder; name a file, for example ${path}/tq.db`,
    );
  }
  if (stat && stat.nlink > 1) {
    throw new TqError(
      "database",
      `Cannot use ${path} as the database: the file has ${stat.nlink} names (hard links), and programs that use different ones lose each other's tasks; find them with "find / -xdev -samefile ${path}", remove all names but one, and use a symbolic link instead`,
    );
  }
  // An empty log too tells of a file that is gone: a worker that ends may have emptied it.
  if (wal && (!stat || (wal.size > 0 && stat.size === 0))) {
    const what = stat ? "is empty" : "is gone";
    throw new TqError(
      "database",
      `Cannot use ${path}: it ${what}, and its write-ahead log ${path}-wal is there, which a new database would delete; put back the file that the log belongs to; for a backup or a new database move the log away first`,
    );
  }
  if (!stat && !look(dirname(path), statSync)?.isDirectory()) {
    throw new TqError(
      "database",
      `Cannot make the database ${path}: the folder ${dirname(path)} does not exist; make it first`,
    );
  }
}

function isWal(db: Database): boolean {
  const row = db.query("PRAGMA journal_mode").get() as { journal_mode: string };
  return row.journal_mode === "wal";
}

/**
 * Tries again and again: two processes that create a file at once may both find it locked, whatever the busy timeout.
 */
function makeWal(db: Database, timeout: number): void {
  const until = monotonicNow() + timeout;
  for (;;) {
    try {
      db.run("PRAGMA auto_vacuum = INCREMENTAL"); // takes effect while the file is still empty
      const row = db.query("PRAGMA journal_mode = WAL").get() as { journal_mode: string };
      if (row.journal_mode === "wal") return;
      throw new TqError(
        "database",
        `Cannot use ${db.filename}: it does not take a write-ahead log (journal mode stays "${row.journal_mode}"); put it on a local disk`,
      );
    } catch (error) {
      if (!isBusy(error) || monotonicNow() > until) throw error;
      Bun.sleepSync(5 + Math.random() * 20);
    }
  }
}
