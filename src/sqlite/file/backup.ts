/**
 * Writes a copy of the database, whole and on disk, before it gets its name. SQLite makes it in one read, with a
 * connection of its own (https://www.sqlite.org/lang_vacuum.html#vacuuminto), so no lock is dropped, and others write
 * meanwhile. SQLite's backup API begins anew with each commit of another process: under load it never ends.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { accessSync, chmodSync, constants, existsSync, renameSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { brokenLinkWords } from "../../broken-link.ts";
import { TqError } from "../../errors.ts";
import { giveOwner } from "../../file-owner.ts";
import type { Backup } from "../../store/backup.ts";
import { isOfSystem, isWrongPath, refusalOf } from "../../write-refusal.ts";
import { translate } from "../errors.ts";
import { mark } from "./origin.ts";
import {
  makePart,
  type Part,
  removeLeftParts,
  removeWithLogs,
  sync,
  syncFolderOf,
} from "./parts.ts";
import { checkRoom, contentBytes } from "./room.ts";
import { checkSound, countTasks, lastTask } from "./sound.ts";

/** SQLite waits this long where another program recovers the WAL. */
const LONGEST_WAIT_MS = 5_000;

export interface BackupOptions {
  /** The path of the database. */
  readonly database: string;
  /** The file to write. */
  readonly target: string;
  /** Another name, where a file has that of the target meanwhile; default: the backup is refused then. */
  readonly anew?: () => string;
  /** Free bytes that the disk of the queue must keep. */
  readonly minFree: number;
  readonly now: number;
  /** Throws where the database was lost meanwhile. */
  checkFiles(): void;
}

/**
 * Refuses a name that nobody can have meant. That a disk is not mounted, or may not be seen, is a failure instead.
 *
 * @throws TqError "invalid" where a file is there, or no folder.
 */
export function checkName(target: string): void {
  if (existsSync(target)) {
    throw refused(target, "a file is there already; give another name, or move that file away");
  }
  const folder = dirname(target);
  if (brokenLinkWords(target) === null && isFolder(folder) === false) {
    const what = existsSync(folder)
      ? "is a file; name another one"
      : "does not exist; make it first";
    throw refused(target, `the folder ${folder} ${what}`);
  }
}

/** @throws as `checkName`, and for a link that leads nowhere. */
function checkTarget(target: string): void {
  checkName(target);
  const broken = brokenLinkWords(target);
  if (broken !== null) throw refused(target, broken);
}

/** Null where it cannot be seen. */
export function isFolder(path: string): boolean | null {
  try {
    return statSync(path, { throwIfNoEntry: false })?.isDirectory() ?? false;
  } catch (error) {
    return isWrongPath(error) ? false : null;
  }
}

function refused(target: string, why: string): TqError {
  return new TqError("invalid", `Cannot write the backup ${target}: ${why}`);
}

/**
 * Writes beside the target first: a copy that was interrupted, or is not whole, never has its name.
 *
 * @throws TqError "invalid" for a target that cannot be written, "full" where there is no room, or an error of SQLite in
 * a sentence
 */
export function writeBackup(db: Database, options: BackupOptions): Backup {
  const { database, minFree, anew } = options;
  let { target } = options;
  checkTarget(target);
  removeLeftParts(dirname(target));
  const action = `Cannot write the backup ${target}`;
  using made = makeFile(target, database, action);
  const part = made.path;
  try {
    checkRoom({ action, target, bytes: contentBytes(db), database, minFree });
    const last = lastTask(db);
    copyInto(db, part);
    const tasks = checkCopy(part, last, options);
    options.checkFiles();
    if (anew !== undefined) target = anew();
    checkTarget(target); // again: another program may have made it meanwhile, and the rename would replace it
    const { size } = statSync(part);
    limitMode(part, database);
    renameSync(part, target);
    syncFolderOf(target);
    return { path: target, size, tasks, deleted: [], uncounted: [] };
  } catch (error) {
    removeWithLogs(part);
    if (isOfSystem(error)) throw refusalOf(action, target, error, "database");
    throw translate(error, isOfSource(error) ? database : target);
  }
}

/** True where the database, and not its copy, cannot be read. */
function isOfSource(error: unknown): boolean {
  return error instanceof SQLiteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code ?? "");
}

/** Writes what is committed into an empty file, and flushes that. */
export function copyInto(db: Database, part: string): void {
  db.run(`PRAGMA busy_timeout = ${LONGEST_WAIT_MS}`);
  db.run("VACUUM INTO ?", [part]);
  sync(part);
}

/** Reads the copy anew. @returns the tasks in it, by state */
function checkCopy(part: string, last: number, { target, now, database }: BackupOptions) {
  using db = new Database(part, { readwrite: true, create: false });
  db.run("BEGIN IMMEDIATE"); // a lock, by which others know that it is written
  mark(db, now, database);
  checkSound(db, target);
  if (lastTask(db) < last) {
    throw new TqError("database", `Cannot trust ${target}: its last tasks are missing`);
  }
  const tasks = countTasks(db);
  db.run("COMMIT");
  return tasks;
}

/** Takes from the copy what the mode of the database does not allow. It had to be written first. */
function limitMode(part: string, database: string): void {
  const { mode } = statSync(part);
  const limited = mode & statSync(database).mode;
  if ((limited & 0o777) !== (mode & 0o777)) chmodSync(part, limited & 0o777);
}

/** It has the permissions and the owner of the database; its writer may write it meanwhile. */
function makeFile(target: string, database: string, action: string): Part {
  try {
    accessSync(dirname(target), constants.R_OK); // its names are flushed, and a folder is opened for that
    const part = makePart(target, (statSync(database).mode & 0o777) | 0o600);
    giveOwner(part.path, database);
    return part;
  } catch (error) {
    const code = isWrongPath(error) ? "invalid" : "database";
    throw refusalOf(action, target, error, code);
  }
}
