/** Migrates the schema, forward only. The table `tq__schema` has its version. */
import { type Database, SQLiteError } from "bun:sqlite";
import { TqError } from "../errors.ts";
import { refuseOlderWorkers } from "./older-workers.ts";
import first from "./migrations/001.sql" with { type: "text" };
import second from "./migrations/002.sql" with { type: "text" };
import third from "./migrations/003.sql" with { type: "text" };
import fourth from "./migrations/004.sql" with { type: "text" };
import fifth from "./migrations/005.sql" with { type: "text" };
import sixth from "./migrations/006.sql" with { type: "text" };
import seventh from "./migrations/007.sql" with { type: "text" };
import eighth from "./migrations/008.sql" with { type: "text" };

const MIGRATIONS: readonly string[] = [first, second, third, fourth, fifth, sixth, seventh, eighth];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the database to this version, in one transaction. The file's other tables stay as they are.
 *
 * @throws TqError "database" when the file belongs to a newer tq, or programs of an older one run tasks of it.
 */
export function migrate(db: Database, path: string): void {
  if (schemaVersion(db, path) === SCHEMA_VERSION) return;
  db.run("BEGIN IMMEDIATE");
  try {
    // Another process may have migrated it while we waited for the lock.
    const from = schemaVersion(db, path);
    if (from > 0 && from < SCHEMA_VERSION) refuseOlderWorkers(db, path, from, SCHEMA_VERSION);
    for (let version = from; version < SCHEMA_VERSION; version++) {
      apply(db, MIGRATIONS[version] ?? "", path);
      if (version >= FIRST_NUMBERED) db.query("UPDATE tq__schema SET version = ?").run(version + 1);
    }
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

/** @throws TqError "database" where somebody else has made something of the same name */
function apply(db: Database, statements: string, path: string): void {
  try {
    db.run(statements);
  } catch (error) {
    if (!(error instanceof SQLiteError) || !error.message.endsWith("already exists")) throw error;
    throw notOwn(path, error.message, error);
  }
}

function notOwn(path: string, what: string, cause: unknown): TqError {
  return new TqError(
    "database",
    `Cannot make a queue in ${path}: ${what}, which tq did not make; rename that one, or name another database`,
    { cause },
  );
}

const COUNT_TABLES = "SELECT count(*) AS count FROM sqlite_schema";

/**
 * Refuses a file that has no queue: an empty one, or another program's.
 *
 * @throws TqError "not_found"
 */
export function checkTables(db: Database, path: string): void {
  if (readVersion(db, path) > 0) return;
  const { count } = db.query(COUNT_TABLES).get() as { count: number };
  const what = count === 0 ? "it has no tables at all" : "none of its tables is one of tq";
  throw new TqError(
    "not_found",
    `There is no queue in ${path}: ${what}; look whether the path is right (--database names another), and what a copy was made of; tq push and tq worker make the tables`,
  );
}

/** The version that brought `tq__schema`, and inserted itself there: later ones update it. */
const FIRST_NUMBERED = 2;

/** @throws TqError "database" where the file belongs to a newer tq. */
export function schemaVersion(db: Database, path: string): number {
  const version = readVersion(db, path);
  if (version <= SCHEMA_VERSION) return version;
  throw new TqError(
    "database",
    `Cannot use ${path}: its schema is version ${version}, and this tq knows up to ${SCHEMA_VERSION}; use a newer tq, or, to stay with this one, restore the backup from before the update with tq restore`,
  );
}

/** `numbered`: 1 with `tq__schema`, 0 with older tables of ours only, null with none. */
const NUMBERED = `
  SELECT max(name = 'tq__schema') AS numbered, max(name = 'tq__moved') AS moved
    FROM sqlite_schema WHERE name IN ('tq__schema', 'tq__task', 'tq__moved')`;

const MOVED_TO = "SELECT target FROM tq__moved";

const VERSION = "SELECT version FROM tq__schema WHERE rowid = 1";

/**
 * 0 where there are no tables of tq.
 *
 * @throws TqError "database" where damage, or a save in part, took the row, or the queue was moved to another database
 */
export function readVersion(db: Database, path: string): number {
  const { numbered, moved } = db.query(NUMBERED).get() as { numbered: 0 | 1 | null; moved: 0 | 1 };
  if (moved === 1) throw movedError(db, path);
  if (numbered !== 1) return numbered === null ? 0 : 1;
  const row = db.query(VERSION).get() as { version: number } | null;
  if (row !== null) return row.version;
  throw new TqError(
    "database",
    `Cannot use ${path}: its table tq__schema is empty, which only damage makes it; restore a backup with tq restore`,
  );
}

function movedError(db: Database, path: string): TqError {
  const { target } = db.query(MOVED_TO).get() as { target: string };
  return new TqError(
    "database",
    `Cannot use ${path}: tq migrate --to has moved its queue to ${target}; set database.url, or name that one with --database; if nothing is there, DROP TABLE tq__moved takes the move back`,
  );
}
