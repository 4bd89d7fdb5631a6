/** Registers workers, and puts back the tasks of workers and threads that died. */
import { hostname } from "node:os";
import { readlinkSync } from "node:fs";
import type { WorkerInfo } from "../../store/looking.ts";
import type { NewWorker } from "../../store/rescue.ts";
import { VERSION } from "../../version.ts";
import type { Connection } from "../connection.ts";
import { LOCK_CLASS } from "../locks.ts";
import { POSTGRES_SCHEMA_VERSION } from "../schema-version.ts";
import { handBack } from "./hand-back.ts";
import { heldBy } from "./held-tasks.ts";

/** A worker as it is registered. */
export interface SigningOn {
  readonly worker: NewWorker;
  readonly bootId: string;
  /** How the server lists the connections of its process. */
  readonly application: string;
  readonly now: number;
}

/** Its row is there where the answer to the first try was lost. */
const REGISTER = `
  INSERT INTO tq.worker (id, pid, host, boot_id, pid_space, application, started_at, threads, queues, version, schema)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, ${POSTGRES_SCHEMA_VERSION})
  ON CONFLICT (id) DO UPDATE SET life = DEFAULT
  RETURNING life`;

/** The lock is another one than that of the lost connection, which the server may still believe in. */
const RENEW = `UPDATE tq.worker SET life = DEFAULT WHERE id = $1 RETURNING life`;

/** The session holds it beyond the transaction in which it is taken. */
const LOCK = `SELECT pg_advisory_lock(${LOCK_CLASS}, $1::integer)`;

interface LifeRow {
  readonly life: number;
}

/** Registers a worker whose life this connection is: its row can be seen once its lock is held. @returns its lock */
export async function register(db: Connection, signing: SigningOn): Promise<number> {
  return db.inTransaction(() => registerNow(db, signing));
}

/**
 * Makes this connection the life of a worker that has lost its own.
 *
 * @param missed called where others had taken it for dead: then it is registered anew, and the answer may be lost
 * @returns its lock
 */
export async function renew(
  db: Connection,
  signing: SigningOn,
  missed: () => unknown,
): Promise<number> {
  return db.inTransaction(async () => {
    const row = await db.get<LifeRow>(RENEW, [signing.worker.id]);
    if (row === null) {
      missed();
      return registerNow(db, signing);
    }
    await db.get(LOCK, [row.life]);
    return row.life;
  });
}

async function registerNow(
  db: Connection,
  { worker, bootId, application, now }: SigningOn,
): Promise<number> {
  const { id, pid, threads, queues } = worker;
  const where = [hostname(), bootId, pidSpace(), application];
  const what = [now, threads, JSON.stringify(queues), VERSION];
  const row = await db.get<LifeRow>(REGISTER, [id, pid, ...where, ...what]);
  const { life } = row as LifeRow;
  await db.get(LOCK, [life]);
  return life;
}

/** Names the numbering that pids of this process are of; empty where the system has but one. */
export function pidSpace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}

const TRY_LOCK = `SELECT pg_try_advisory_lock(${LOCK_CLASS}, $1::integer) AS taken`;
const UNLOCK = `SELECT pg_advisory_unlock(${LOCK_CLASS}, $1::integer)`;

/** True where another connection than the one that has the lock gets it too: it is the same one behind a pooler. */
export async function isLockShared(db: Connection, life: number): Promise<boolean> {
  const row = await db.get<{ taken: boolean }>(TRY_LOCK, [life]);
  if (row?.taken !== true) return false;
  await unlock(db, life);
  return true;
}

export async function unlock(db: Connection, life: number): Promise<void> {
  await db.get(UNLOCK, [life]);
}

/** A program that asks a standby, which cannot tell, takes it for alive. */
const IS_ALIVE = `
  SELECT EXISTS (SELECT FROM tq.living WHERE id = $1)
         OR pg_is_in_recovery() AND EXISTS (SELECT FROM tq.worker WHERE id = $1) AS alive`;

export async function isAlive(db: Connection, worker: string): Promise<boolean> {
  const row = await db.get<{ alive: boolean }>(IS_ALIVE, [worker]);
  return row?.alive === true;
}

const WORKERS = `
  SELECT id, pid, host, started_at::float8 AS started_at, threads, queues,
         (SELECT count(*)::float8 FROM tq.task WHERE state = 'running' AND worker = one.id) AS running,
         version, schema, trouble, threads_ready, models_at::float8 AS models_at
    FROM tq.worker AS one
   ORDER BY one.started_at, id`;

export async function listWorkers(db: Connection): Promise<WorkerInfo[]> {
  const rows = await db.all<Omit<WorkerInfo, "queues"> & { readonly queues: string }>(WORKERS);
  return rows.map((row) => ({ ...row, queues: JSON.parse(row.queues) as string[] }));
}

const SET_IDLE = "UPDATE tq.worker SET idle = $2 WHERE id = $1 AND idle <> $2";

/** Says whether a thread of the worker waits to be woken. */
export async function setIdle(db: Connection, worker: string, isIdle: boolean): Promise<void> {
  await db.run(SET_IDLE, [worker, isIdle]);
}

const UNREGISTER = `DELETE FROM tq.worker WHERE id = $1`;

/** Removes the worker, and gives back the claims that it still holds, which have not begun. */
export async function unregister(db: Connection, worker: string, now: number): Promise<void> {
  const held = await heldBy(db, worker);
  if (held.length > 0) await handBack(db, held, now);
  await remove(db, worker);
}

export async function remove(db: Connection, worker: string): Promise<void> {
  await db.run(UNREGISTER, [worker]);
}
