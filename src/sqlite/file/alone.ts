/** Uses a database alone: no other program has it open, and none can open it meanwhile. */
import { Database } from "bun:sqlite";
import { readdirSync } from "node:fs";
import { TqError } from "../../errors.ts";
import { isBusy } from "../errors.ts";
import { isAlive, lockFolder } from "./liveness.ts";

/** A look of another program, such as `tq list`, is over by then. */
const LONGEST_WAIT_MS = 2_000;

const WORKERS = "SELECT id, pid, threads FROM tq__worker";

interface WorkerRow {
  readonly id: string;
  readonly pid: number;
  readonly threads: number;
}

/**
 * The locks of workers tell who lives, also where the database cannot be read.
 *
 * @param action begins the sentence of a refusal: `Cannot restore tq.db`
 * @throws TqError "conflict" while a worker, or a program that runs its own tasks, lives
 */
export function refuseLive(database: string, action: string): void {
  const live = lockNames(database).filter((id) => isAlive(database, id));
  if (live.length === 0) return;
  const rows = registered(database);
  const names = live.map((id) => wordsOf(rows.find((row) => row.id === id)) ?? `worker ${id}`);
  const verb = live.length === 1 ? "lives" : "live";
  throw new TqError("conflict", `${action}: ${names.join(" and ")} ${verb}; stop it first`);
}

function wordsOf(row: WorkerRow | undefined): string | null {
  if (row === undefined) return null;
  return row.threads > 0
    ? `worker ${row.id} (pid ${row.pid})`
    : `the program with pid ${row.pid}, which runs its own tasks,`;
}

function lockNames(database: string): readonly string[] {
  try {
    return readdirSync(lockFolder(database));
  } catch {
    return []; // no worker has made the folder
  }
}

function registered(database: string): readonly WorkerRow[] {
  try {
    using db = new Database(database, { readonly: true });
    return db.query(WORKERS).all() as WorkerRow[];
  } catch {
    return []; // damaged, of an older schema, or gone
  }
}

/**
 * Opens a database for this program alone, and writes its log into it. Until the connection closes others wait. One that
 * has waited while the file got another name is refused by SQLite, as the file has no log any more: it would have to
 * make one, and SQLite looks before that whether the file still has its name.
 *
 * @param safeIntegers true: whole numbers are bigint, as JavaScript's own hold not all of SQLite's.
 * @throws TqError "busy" while another program has it open; SQLite's error where the file cannot be used
 */
export function openAlone(database: string, action: string, safeIntegers = false): Database {
  const db = new Database(database, { create: false, readwrite: true, safeIntegers });
  try {
    db.run(`PRAGMA busy_timeout = ${LONGEST_WAIT_MS}`);
    db.run("PRAGMA locking_mode = EXCLUSIVE");
    const row = db.query("PRAGMA journal_mode = DELETE").get() as { journal_mode: string };
    db.run("BEGIN EXCLUSIVE");
    if (row.journal_mode !== "delete") throw inUse(database, action);
    db.run("COMMIT"); // the lock stays until the connection closes
    return db;
  } catch (error) {
    db.close();
    throw isBusy(error) ? inUse(database, action) : error;
  }
}

export function inUse(database: string, action: string): TqError {
  return new TqError(
    "busy",
    `${action}: another program has ${database} open; end it (fuser ${database} names its process), and try again`,
  );
}
