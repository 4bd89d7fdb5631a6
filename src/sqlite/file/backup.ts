/**
 * Writes a copy of the database, whole and on disk, before it gets its name. SQLite makes it with a connection of its
 * own (https://www.sqlite.org/lang_vacuum.html#vacuuminto), so no lock is dropped, and others write meanwhile.
 */
import type { Database } from "bun:sqlite";
import { closeSync, existsSync, fsyncSync, openSync, renameSync, rmSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { TqError } from "../../errors.ts";
import { giveOwner, ownerWords } from "../../file-owner.ts";
import { translate } from "../errors.ts";

/** SQLite waits this long where another program recovers the WAL. */
const LONGEST_WAIT_MS = 5_000;

/** @throws TqError "invalid" where a file is there, or no folder. */
export function checkTarget(target: string): void {
  if (existsSync(target)) {
    throw refused(target, "a file is there already; give another name, or move that file away");
  }
  const folder = statSync(dirname(target), { throwIfNoEntry: false });
  if (!folder?.isDirectory()) {
    throw refused(target, `the folder ${dirname(target)} does not exist; make it first`);
  }
}

function refused(target: string, why: string): TqError {
  return new TqError("invalid", `Cannot write the backup ${target}: ${why}`);
}

/**
 * Writes beside the target first: a copy that was interrupted never has its name.
 *
 * @param check throws where the copy cannot be trusted
 * @throws TqError "invalid" for a target that cannot be written, or an error of SQLite in a sentence
 */
export function writeBackup(db: Database, target: string, check: () => void): void {
  checkTarget(target);
  const part = `${target}.part-${process.pid}-${Math.random().toString(36).slice(2)}`;
  makeFile(part, target, db.filename);
  try {
    db.run(`PRAGMA busy_timeout = ${LONGEST_WAIT_MS}`);
    db.run("VACUUM INTO ?", [part]);
    sync(part, "r+");
    check();
    checkTarget(target); // again: another program may have made it meanwhile, and the rename would replace it
    renameSync(part, target);
    if (process.platform !== "win32") sync(dirname(target), "r");
  } catch (error) {
    rmSync(part, { force: true });
    throw translate(error, target);
  }
}

/** SQLite takes an empty file: this one has the permissions and the owner of the database. */
function makeFile(part: string, target: string, database: string): void {
  try {
    closeSync(openSync(part, "wx", statSync(database).mode & 0o777));
  } catch (error) {
    throw refused(
      target,
      `${(error as Error).message}; check the folder${ownerWords(dirname(target))}`,
    );
  }
  giveOwner(part, database);
}

/** SQLite does not flush what it writes there. */
function sync(path: string, mode: "r" | "r+"): void {
  const descriptor = openSync(path, mode);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}
