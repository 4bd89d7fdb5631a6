/** The upkeep of a database that the server does not do by itself soon enough. */
import type { Tidied } from "../../store/store.ts";
import { formatDuration } from "../../values/duration.ts";
import type { Access } from "../access.ts";

/** Dead rows above which a worker asks for a VACUUM itself. */
const MANY_DEAD = 100_000;

/** Since the last VACUUM: seconds. */
const LONG_AGO_S = 30;

/** A snapshot that is older than this keeps so much that people should know. */
const OLD_SNAPSHOT_MS = 600_000;

const STATE = `
  SELECT s.n_dead_tup > ${MANY_DEAD}
           AND coalesce(greatest(s.last_vacuum, s.last_autovacuum) < clock_timestamp() - interval '${LONG_AGO_S} s', true)
           AND pg_has_role(c.relowner, 'USAGE') AS wanted,
         s.n_dead_tup::float8 AS dead
    FROM pg_stat_user_tables AS s JOIN pg_class AS c ON c.oid = s.relid
   WHERE s.schemaname = 'tq' AND s.relname = 'task'`;

/** It waits for nobody, and leaves the end of the file alone: cutting it off would lock out all others. */
const VACUUM = "VACUUM (SKIP_LOCKED, INDEX_CLEANUP ON, TRUNCATE OFF) tq.task";

/** The oldest snapshot, of all sessions that this role may see. */
const OLDEST = `
  SELECT pid, coalesce(nullif(application_name, ''), usename, backend_type) AS program,
         (extract(epoch FROM clock_timestamp() - xact_start) * 1000)::float8 AS age
    FROM pg_stat_activity
   WHERE backend_xmin IS NOT NULL AND pid <> pg_backend_pid() AND xact_start IS NOT NULL
     AND (datname = current_database() OR datname IS NULL)
   ORDER BY xact_start
   LIMIT 1`;

interface Oldest {
  readonly pid: number;
  readonly program: string;
  readonly age: number;
}

/** Asks for a VACUUM where many rows are dead, and says who keeps dead rows from being cleaned up. */
export async function tidy({ brief, read }: Pick<Access, "brief" | "read">): Promise<Tidied> {
  const state = await brief((db) => db.get<{ wanted: boolean; dead: number }>(STATE));
  if (state?.wanted) await read((db) => db.command(VACUUM));
  const isMuch = (state?.dead ?? 0) > MANY_DEAD;
  const oldest = isMuch ? await read((db) => db.get<Oldest>(OLDEST)) : null;
  return { more: false, note: oldest && noteOf(oldest) };
}

function noteOf({ pid, program, age }: Oldest): string | null {
  if (age < OLD_SNAPSHOT_MS) return null;
  const long = formatDuration(Math.round(age / 1_000) * 1_000);
  return `Tasks that have ended cannot be cleaned up: pid ${pid} on the server (${program}) has had a transaction open for ${long}; end it`;
}
