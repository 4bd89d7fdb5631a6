/** Reads how the server keeps what it is told, and which sessions are in its way. */
import type { DiskTrial, ServerCondition, SnapshotHolder } from "../../store/condition.ts";
import { isTqError } from "../../errors.ts";
import type { Connection } from "../connection.ts";
import { STANDBY_WAIT } from "../standby-wait.ts";

const SERVER = `
  SELECT current_setting('server_version') AS version,
         current_setting('synchronous_commit') AS "synchronousCommit",
         current_setting('synchronous_standby_names') AS "synchronousStandbys",
         (SELECT count(*)::float8 FROM pg_stat_replication WHERE state IS DISTINCT FROM 'backup') AS standbys,
         (SELECT count(*)::float8 FROM pg_stat_activity
           WHERE datname = current_database() AND wait_event = '${STANDBY_WAIT}'
             AND clock_timestamp() - query_start > interval '1 second') AS "waitingForStandby",
         pg_is_in_recovery() AS "isStandby",
         (SELECT source FROM pg_settings WHERE name = 'default_transaction_read_only' AND setting = 'on') AS "readOnlyBy",
         current_setting('autovacuum') = 'on' AND current_setting('track_counts') = 'on'
           AND NOT coalesce((SELECT reloptions && ARRAY['autovacuum_enabled=false', 'autovacuum_enabled=off', 'autovacuum_enabled=0']
                               FROM pg_class WHERE oid = 'tq.task'::regclass), false) AS "isVacuumed",
         (SELECT n_dead_tup::float8 FROM pg_stat_all_tables WHERE relid = 'tq.task'::regclass) AS "deadRows",
         (SELECT n_live_tup::float8 FROM pg_stat_all_tables WHERE relid = 'tq.task'::regclass) AS rows,
         (SELECT count(*)::float8 FROM pg_stat_activity
           WHERE datid IS NOT NULL AND coalesce(backend_type, 'client backend') = 'client backend') AS connections,
         (current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer)::float8
           AS "maxConnections",
         pg_has_role('pg_read_all_stats', 'USAGE') AS "seesAll"`;

/** The server does not tell how old the snapshot of a slot is. That of a standby which keeps up is a few transactions old. */
const FAR_BEHIND_XIDS = 100_000;

/**
 * The holder of the oldest snapshot: a session of this database, a standby that asks the server to keep rows, a prepared
 * transaction, a replication slot. A role that is no pg_read_all_stats sees the sessions of its own alone.
 */
const HOLDER = `
  SELECT kind, name, program, role, (extract(epoch FROM clock_timestamp() - since) * 1000)::float8 AS age
    FROM (SELECT 'session' AS kind, pid::text AS name, application_name AS program, usename::text AS role,
                 coalesce(xact_start, backend_start) AS since, age(coalesce(backend_xmin, backend_xid)) AS xids
            FROM pg_stat_activity
           WHERE pid <> pg_backend_pid() AND datname = current_database()
             AND backend_type IN ('client backend', 'background worker')
             AND coalesce(backend_xmin, backend_xid) IS NOT NULL
           UNION ALL
          SELECT 'standby', pid::text, application_name, usename::text, backend_start, age(backend_xmin)
            FROM pg_stat_replication WHERE backend_xmin IS NOT NULL
           UNION ALL
          SELECT 'prepared', gid, '', owner::text, prepared, age(transaction)
            FROM pg_prepared_xacts WHERE database = current_database()
           UNION ALL
          SELECT 'slot', slot_name::text, '', '', NULL, greatest(age(xmin), age(catalog_xmin))
            FROM pg_replication_slots WHERE xmin IS NOT NULL AND (NOT active OR age(xmin) > ${FAR_BEHIND_XIDS})) AS holder
   ORDER BY xids DESC, since NULLS LAST LIMIT 1`;

/** null: nobody holds one. */
export function readSnapshotHolder(db: Connection): Promise<SnapshotHolder | null> {
  return db.get<SnapshotHolder>(HOLDER);
}

type ServerRow = Omit<ServerCondition, "oldestSnapshot">;

export async function readServer(db: Connection): Promise<ServerCondition> {
  const [server, oldestSnapshot] = await Promise.all([
    db.get<ServerRow>(SERVER),
    readSnapshotHolder(db),
  ]);
  return { ...(server as ServerRow), oldestSnapshot };
}

/** Writes a record to the server's log that nobody reads, and waits until the commit is kept. */
const EMIT = "SELECT pg_logical_emit_message(true, 'tq', '')";

const IS_STANDBY = "SELECT pg_is_in_recovery() AS yes";

const IS_READ_ONLY = "SELECT current_setting('transaction_read_only') = 'on' AS yes";

/** True on a standby, and where each transaction of this connection may only read. */
export async function takesNoWrites(db: Connection): Promise<boolean> {
  return (await db.get<{ yes: boolean }>(IS_READ_ONLY))?.yes === true;
}

/** Takes as long as an answer takes to come. */
const ANSWER = "SELECT 1 AS one";

const TIMES = 5;

/** The ms that a commit takes longer than an answer, as the median of a few; null: a standby commits nothing. */
export async function commitTime(db: Connection): Promise<number | null> {
  if ((await db.get<{ yes: boolean }>(IS_STANDBY))?.yes) return null;
  await db.get(EMIT);
  await db.get(ANSWER);
  const times = await timesOf(() => db.get(EMIT));
  const answers = await timesOf(() => db.get(ANSWER));
  return Math.max(median(times) - median(answers), 0);
}

async function timesOf(ask: () => Promise<unknown>): Promise<number[]> {
  const times: number[] = [];
  for (let time = 0; time < TIMES; time++) {
    const began = performance.now();
    await ask();
    times.push(performance.now() - began);
  }
  return times;
}

function median(times: readonly number[]): number {
  return times.toSorted((a, b) => a - b)[Math.floor(times.length / 2)] ?? 0;
}

/** A megabyte that goes at once, and not into the log of writes: a table grows where there is room on the disk alone. */
const FILL = `
  CREATE TEMP TABLE tq_room ON COMMIT DROP AS SELECT md5(number::text) FROM generate_series(1, 20000) AS number`;

export async function diskTrial(db: Connection): Promise<DiskTrial> {
  if ((await db.get<{ yes: boolean }>(IS_STANDBY))?.yes) return "not tried";
  await db.command("BEGIN");
  try {
    await db.command(FILL);
    return "taken";
  } catch (error) {
    return isTqError(error) && error.code === "full" ? { refusal: error.message } : "not tried";
  } finally {
    await db.command("ROLLBACK").catch(() => db.lost());
  }
}
