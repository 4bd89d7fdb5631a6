/** The words of workers about themselves, the mode that the database remembers, and the tasks that wait. */
import type { Database } from "bun:sqlite";
import type { RememberedMode, WaitingCall, WorkerAbout } from "../../store/condition.ts";
import { FUNCTION_METHOD } from "../../task.ts";

const SET_THREADS = "UPDATE tq__worker SET threads_ready = $ready WHERE id = $worker";

export function setThreads(db: Database, worker: string, ready: number): void {
  db.query(SET_THREADS).run({ worker, ready });
}

const SET_ABOUT = "UPDATE tq__worker SET about = $about, models_at = $changedAt WHERE id = $worker";

export function setAbout(
  db: Database,
  worker: string,
  about: WorkerAbout,
  changedAt: number | null,
): void {
  db.query(SET_ABOUT).run({ worker, about: JSON.stringify(about), changedAt });
}

const ABOUTS = "SELECT id, about FROM tq__worker WHERE about IS NOT NULL";

export function readAbouts(db: Database): Map<string, WorkerAbout> {
  const rows = db.query(ABOUTS).values() as [id: string, about: string][];
  return new Map(rows.map(([id, about]) => [id, JSON.parse(about) as WorkerAbout]));
}

const MODE = "SELECT worker, origin FROM tq__mode";

export function readMode(db: Database): RememberedMode | null {
  const row = db.query(MODE).get() as { worker: 0 | 1; origin: string } | null;
  return row && { ...row, worker: row.worker === 1 };
}

const REMEMBER_MODE = `
  INSERT INTO tq__mode (id, worker, origin, since) VALUES (1, $worker, $origin, $now)
      ON CONFLICT (id) DO UPDATE SET worker = $worker, origin = $origin, since = $now`;

export function rememberMode(db: Database, { worker, origin }: RememberedMode, now: number): void {
  db.query(REMEMBER_MODE).run({ worker: worker ? 1 : 0, origin, now });
}

/** Of each state so many tasks are looked at, in some 6 ms: a page of the dashboard waits for it. */
const MOST_LOOKED_AT = 3_000;

const COLUMNS = `queue, model, iif(method = '${FUNCTION_METHOD}' AND instances = '[]', NULL, method) AS method`;

const some = (where: string): string => `
  SELECT * FROM (SELECT ${COLUMNS} FROM tq__task WHERE ${where} LIMIT ${MOST_LOOKED_AT})`;

/** Each state by its own partial index. */
const WAITING_CALLS = `
  SELECT model, method, queue, count(*) AS count
    FROM (${some("state = 'ready' AND suspect = 0")}
          UNION ALL ${some("state = 'ready' AND suspect > 0")}
          UNION ALL ${some("state = 'scheduled'")})
   GROUP BY model, method, queue ORDER BY model, method, queue`;

export function waitingCalls(db: Database): WaitingCall[] {
  return db.query(WAITING_CALLS).all() as WaitingCall[];
}

const LAST_END = `
  SELECT max(coalesce((SELECT max(finished_at) FROM tq__task WHERE state = 'finished' AND finished_at IS NOT NULL), 0),
             coalesce((SELECT max(finished_at) FROM tq__task WHERE state = 'failed' AND finished_at IS NOT NULL), 0)) AS at`;

export function lastEnd(db: Database): number {
  return (db.query(LAST_END).get() as { at: number }).at;
}

/** A ready task is repaired once its place is that of an earlier push; what became of the newest task tells of the clock too. */
const LATEST = `
  SELECT max(coalesce((SELECT max(CASE state WHEN 'ready' THEN min(enqueued_at, deadline)
                                             WHEN 'scheduled' THEN enqueued_at END)
                         FROM (SELECT state, enqueued_at, deadline FROM tq__task ORDER BY id DESC LIMIT 1000)), 0),
             coalesce((SELECT finished_at FROM tq__task ORDER BY id DESC LIMIT 1), 0),
             coalesce((SELECT max(started_at) FROM tq__worker), 0)) AS latest`;

export function latestTime(db: Database): number {
  return (db.query(LATEST).get() as { latest: number }).latest;
}

const FAILED_SINCE = `
  SELECT count(*) AS count
    FROM (SELECT 1 FROM tq__task
           WHERE state = 'failed' AND finished_at IS NOT NULL AND finished_at >= $since LIMIT 100000)`;

export function countFailedSince(db: Database, since: number): number {
  return (db.query(FAILED_SINCE).get({ since }) as { count: number }).count;
}
