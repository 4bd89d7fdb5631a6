/** The schema's versions, numbered in `PRAGMA user_version`. Forward only. */
import type { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import first from "./migrations/001.sql" with { type: "text" };

const MIGRATIONS: readonly string[] = [first];

export const SCHEMA_VERSION = MIGRATIONS.length;

/**
 * Brings the database to this version, in one transaction.
 *
 * @throws TqError "database" when the file belongs to a newer tq or to another program.
 */
export function migrate(db: Database, path: string): void {
  if (schemaVersion(db, path) === SCHEMA_VERSION) return;
  db.run("BEGIN IMMEDIATE");
  try {
    // Another process may have done it while we waited for the lock.
    for (let version = schemaVersion(db, path); version < SCHEMA_VERSION; version++) {
      db.run(MIGRATIONS[version] ?? "");
      db.run(`PRAGMA user_version = ${version + 1}`);
    }
    db.run("COMMIT");
  } catch (error) {
    if (db.inTransaction) db.run("ROLLBACK");
    throw error;
  }
}

function schemaVersion(db: Database, path: string): number {
  const { user_version: version } = db.query("PRAGMA user_version").get() as {
    user_version: number;
  };
  if (version > 0 && !db.query("SELECT 1 FROM sqlite_schema WHERE name = 'tq__task'").get()) {
    throw new TqError(
      "database",
      `Cannot use ${path}: it belongs to another program (user_version is ${version}, and there are no tq tables); name another file with --database`,
    );
  }
  if (version > SCHEMA_VERSION) {
    throw new TqError(
      "database",
      `Cannot use ${path}: its schema is version ${version}, and this tq knows up to ${SCHEMA_VERSION}; use a newer tq`,
    );
  }
  return version;
}
