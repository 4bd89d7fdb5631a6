/** The statements with which an admin makes what tq needs by hand: programs then need no right to make anything. */
import { databaseName } from "../values/database-url.ts";
import { Connection } from "./connection.ts";
import { isRefused } from "./error-states.ts";
import { lockText } from "./locks.ts";
import { checkKnown, findSchema, MIGRATIONS } from "./migrate.ts";
import { CHANNEL, SCHEMA_CHANGED } from "./notifier.ts";
import { POSTGRES_SCHEMA_VERSION } from "./schema-version.ts";
import { identifier, literal } from "./sql/table.ts";

const ROLES = `-- What tq needs in a database, where those who run tasks may not make tables. Read it, name the roles as you like, and
-- run it once, as a superuser or as the database's owner who may create roles:
--
--   psql -v ON_ERROR_STOP=1 -d shop -f tq.sql
--
-- tq_owner has the schema tq and the views. Workers, and programs with models, connect as tq_worker.

BEGIN;

DO $$ BEGIN
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tq_owner') THEN
    CREATE ROLE tq_owner;
  END IF;
  IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'tq_worker') THEN
    CREATE ROLE tq_worker LOGIN; -- \\password tq_worker gives it one
  END IF;
  EXECUTE format('GRANT CREATE ON DATABASE %I TO tq_owner', current_database());
  EXECUTE format('GRANT tq_owner TO %I', current_user);
END $$;

GRANT USAGE, CREATE ON SCHEMA public TO tq_owner;
GRANT USAGE ON SCHEMA public TO tq_worker;
SET LOCAL ROLE tq_owner;
SET LOCAL search_path = public; -- the views are in the schema of the models' tables
`;

/** @param views the schema of the views */
const grants = (views: string) => `
GRANT USAGE ON SCHEMA tq TO tq_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tq TO tq_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA tq TO tq_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tq TO tq_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA tq GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tq_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA tq GRANT USAGE ON SEQUENCES TO tq_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA tq GRANT EXECUTE ON FUNCTIONS TO tq_worker;
DO $$ DECLARE view text; BEGIN
  FOR view IN SELECT format('%I.%I', schemaname, viewname) FROM pg_views
               WHERE schemaname = ${literal(views)} AND viewname LIKE 'tq\\_%' AND viewowner = current_user
  LOOP EXECUTE 'GRANT SELECT ON ' || view || ' TO tq_worker'; END LOOP;
END $$;
GRANT INSERT ON ${identifier(views)}.tq_push TO tq_worker;
`;

const modelGrants = (views: string) => `
-- The tables of models: let tq_worker make them,
--   GRANT USAGE, CREATE ON SCHEMA ${identifier(views)} TO tq_worker;
-- or make them yourself, and let it use them:
--   GRANT USAGE ON SCHEMA ${identifier(views)} TO tq_worker;
--   GRANT SELECT, INSERT, UPDATE, DELETE ON sale TO tq_worker;
--   GRANT USAGE ON ALL SEQUENCES IN SCHEMA ${identifier(views)} TO tq_worker;

-- A role that pushes by SQL and looks, and reaches nothing else:
--   GRANT SELECT, INSERT ON tq_push TO website;
--   GRANT SELECT ON tq_tasks, tq_errors, tq_queues, tq_workers TO website;
`;

/** The rights of a schema that is there, for roles that the reader names: as it stands it does nothing. */
function grantsToRead({ owner, views }: Installed): string {
  const lines = grants(views).trim().split("\n");
  return `
-- The rights of a role tq_worker that runs tasks, which is to be there. To give them, name it as it is called, take the
-- "-- " away, and run these as ${owner}, or as a member of that role:
--
${lines.map((line) => `-- ${line}`).join("\n")}
${modelGrants(views)}`;
}

/** The schema tq as it is in a database. */
interface Installed {
  /** null: this role may not read it. */
  readonly version: number | null;
  /** The role that has it. */
  readonly owner: string;
  /** The schema of the views. */
  readonly views: string;
}

const INSTALLED = `
  SELECT nspowner::regrole::text AS owner,
         coalesce((SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                    WHERE relname = 'tq_push' AND relkind = 'v' ORDER BY pg_class.oid LIMIT 1), 'public') AS views
    FROM pg_namespace WHERE nspname = 'tq'`;

/** @throws TqError where the server cannot be reached, or refuses, or where the queue is a newer one or has moved */
async function installedOn(url: string, timeout: number): Promise<Installed | null> {
  const name = databaseName(url);
  const limits = { timeout, lockTimeout: 0 };
  const db = await Connection.open({ url, name, ...limits, application: "tq migrate" });
  try {
    const version = await versionOn(db, name);
    if (version === 0) return null;
    const installed = await db.get<Omit<Installed, "version">>(INSTALLED);
    return installed && { ...installed, version };
  } finally {
    await db.close();
  }
}

/** @returns 0 where there is no schema, null where this role may not read it @throws as `installedOn` */
async function versionOn(db: Connection, name: string): Promise<number | null> {
  try {
    const { version } = await findSchema(db, name);
    checkKnown(version, name);
    return version;
  } catch (error) {
    if (isRefused(error)) return null;
    throw error;
  }
}

/** For a database without the schema tq. */
function setupSql(): string {
  const version = `UPDATE tq.schema SET version = ${POSTGRES_SCHEMA_VERSION};\n`;
  const rights = `${version}${grants("public")}\nCOMMIT;\n${modelGrants("public")}`;
  return [ROLES, `${lockText("schema")};\n`, ...MIGRATIONS, rights].join("\n");
}

/** For one that an older tq has made. Rights on what is new follow from the default ones. */
function upgradeSql(installed: Installed, version: number): string {
  const { owner, views } = installed;
  const to = POSTGRES_SCHEMA_VERSION;
  const start = `-- Brings the schema tq from version ${version} to ${to}. Run it as a superuser, or as a member of its owner ${owner}:
--
--   psql -v ON_ERROR_STOP=1 -d shop -f tq.sql

BEGIN;

SET LOCAL ROLE ${owner};
SET LOCAL search_path = ${identifier(views)};
${lockText("schema")};
DO $$ BEGIN
  IF (SELECT version FROM tq.schema) <> ${version} THEN
    RAISE EXCEPTION 'the schema tq has version %, and this is for ${version}', (SELECT version FROM tq.schema);
  END IF;
END $$;
`;
  const end = `UPDATE tq.schema SET version = ${to};
SELECT pg_notify('${CHANNEL}', '${SCHEMA_CHANGED}');

COMMIT;
`;
  return [start, ...MIGRATIONS.slice(version), end + grantsToRead(installed)].join("\n");
}

/** As `serverSetup`. */
export async function sqlFor(url: string | null, timeout: number): Promise<string> {
  const installed = url === null ? null : await installedOn(url, timeout);
  if (installed === null) return setupSql();
  const { version } = installed;
  if (version !== null && version < POSTGRES_SCHEMA_VERSION) return upgradeSql(installed, version);
  const found =
    version === null
      ? "-- The schema tq is there, and this role may not read its version."
      : `-- The schema tq has version ${version} already: nothing is to be made.`;
  return `${found}\n${grantsToRead(installed)}`;
}
