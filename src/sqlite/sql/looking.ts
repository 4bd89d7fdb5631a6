/** Reads the queue: one task, what waits, workers, the sizes of the files. */
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import { type Claim, FUNCTION_METHOD, type Task } from "../../task.ts";
import type { FailedTask, Standing, TaskNames, WorkerInfo } from "../../store/looking.ts";
import { listIds } from "./claim.ts";
import { EXPIRED, type TaskRow, toTask } from "../../store/task-rows.ts";

const GET = `SELECT * FROM tq_tasks WHERE id = $id`;
const GET_BY_REF = `SELECT * FROM tq_tasks WHERE ref = $ref`;

export function getTask(db: Database, id: number, now: number): Task | null {
  const row = db.query(GET).get({ id }) as TaskRow | null;
  return row && toTask(row, now);
}

export function getTaskByRef(db: Database, ref: string, now: number): Task | null {
  const row = db.query(GET_BY_REF).get({ ref }) as TaskRow | null;
  return row && toTask(row, now);
}

/** With the same reason as `toTask` gives: a watch compares them. */
const STANDINGS = `
  SELECT id, state, attempts, result, NULL AS progress,
         iif(expires_at < $now AND attempts = 0 AND state IN ('ready', 'scheduled'), $expired, reason) AS reason
    FROM tq_tasks
   WHERE id IN (SELECT value FROM json_each($ids))`;

export function standingsOf(db: Database, ids: readonly number[], now: number): Standing[] {
  const values = { ids: JSON.stringify(ids), now, expired: EXPIRED };
  return db.query(STANDINGS).all(values) as Standing[];
}

/** The names of so many of the newest tasks are read: some 50 ms. */
const NAMED_IDS = 100_000;

const NAMES = `
  SELECT DISTINCT queue, model, iif(method = '${FUNCTION_METHOD}' AND instances = '[]', NULL, method)
    FROM tq__task WHERE id > (SELECT max(id) FROM tq__task) - ${NAMED_IDS}`;

/** Lists the queues, models and calls of the newest tasks. */
export function listNames(db: Database): TaskNames {
  const rows = db.query(NAMES).values() as [queue: string, model: string, method: string | null][];
  const calls = new Map(
    rows.map(([, model, method]) => [JSON.stringify([model, method]), { model, method }]),
  );
  return {
    queues: [...new Set(rows.map(([queue]) => queue))],
    models: [...new Set(rows.map(([, model]) => model))],
    calls: [...calls.values()],
  };
}

/** Long reasons are cut: an error may have a megabyte. */
const LAST_FAILED = `
  SELECT id, model, method, substr(instances, 1, 3) AS instances, substr(reason, 1, 1000) AS reason, finished_at
    FROM tq__task
   WHERE state = 'failed' AND finished_at IS NOT NULL
   ORDER BY finished_at DESC, id DESC
   LIMIT CAST($most AS INTEGER)`;

export function lastFailed(db: Database, most: number): FailedTask[] {
  return db.query(LAST_FAILED).all({ most }) as FailedTask[];
}

/** Changes when another connection has committed: https://www.sqlite.org/pragma.html#pragma_data_version */
export function dataVersion(db: Database): number {
  return (db.query("PRAGMA data_version").get() as { data_version: number }).data_version;
}

/** The sign makes SQLite search by id: otherwise it may walk all running tasks. */
const THESE_RUNNING = "id IN (SELECT value FROM json_each(?)) AND +state = 'running'";

const RUNNING = `SELECT id, claim FROM tq__task WHERE ${THESE_RUNNING}`;

const SUM_RUNNING = `
  SELECT count(*) AS count, total(claim) AS sum FROM tq__task WHERE ${THESE_RUNNING}`;

const NONE: readonly Claim[] = [];

/** The claims among these, of different tasks, that are lost. */
export function lostClaims(db: Database, claims: readonly Claim[]): readonly Claim[] {
  if (areAllHeld(db, claims)) return NONE;
  const running = new Map(
    db.query(RUNNING).values(listIds(claims)) as [id: number, claim: number][],
  );
  return claims.filter(({ id, claim }) => running.get(id) !== claim);
}

/** Claim numbers only grow: where none is lost, and only then, their sum is as it was. */
function areAllHeld(db: Database, claims: readonly Claim[]): boolean {
  const held = db.query(SUM_RUNNING).get(listIds(claims)) as { count: number; sum: number };
  return (
    held.count === claims.length && held.sum === claims.reduce((sum, { claim }) => sum + claim, 0)
  );
}

export function listWorkers(db: Database): WorkerInfo[] {
  const rows = db.query("SELECT * FROM tq_workers ORDER BY started_at, id").all() as (Omit<
    WorkerInfo,
    "queues"
  > & { queues: string })[];
  return rows.map((row) => ({ ...row, queues: JSON.parse(row.queues) as string[] }));
}

const OTHERS_RUN = `
  SELECT EXISTS (SELECT 1 FROM tq__task WHERE state = 'running' AND worker <> $worker) AS run`;

/** True when a worker other than this one holds tasks. */
export function othersHoldTasks(db: Database, worker: string): boolean {
  return (db.query(OTHERS_RUN).get({ worker }) as { run: 0 | 1 }).run === 1;
}

/** The bytes of the database file, of its WAL, and of the free pages inside the file. */
export function fileSizes(db: Database, path: string) {
  const { page_size } = db.query("PRAGMA page_size").get() as { page_size: number };
  const { freelist_count } = db.query("PRAGMA freelist_count").get() as { freelist_count: number };
  return {
    file_size: statSync(path, { throwIfNoEntry: false })?.size ?? 0,
    wal_size: statSync(`${path}-wal`, { throwIfNoEntry: false })?.size ?? 0,
    free_size: freelist_count * page_size,
  };
}
