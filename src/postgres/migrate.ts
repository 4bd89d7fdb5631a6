/** Brings the schema tq of a database to this version. Programs that start at the same time take turns. */
import { TqError } from "../errors.ts";
import type { Connection } from "./connection.ts";
import { sqlState } from "./server-error.ts";
import { lock } from "./locks.ts";
import type { PostgresOptions } from "./options.ts";
import { CHANNEL, SCHEMA_CHANGED } from "./notifier.ts";
import { POSTGRES_SCHEMA_VERSION } from "./schema-version.ts";
import first from "./migrations/001.sql" with { type: "text" };
import second from "./migrations/002.sql" with { type: "text" };
import third from "./migrations/003.sql" with { type: "text" };

export const MIGRATIONS: readonly string[] = [first, second, third];

/** Not `to_regclass`: within a transaction that has waited for a lock, that answers from before the wait. */
const HAS_SCHEMA = `
  SELECT EXISTS (SELECT FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
                  WHERE nspname = 'tq' AND relname = 'schema') AS there`;

/** As JSON, so that no column more or less changes the type of the result. */
const SCHEMA =
  "SELECT to_json(schema)::text AS row, current_schema() AS here FROM tq.schema AS schema";

interface SchemaRow {
  readonly version: number;
  /** An older schema has neither this column nor the next ones. */
  readonly moved_to?: string | null;
  readonly models?: string | null;
  readonly oldest?: number;
}

/** @throws TqError "database" where somebody else has made the table */
function schemaRow({ row }: { readonly row: string }, name: string): SchemaRow {
  const read = JSON.parse(row) as SchemaRow;
  if (Number.isInteger(read.version)) return read;
  throw notOwn(name, "its schema tq has another table schema");
}

function notOwn(name: string, what: string, cause?: unknown): TqError {
  return new TqError(
    "database",
    `Cannot make a queue in ${name}: ${what}, which tq did not make; rename that one, or name another database`,
    { cause },
  );
}

/** The name of the database to which tq migrate --to has moved the queue; null: it has not. */
export async function movedTo(db: Connection, name: string): Promise<string | null> {
  const found = await db.get<{ there: boolean }>(HAS_SCHEMA);
  if (!found?.there) return null;
  const read = await db.get<{ row: string }>(SCHEMA);
  return read === null ? null : (schemaRow(read, name).moved_to ?? null);
}

export interface Found {
  /** 0: there is none. */
  readonly version: number;
  /** The oldest tq that may work with it. */
  readonly oldest: number;
  /** The schema in which the first program has made the views, and models' tables are; null: not known. */
  readonly models: string | null;
  /** The schema in which this role makes tables; null: it has none. */
  readonly here: string | null;
}

/** Looks up what there is of the schema tq. @throws TqError "database" where its queue was moved elsewhere */
export async function findSchema(db: Connection, name: string): Promise<Found> {
  const none = { version: 0, oldest: 1, models: null, here: null };
  const found = await db.get<{ there: boolean }>(HAS_SCHEMA);
  if (!found?.there) return none;
  const read = await db.get<{ row: string; here: string | null }>(SCHEMA);
  if (read === null) return none;
  const { version, oldest = 1, models = null, moved_to: target = null } = schemaRow(read, name);
  if (target === null) return { version, oldest, models, here: read.here };
  throw new TqError(
    "database",
    `Cannot use ${name}: tq migrate --to has moved its queue to ${target}; name that one`,
  );
}

type Needs = Pick<Required<PostgresOptions>, "needsTables" | "onlyLooks" | "migrated">;

/**
 * Makes the schema as the program needs it, or looks whether it is there.
 *
 * @throws TqError "not_found" where there is none, "database" for the schema of a newer tq.
 */
