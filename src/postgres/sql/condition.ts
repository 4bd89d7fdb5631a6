/** The words of workers about themselves, the mode that the database remembers, and the tasks that wait. */
import type { RememberedMode, WaitingCall, WorkerAbout } from "../../store/condition.ts";
import { FUNCTION_METHOD } from "../../task.ts";
import type { Connection } from "../connection.ts";

const SET_TROUBLE = "UPDATE tq.worker SET trouble = $2 WHERE id = $1";

export async function setTrouble(
  db: Connection,
  worker: string,
  trouble: string | null,
): Promise<void> {
  await db.run(SET_TROUBLE, [worker, trouble?.replaceAll("\0", "\ufffd").toWellFormed() ?? null]);
}

const SET_THREADS = "UPDATE tq.worker SET threads_ready = $2::integer WHERE id = $1";

export async function setThreads(db: Connection, worker: string, ready: number): Promise<void> {
  await db.run(SET_THREADS, [worker, ready]);
}

const SET_ABOUT = "UPDATE tq.worker SET about = $2, models_at = $3::bigint WHERE id = $1";

export async function setAbout(
  db: Connection,
  worker: string,
  about: WorkerAbout,
  changedAt: number | null,
): Promise<void> {
  const changed = changedAt === null ? null : Math.round(changedAt);
  await db.run(SET_ABOUT, [worker, JSON.stringify(about), changed]);
}

const ABOUTS = "SELECT id, about FROM tq.worker WHERE about IS NOT NULL";

export async function readAbouts(db: Connection): Promise<Map<string, WorkerAbout>> {
  const rows = await db.all<{ id: string; about: string }>(ABOUTS);
  return new Map(rows.map(({ id, about }) => [id, JSON.parse(about) as WorkerAbout]));
}

const MODE = "SELECT worker, origin FROM tq.mode";

export function readMode(db: Connection): Promise<RememberedMode | null> {
  return db.get<RememberedMode>(MODE);
}

const REMEMBER_MODE = `
  INSERT INTO tq.mode (id, worker, origin, since) VALUES (1, $1::boolean, $2, $3::bigint)
      ON CONFLICT (id) DO UPDATE SET worker = excluded.worker, origin = excluded.origin, since = excluded.since`;

export async function rememberMode(
  db: Connection,
  { worker, origin }: RememberedMode,
  now: number,
): Promise<void> {
  await db.run(REMEMBER_MODE, [worker, origin, now]);
}

/** Of each state so many tasks are looked at, in some 6 ms: a page of the dashboard waits for it. */
const MOST_LOOKED_AT = 3_000;

const first = (where: string, order: string): string => `
  (SELECT queue, model, CASE WHEN method = '${FUNCTION_METHOD}' AND instances = '[]' THEN NULL ELSE method END AS method
     FROM tq.task WHERE ${where} ORDER BY ${order} LIMIT ${MOST_LOOKED_AT})`;

/** Each state by its own partial index. */
const WAITING_CALLS = `
  SELECT model, method, queue, count(*)::float8 AS count
    FROM (${first("state = 'ready' AND suspect = 0", "queue")}
          UNION ALL ${first("state = 'ready' AND suspect > 0", "suspect")}
          UNION ALL ${first("state = 'scheduled'", "scheduled_at")}) AS waiting
   GROUP BY model, method, queue ORDER BY model, method NULLS FIRST, queue`;

export function waitingCalls(db: Connection): Promise<WaitingCall[]> {
  return db.all<WaitingCall>(WAITING_CALLS);
}

const LAST_END = `
  SELECT greatest(0, (SELECT max(finished_at) FROM tq.task WHERE state = 'finished' AND finished_at IS NOT NULL),
                  (SELECT max(finished_at) FROM tq.task WHERE state = 'failed' AND finished_at IS NOT NULL))::float8 AS at`;

export async function lastEnd(db: Connection): Promise<number> {
  return (await db.get<{ at: number }>(LAST_END))?.at ?? 0;
}

/** As for a file. */
const LATEST = `
  SELECT greatest(0, (SELECT max(CASE state WHEN 'ready' THEN least(enqueued_at, deadline)
                                            WHEN 'scheduled' THEN enqueued_at END)
                        FROM (SELECT state, enqueued_at, deadline FROM tq.task ORDER BY id DESC LIMIT 1000) AS last),
                  (SELECT finished_at FROM tq.task ORDER BY id DESC LIMIT 1),
                  (SELECT max(started_at) FROM tq.worker))::float8 AS latest`;

export async function latestTime(db: Connection): Promise<number> {
  return (await db.get<{ latest: number }>(LATEST))?.latest ?? 0;
}

const FAILED_SINCE = `
  SELECT count(*)::float8 AS count
    FROM (SELECT FROM tq.task
           WHERE state = 'failed' AND finished_at IS NOT NULL AND finished_at >= $1::bigint
           ORDER BY finished_at LIMIT 100000) AS chosen`;

export async function countFailedSince(db: Connection, since: number): Promise<number> {
  return (await db.get<{ count: number }>(FAILED_SINCE, [since]))?.count ?? 0;
}

const MAY_PUSH =
  "SELECT current_user::text AS role, has_table_privilege('tq.task', 'INSERT') AS may";

export async function lacksRight(db: Connection): Promise<string | null> {
  const { role, may } = (await db.get<{ role: string; may: boolean }>(MAY_PUSH)) ?? {};
  return may === false ? `the role ${role} may not insert into tq.task` : null;
}
