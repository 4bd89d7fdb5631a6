/** Finds the transaction that a task waits for: one that has locked its row, or a row that its run needs. */
import type { Locker } from "../../store/situation.ts";
import type { Connection } from "../connection.ts";

/** A younger transaction may be the claim or the settle of a worker, which is over at once. */
const LONG_MS = 500;

const LOCKER = `
  coalesce(holder.application_name, '') AS program, coalesce(holder.usename::text, '') AS role,
  (extract(epoch FROM clock_timestamp() - holder.xact_start) * 1000)::float8 AS age,
  (SELECT min(task.id)::float8 FROM tq.task JOIN tq.worker ON worker.id = task.worker
    WHERE task.state = 'running' AND holder.application_name = worker.application || ' ' || task.thread) AS task`;

/** Of a row that is locked the field xmax names the transaction that has it. Claims pass over such a row. */
const OF_ROW = `
  SELECT lock.pid, ${LOCKER}
    FROM tq.task AS row
    JOIN pg_locks AS lock ON lock.transactionid = row.xmax AND lock.locktype = 'transactionid' AND lock.granted
    JOIN pg_stat_activity AS holder ON holder.pid = lock.pid
   WHERE row.id = $1::bigint AND holder.pid <> pg_backend_pid()
     AND coalesce(clock_timestamp() - holder.xact_start > make_interval(secs => ${LONG_MS} / 1000.0), true)
   LIMIT 1`;

/** Finds the one that has locked the row of this task for more than a moment; null: none has. */
export function lockerOfRow(db: Connection, task: number): Promise<Locker | null> {
  return db.get<Locker>(OF_ROW, [task]);
}

/** The connections of a thread have its number behind the name of the process; those of a program without threads have not. */
const OF_RUN = `
  SELECT blocking.pid, ${LOCKER}
    FROM tq.worker
    JOIN pg_stat_activity AS waiting ON waiting.application_name IN (worker.application || ' ' || $2::integer, worker.application)
     AND waiting.datname = current_database() AND waiting.wait_event_type = 'Lock'
   CROSS JOIN LATERAL unnest(pg_blocking_pids(waiting.pid)) AS blocking (pid)
    LEFT JOIN pg_stat_activity AS holder ON holder.pid = blocking.pid
   WHERE worker.id = $1
   ORDER BY waiting.application_name = worker.application, holder.xact_start NULLS LAST
   LIMIT 1`;

/** Finds the one that keeps the run of this thread waiting for a row; null: it waits for none that the server knows of. */
export function lockerOfRun(
  db: Connection,
  worker: string,
  thread: number,
): Promise<Locker | null> {
  return db.get<Locker>(OF_RUN, [worker, thread]);
}

/** These keep others from writing to a table, or from reading it. */
const STRONG = "'ShareLock', 'ShareRowExclusiveLock', 'ExclusiveLock', 'AccessExclusiveLock'";

/** No table of tq is read: it may be the one that is locked. */
const OF_TABLES = `
  SELECT lock.pid, coalesce(holder.application_name, '') AS program, coalesce(holder.usename::text, '') AS role,
         (extract(epoch FROM clock_timestamp() - holder.xact_start) * 1000)::float8 AS age, NULL::float8 AS task,
         bool_or(lock.mode IN (${STRONG})) AS strong
    FROM pg_locks AS lock
    JOIN pg_class AS class ON class.oid = lock.relation AND class.relnamespace = to_regnamespace('tq')
    LEFT JOIN pg_stat_activity AS holder ON holder.pid = lock.pid
   WHERE lock.locktype = 'relation' AND lock.granted AND lock.mode <> 'AccessShareLock' AND lock.pid IS NOT NULL
     AND lock.database = (SELECT oid FROM pg_database WHERE datname = current_database())
     AND lock.pid <> pg_backend_pid()
     AND coalesce(clock_timestamp() - holder.xact_start >= make_interval(secs => $1::float8 / 1000.0), true)
   GROUP BY lock.pid, holder.application_name, holder.usename, holder.xact_start
   ORDER BY strong DESC, holder.xact_start NULLS LAST LIMIT 2`;

/**
 * Finds the one that a statement of tq's own has waited for in vain: it has locked a table of tq, or is the only one that
 * has written to them and has not ended for as long; null: that cannot be told.
 */
export async function lockerOfTables(db: Connection, waited: number): Promise<Locker | null> {
  const [first, other] = await db.all<Locker & { strong: boolean }>(OF_TABLES, [waited]);
  return first === undefined || (other !== undefined && !first.strong) ? null : first;
}
