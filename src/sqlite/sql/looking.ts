/** Reads the queue: one task, what waits, workers, the sizes of the files. */
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Claim, Task } from "../../task.ts";
import type { Standing, TaskNames, WorkerInfo } from "../../store/looking.ts";
import type { ClaimOptions } from "../../store/session.ts";
import { countReadyOf } from "./counts.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import { candidates, matchQueues, suspectQueues } from "./queues.ts";
import { listIds, runsSuspect } from "./claim.ts";
import { EXPIRED, type TaskRow, toTask } from "./task-rows.ts";

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
  SELECT DISTINCT queue, model FROM tq__task WHERE id > (SELECT max(id) FROM tq__task) - ${NAMED_IDS}`;

/** Lists the queues and models of the newest tasks. */
export function listNames(db: Database): TaskNames {
  const pairs = db.query(NAMES).values() as [queue: string, model: string][];
  return {
    queues: [...new Set(pairs.map(([queue]) => queue))],
    models: [...new Set(pairs.map(([, model]) => model))],
  };
}

/**
 * Counts the ready tasks of these queues, up to `limit`. All suspects count as one, and as none for a worker that runs
 * one: it cannot claim another until that has ended.
 *
 * @param worker the one that would claim; null: one that runs no suspect.
 */
export function countReady(
  db: Database,
  queues: readonly string[],
  limit: number,
  worker: string | null,
): number {
  let ready = hasSuspect(db, queues) && !(worker !== null && runsSuspect(db, worker)) ? 1 : 0;
  if (ready >= limit) return ready;
  for (const queue of candidates(db, queues)) {
    if (!takesQueue(queues, queue)) continue;
    ready += countReadyOf(db, queue, limit - ready);
    if (ready >= limit) break;
  }
  return ready;
}

function hasSuspect(db: Database, queues: readonly string[]): boolean {
  return matchQueues(db, queues, suspectQueues(db)).length > 0;
}

const CLAIMABLE = `
  SELECT EXISTS (SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect = 0) AS ready,
         EXISTS (SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect = 1) AS suspect,
         EXISTS (SELECT 1 FROM tq__task WHERE state = 'scheduled' AND scheduled_at <= $now) AS due`;

/** True when a claim for these queues may find a task; one statement finds out that none waits. */
export function mayClaim(db: Database, { queues, owner }: ClaimOptions, now: number): boolean {
  const { ready, suspect, due } = db.query(CLAIMABLE).get({ now }) as Record<string, 0 | 1>;
  if (due || (ready && queues.length === 0)) return true;
  return (ready || suspect) === 1 && countReady(db, queues, 1, owner.worker) > 0;
}

const queuesIn = (state: "running" | "scheduled"): string => `
  SELECT DISTINCT queue FROM tq__task WHERE state = '${state}' LIMIT CAST($limit AS INTEGER)`;

const RUNNING_QUEUES = queuesIn("running");
const SCHEDULED_QUEUES = queuesIn("scheduled");

/** True while these queues have a task that is ready or running, or scheduled where `scheduled` is true. */
export function hasWork(db: Database, queues: readonly string[], scheduled: boolean): boolean {
  if (countReady(db, queues, 1, null) > 0) return true;
  return (scheduled ? [RUNNING_QUEUES, SCHEDULED_QUEUES] : [RUNNING_QUEUES]).some((statement) => {
    const limit = queues.length === 0 ? 1 : -1; // any queue will do, or all are needed
    const names = (db.query(statement).values({ limit }) as [string][]).map(([queue]) => queue);
    return matchQueues(db, queues, names).length > 0;
  });
}

/** Changes when another connection has committed: https://www.sqlite.org/pragma.html#pragma_data_version */
export function dataVersion(db: Database): number {
  return (db.query("PRAGMA data_version").get() as { data_version: number }).data_version;
}

/** The sign makes SQLite search by id: otherwise it may walk all running tasks. */
const RUNNING = `
  SELECT id, claim FROM tq__task WHERE id IN (SELECT value FROM json_each(?)) AND +state = 'running'`;

/** The claims among these that are not lost. */
export function stillHeld(db: Database, claims: readonly Claim[]): Claim[] {
  const running = new Map(
    db.query(RUNNING).values(listIds(claims)) as [id: number, claim: number][],
  );
  return claims.filter(({ id, claim }) => running.get(id) === claim);
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
