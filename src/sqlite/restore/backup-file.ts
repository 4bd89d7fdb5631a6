/** The file of a backup, which is only read. */
import { Database, SQLiteError } from "bun:sqlite";
import { existsSync, type Stats, statSync } from "node:fs";
import { TqError } from "../../errors.ts";
import type { BackupContent } from "../../store/restore.ts";
import { translate } from "../errors.ts";
import { countTasks, faultOf } from "../file/sound.ts";
import { openUnwritable } from "../file/unwritable.ts";
import { SCHEMA_VERSION, schemaVersion } from "../migrate.ts";
import { checkIsDatabase, checkIsQueue, damagedError, unreadableError } from "./foreign-file.ts";

/**
 * Calls `read` with a connection to a backup that is whole.
 *
 * @throws TqError "not_found", "invalid" or "database", whose sentence says what is wrong with the file
 */
export function withBackup<T>(file: string, database: string, read: (db: Database) => T): T {
  const stat = look(file);
  if (stat === undefined) throw new TqError("not_found", `There is no file ${file} to restore`);
  if (stat.isDirectory()) {
    throw new TqError("invalid", `Cannot restore ${file}: it is a folder; name a file in it`);
  }
  if (!stat.isFile()) {
    throw new TqError("invalid", `Cannot restore ${file}: it is no regular file`); // a pipe would keep us waiting
  }
  checkIsOther(file, stat, database);
  try {
    checkIsDatabase(file);
    using db = open(file);
    checkIsQueue(db, file);
    schemaVersion(db, file);
    return read(db);
  } catch (error) {
    throw besideLog(translate(damaged(missingTable(error, file), file), file), file);
  }
}

/** @throws TqError "database" where it cannot be seen */
function look(file: string): Stats | undefined {
  try {
    return statSync(file, { throwIfNoEntry: false });
  } catch (error) {
    throw unreadableError(file, error);
  }
}

/** A file may have several names (hard links). @throws TqError "invalid" */
function checkIsOther(file: string, { dev, ino }: Stats, database: string): void {
  const suffix = ["", "-wal", "-journal", "-shm"].find((end) => {
    const own = statSync(`${database}${end}`, { throwIfNoEntry: false });
    return own?.ino === ino && own.dev === dev;
  });
  if (suffix === undefined) return;
  const what = suffix === "" ? "the database itself" : `a part of the database itself (${suffix})`;
  throw new TqError("invalid", `Cannot restore ${file}: it is ${what}`);
}

/** Another backup is no advice for one that is damaged. */
function damaged(error: unknown, file: string): unknown {
  const isDamage =
    error instanceof SQLiteError && /^SQLITE_(?:CORRUPT|NOTADB)/.test(error.code ?? "");
  return isDamage ? damagedError(file, error.message, error) : error;
}

/** Another program, or a hand, may have changed a file that has the number of our schema. */
export function missingTable(error: unknown, file: string): unknown {
  if (!(error instanceof SQLiteError) || !/^no such (?:table|column)/.test(error.message))
    return error;
  const why = `it is not as tq backup has written it (${error.message})`;
  return new TqError("database", `Cannot restore ${file}: ${why}; take another copy`, {
    cause: error,
  });
}

/** A file that a program has open, or that has a log beside it, is read as a database in use. */
function open(file: string): Database {
  return existsSync(`${file}-wal`) ? new Database(file, { readonly: true }) : openUnwritable(file);
}

/** The log of another database makes a sound file look damaged. */
function besideLog(error: unknown, file: string): unknown {
  const { size = 0 } = statSync(`${file}-wal`, { throwIfNoEntry: false }) ?? {};
  if (!(error instanceof TqError) || error.code !== "database" || size === 0) return error;
  return new TqError(
    "database",
    `${error.message}; the log ${file}-wal lies beside it: if that is of another database, move it away, and try again`,
    { cause: error },
  );
}

const RECURRING = "SELECT count(*) FROM tq__cron WHERE removed_at IS NULL AND kind <> 'tq'";
const TOKENS = "SELECT count(*) FROM tq__token";
const MADE_AT = "SELECT max(made_at) FROM tq__copy";

/** Reads every page of it. @throws TqError "database" where it is damaged */
export function contentOf(db: Database, file: string): BackupContent {
  const fault = faultOf(db);
  if (fault !== null) throw damagedError(file, fault);
  const tasks = countTasks(db);
  const isOlder = schemaVersion(db, file) < SCHEMA_VERSION;
  if (isOlder) return { tasks, recurring: 0, tokens: 0, madeAt: null };
  const value = (sql: string) => (db.query(sql).values() as [number | null][])[0]?.[0] ?? null;
  return {
    tasks,
    recurring: value(RECURRING) ?? 0,
    tokens: value(TOKENS) ?? 0,
    madeAt: value(MADE_AT),
  };
}
