/** The statements with which an admin makes what tq needs by hand: programs then need no right to make anything. */
import { isTqError } from "../errors.ts";
import { databaseName } from "../values/database-url.ts";
import { Connection } from "./connection.ts";
import { lockText } from "./locks.ts";
import { checkKnown, findSchema, MIGRATIONS } from "./migrate.ts";
import { CHANNEL, SCHEMA_CHANGED } from "./notifier.ts";
import { POSTGRES_SCHEMA_VERSION } from "./schema-version.ts";
import { identifier } from "./sql/table.ts";

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

const GRANTS = `
GRANT USAGE ON SCHEMA tq TO tq_worker;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA tq TO tq_worker;
GRANT USAGE ON ALL SEQUENCES IN SCHEMA tq TO tq_worker;
GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tq TO tq_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA tq GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO tq_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA tq GRANT USAGE ON SEQUENCES TO tq_worker;
ALTER DEFAULT PRIVILEGES IN SCHEMA tq GRANT EXECUTE ON FUNCTIONS TO tq_worker;
DO $$ DECLARE view text; BEGIN
  FOR view IN SELECT quote_ident(viewname) FROM pg_views WHERE schemaname = 'public' AND viewowner = current_user
  LOOP EXECUTE 'GRANT SELECT ON ' || view || ' TO tq_worker'; END LOOP;
END $$;
GRANT INSERT ON tq_push TO tq_worker;

COMMIT;

-- The tables of models: let tq_worker make them,
--   GRANT CREATE ON SCHEMA public TO tq_worker;
-- or make them yourself, and let it use them:
--   GRANT SELECT, INSERT, UPDATE, DELETE ON sale TO tq_worker;
--   GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO tq_worker;

-- A role that pushes by SQL and looks, and reaches nothing else:
--   GRANT SELECT, INSERT ON tq_push TO website;
--   GRANT SELECT ON tq_tasks, tq_errors, tq_queues, tq_workers TO website;
`;

/** The schema tq as it is in a database. */
interface Installed {
  readonly version: number;
  /** The role that has it. */
  readonly owner: string;
  /** The schema of the views. */
  readonly views: string;
}

const INSTALLED = `
  SELECT (SELECT version FROM tq.schema) AS version, nspowner::regrole::text AS owner,
         coalesce((SELECT nspname FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
                    WHERE relname = 'tq_push' AND relkind = 'v' ORDER BY pg_class.oid LIMIT 1), 'public') AS views
    FROM pg_namespace WHERE nspname = 'tq'`;

/** @throws TqError where the server cannot be reached, or refuses, or where the queue is a newer one or has moved */
async function installedOn(url: string, timeout: number): Promise<Installed | null> {
  const name = databaseName(url);
  const limits = { timeout, lockTimeout: 0 };
  const db = await Connection.open({ url, name, ...limits, application: "tq migrate" });
  try {
    const { version } = await findSchema(db, name);
    checkKnown(version, name);
    return version === 0 ? null : await db.get<Installed>(INSTALLED);
  } finally {
    await db.close();
  }
}

/** For a database without the schema tq. */
function setupSql(): string {
  const version = `UPDATE tq.schema SET version = ${POSTGRES_SCHEMA_VERSION};\n`;
  return [ROLES, `${lockText("schema")};\n`, ...MIGRATIONS, version + GRANTS].join("\n");
}

/** For one that an older tq has made. Rights on what is new follow from the default ones that `setupSql` has given. */
function upgradeSql({ version, owner, views }: Installed): string {
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
  return [start, ...MIGRATIONS.slice(version), end].join("\n");
}

/** As `serverSetup`. */
export async function sqlFor(
  url: string | null,
  timeout: number,
  unseen: (error: unknown) => void,
): Promise<string> {
  const installed = url === null ? null : await lookedAt(url, timeout, unseen);
  if (installed === null) return setupSql();
  if (installed.version < POSTGRES_SCHEMA_VERSION) return upgradeSql(installed);
  return `-- The schema tq has version ${installed.version} already: there is nothing to do.\n`;
}

async function lookedAt(
  url: string,
  timeout: number,
  unseen: (error: unknown) => void,
): Promise<Installed | null> {
  try {
    return await installedOn(url, timeout);
  } catch (error) {
    if (isTqError(error) && error.cause === undefined) throw error; // tq's own refusal of what is there
    unseen(error);
    return null;
  }
}
