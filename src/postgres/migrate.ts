/** Brings the schema tq of a database to this version. Programs that start at the same time take turns. */
import { TqError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { lock } from "./locks.ts";
import { POSTGRES_SCHEMA_VERSION } from "./schema-version.ts";
import first from "./migrations/001.sql" with { type: "text" };
import second from "./migrations/002.sql" with { type: "text" };
import third from "./migrations/003.sql" with { type: "text" };

export const MIGRATIONS: readonly string[] = [first, second, third];

/** Not `to_regclass`: within a transaction that has waited for a lock, that answers from before the wait. */
const HAS_SCHEMA = `
  SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
                  WHERE nspname = 'tq' AND relname = 'schema') AS there`;

interface Found {
  readonly version: number;
  readonly moved_to: string | null;
}

/** The version of the schema; 0: there is none. @throws TqError "database" where its queue was moved elsewhere */
export async function schemaVersion(db: Connection, name: string): Promise<number> {
  const found = await db.get<{ there: boolean }>(HAS_SCHEMA);
  if (!found?.there) return 0;
  const row = await db.get<Found>("SELECT * FROM tq.schema"); // an older one has no moved_to
  const target = row?.moved_to ?? null;
  if (target === null) return row?.version ?? 0;
  throw new TqError(
    "database",
    `Cannot use ${name}: tq migrate --to has moved its queue to ${target}; name that one`,
  );
}

/** @throws TqError "database" for the schema of a newer tq. */
export async function migrate(db: Connection, name: string): Promise<void> {
  if (isCurrent(await schemaVersion(db, name), name)) return;
  await db.command("BEGIN");
  try {
    await migrateInside(db, name);
    await db.command("COMMIT");
  } catch (error) {
    await db.command("ROLLBACK").catch(() => {});
    throw error;
  }
}

/** As `migrate`, in a transaction that its caller ends. */
export async function migrateInside(db: Connection, name: string): Promise<void> {
  await lock(db, "schema");
  const version = await schemaVersion(db, name);
  if (isCurrent(version, name)) return;
  for (const statements of MIGRATIONS.slice(version)) await db.command(statements);
  await db.run("UPDATE tq.schema SET version = $1::integer", [POSTGRES_SCHEMA_VERSION]);
}

function isCurrent(version: number, name: string): boolean {
  checkKnown(version, name);
  return version === POSTGRES_SCHEMA_VERSION;
}

/** @throws TqError "database" for the schema of a newer tq. */
export function checkKnown(version: number, name: string): void {
  if (version <= POSTGRES_SCHEMA_VERSION) return;
  throw new TqError(
    "database",
    `Cannot use ${name}: its schema has version ${version}, and this tq knows ${POSTGRES_SCHEMA_VERSION}; use a newer tq`,
  );
}
