/** The file of a backup, which is only read. */
import { Database, SQLiteError } from "bun:sqlite";
import { existsSync, realpathSync, statSync } from "node:fs";
import { TqError } from "../../errors.ts";
import type { BackupContent } from "../../store/restore.ts";
import { translate } from "../errors.ts";
import { checkSound, countTasks } from "../file/sound.ts";
import { openUnwritable } from "../file/unwritable.ts";
import { checkTables, SCHEMA_VERSION, schemaVersion } from "../migrate.ts";

/**
 * Calls `read` with a connection to a backup that is whole.
 *
 * @throws TqError "not_found", "invalid" or "database", whose sentence says what is wrong with the file
 */
export function withBackup<T>(file: string, database: string, read: (db: Database) => T): T {
  const stat = statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) throw new TqError("not_found", `There is no file ${file} to restore`);
  if (stat.isDirectory()) {
    throw new TqError("invalid", `Cannot restore ${file}: it is a folder; name a file in it`);
  }
  if (!stat.isFile()) {
    throw new TqError("invalid", `Cannot restore ${file}: it is no regular file`); // a pipe would keep us waiting
  }
  if (existsSync(database) && realpathSync(file) === realpathSync(database)) {
    throw new TqError("invalid", `Cannot restore ${file}: it is the database itself`);
  }
  try {
    using db = open(file);
    checkTables(db, file);
    schemaVersion(db, file);
    return read(db);
  } catch (error) {
    throw besideLog(translate(missingTable(error, file), file), file);
  }
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
  checkSound(db, file);
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
