/** The statements with which an admin makes what tq needs by hand: programs then need no right to make anything. */
import { lockText } from "./locks.ts";
import { MIGRATIONS } from "./migrate.ts";
import { POSTGRES_SCHEMA_VERSION } from "./schema-version.ts";

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

/** For a database without the schema tq. */
export function setupSql(): string {
  const version = `UPDATE tq.schema SET version = ${POSTGRES_SCHEMA_VERSION};\n`;
  return [ROLES, `${lockText("schema")};\n`, ...MIGRATIONS, version + GRANTS].join("\n");
}