export async function prepare(
  db: Connection,
  name: string,
  { needsTables, onlyLooks, migrated }: Needs,
): Promise<Found> {
  if (!needsTables) return migrate(db, name, migrated);
  const found = await findSchema(db, name);
  if (found.version > 0) {
    if (!isOpenToThis(found)) checkKnown(found.version, name);
    return onlyLooks ? found : migrate(db, name, migrated);
  }
  throw new TqError(
    "not_found",
    `Cannot find a queue in ${name}: it has no schema tq; start a worker, or run tq migrate`,
  );
}

/** @returns what there is then @throws TqError "database" for the schema of a newer tq. */
async function migrate(db: Connection, name: string, migrated: Needs["migrated"]): Promise<Found> {
  const found = await findSchema(db, name);
  if (isOpenToThis(found) || isCurrent(found.version, name)) return found;
  const from = await db.inTransaction(() => migrateInside(db, name));
  if (from !== null) migrated(from);
  return findSchema(db, name);
}

/**
 * As `migrate`, in a transaction that its caller ends.
 *
 * @returns the version before, 0 where there was no schema; null: another program has brought it to this version
 */
export async function migrateInside(db: Connection, name: string): Promise<number | null> {
  await lock(db, "schema");
  const { version } = await findSchema(db, name);
  if (isCurrent(version, name)) return null;
  if (version === 0) await refuseLeft(db, name);
  for (const statements of MIGRATIONS.slice(version)) await apply(db, statements, name);
  await db.run("UPDATE tq.schema SET version = $1::integer", [POSTGRES_SCHEMA_VERSION]);
  await db.get("SELECT pg_notify($1, $2)", [CHANNEL, SCHEMA_CHANGED]); // older workers look whether they can go on
  return version;
}

/** The one view that needs nothing of the schema tq stays where that is dropped. */
const LEFT = `
  SELECT quote_ident(nspname) || '.tq_push' AS view
    FROM pg_class JOIN pg_namespace ON relnamespace = pg_namespace.oid
   WHERE nspname = current_schema() AND relname = 'tq_push' AND relkind = 'v'
     AND pg_get_viewdef(pg_class.oid) LIKE '%NULL::%kwargs%WHERE false%'`;

/** @throws TqError "database" where a schema tq was dropped, and not all that belonged to it */
async function refuseLeft(db: Connection, name: string): Promise<void> {
  const left = await db.get<{ view: string }>(LEFT);
  if (left === null) return;
  throw new TqError(
    "database",
    `Cannot make a queue in ${name}: the view ${left.view} is left of a schema tq that was dropped; drop it too: DROP VIEW ${left.view}`,
  );
}

/** A relation, function, type or schema of this name is there. */
const TAKEN = /^(42P07|42723|42710|42P06)$/;

/** @throws TqError "database" where somebody else has made something of the same name */
async function apply(db: Connection, statements: string, name: string): Promise<void> {
  try {
    await db.command(statements);
  } catch (error) {
    if (!(error instanceof Error) || !TAKEN.test(sqlState(error) ?? "")) throw error;
    throw notOwn(name, error.message, error);
  }
}

const raised = new WeakSet<Error>();

/** @throws TqError "database" where a newer tq has brought the schema to a version with which this one cannot go on. */
export async function refuseRaised(db: Connection, name: string): Promise<void> {
  const read = await db.get<{ row: string }>(SCHEMA);
  if (read === null) return;
  const { version, oldest = 1 } = schemaRow(read, name);
  if (oldest <= POSTGRES_SCHEMA_VERSION) return;
  const error = new TqError(
    "database",
    `Cannot go on with ${name}: a newer tq has brought its schema to version ${version}, and this tq knows ${POSTGRES_SCHEMA_VERSION}; use the newer tq here too`,
  );
  raised.add(error);
  throw error;
}

/** True for what `refuseRaised` throws: no later try mends it. */
export function isRaised(error: unknown): error is TqError {
  return error instanceof Error && raised.has(error);
}

/** A newer tq has brought it to its version, and says that this one may work with it all the same. */
function isOpenToThis({ version, oldest }: Found): boolean {
  return version > POSTGRES_SCHEMA_VERSION && oldest <= POSTGRES_SCHEMA_VERSION;
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
