/** Opening a connection: the file, the pragmas that every connection needs, the schema. */
import { Database } from "bun:sqlite";
import { lstatSync, readlinkSync, type Stats, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { TqError } from "../errors.ts";
import { isBusy, translate } from "./errors.ts";
import { writeUnflushed } from "./file/unflushed.ts";
import { migrate } from "./migrate.ts";

export interface ConnectionOptions {
  readonly path: string;
  /** How long to wait for another process's lock: ms. */
  readonly timeout: number;
}

/** What SQLite waits by itself for another process's lock; `session.ts` knows how to go on waiting: ms. */
const SHORT_WAIT = 5;

// The store has some 50 statements and each model a few; with the default of 20 they evict each other.
Database.MAX_QUERY_CACHE_SIZE = 500;

/** Above this many bytes the WAL is cut back after a checkpoint. */
const WAL_LIMIT = 64 * 1024 * 1024;

/**
 * Opens the database, making it when it does not exist.
 *
 * @throws TqError "database" or "busy", with what is wrong with the file and what to do.
 */
export function connect(options: ConnectionOptions): Database {
  const { path } = options;
  checkPath(path);
  let db: Database | undefined;
  try {
    db = new Database(path, { create: true, readwrite: true, strict: true });
    db.run(`PRAGMA busy_timeout = ${options.timeout}`);
    // Only where it is needed: it takes the write lock, which another transaction of this thread may hold.
    if (!isWal(db)) makeWal(db, options.timeout);
    db.run("PRAGMA synchronous = NORMAL"); // what more is promised, `flush.ts` does
    db.run(`PRAGMA journal_size_limit = ${WAL_LIMIT}`);
    db.run("PRAGMA cache_size = -8000"); // KiB
    db.run("PRAGMA temp_store = MEMORY");
    migrate(db, path);
    writeUnflushed(db, path);
    db.run(`PRAGMA busy_timeout = ${SHORT_WAIT}`);
    return db;
  } catch (error) {
    db?.close();
    throw translate(error, path);
  }
}

/**
 * The file behind a link: SQLite keeps the WAL beside the file itself, and so must the locks of the workers
 * be, or those who came by one name would take the others for dead.
 */
export function followLinks(path: string): string {
  let file = path;
  for (let links = 0; links < 40 && look(file, lstatSync)?.isSymbolicLink(); links++) {
    file = resolve(dirname(file), readlinkSync(file));
  }
  return file;
}

/** Undefined where there is nothing, also for a path that goes through a file. */
function look(path: string, stat: (path: string) => Stats): Stats | undefined {
  try {
    return stat(path);
  } catch (error) {
    const { code } = error as { code?: string };
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    throw new TqError("database", `Cannot use ${path} as the database: ${String(error)}`, {
      cause: error,
    });
  }
}

function checkPath(path: string): void {
  const log = look(`${path}-wal`, statSync); // before the file: who makes both makes that first
  const stat = look(path, statSync);
  if (stat?.isDirectory()) {
    throw new TqError(
      "database",
      `Cannot use ${path} as the database: it is a folder; name a file, for example ${path}/tq.db`,
    );
  }
  if (log?.size && !stat?.size) {
    const what = stat ? "is empty" : "is gone";
    throw new TqError(
      "database",
      `Cannot use ${path}: it ${what}, and its log ${path}-wal is there, which a new database would delete; put the right file back, or delete the log to begin anew`,
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

/** Two processes that open a new file at once may both find it locked here, whatever the busy timeout. */
function makeWal(db: Database, timeout: number): void {
  const until = performance.now() + timeout;
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
      if (!isBusy(error) || performance.now() > until) throw error;
      Bun.sleepSync(5 + Math.random() * 20);
    }
  }
}
