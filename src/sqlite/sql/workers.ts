/** Registers workers, and puts back the tasks of workers and threads that died. */
import type { Database } from "bun:sqlite";
import { hostname } from "node:os";
import { type Claim, FUNCTION_METHOD } from "../../task.ts";
import type { NewWorker, RescuedTask, ThreadDeath } from "../../store/rescue.ts";
import type { Owner } from "../../store/session.ts";
import { VERSION } from "../../version.ts";
import type { Shown } from "../file/live-output.ts";
import { SCHEMA_VERSION } from "../migrate.ts";
import { recordAttempt } from "./attempts.ts";
import { handBack } from "./claim.ts";
import { countRescued } from "./rescued-count.ts";
import type { AfterFailure } from "../../store/known-follow-ups.ts";
import { noteTrouble } from "./untold.ts";
import { type Crash, crash, interrupt, settle } from "./settle.ts";

const REGISTER = `
  INSERT INTO tq__worker (id, pid, host, boot_id, started_at, threads, queues, version, schema)
  VALUES ($id, $pid, $host, $bootId, $now, $threads, $queues, $version, ${SCHEMA_VERSION})`;

export function register(db: Database, worker: NewWorker, bootId: string, now: number): void {
  db.query(REGISTER).run({
    id: worker.id,
    pid: worker.pid,
    host: hostname(),
    bootId,
    now,
    threads: worker.threads,
    queues: JSON.stringify(worker.queues),
    version: VERSION,
  });
}

const SET_TROUBLE = `UPDATE tq__worker SET trouble = $trouble WHERE id = $worker`;

/** Keeps why a worker can run no task though it lives; null: it can. */
export function setTrouble(
  db: Database,
  worker: string,
  trouble: string | null,
  now: number,
): void {
  db.query(SET_TROUBLE).run({ worker, trouble });
  if (trouble !== null) noteTrouble(db, trouble, now);
}

const UNREGISTER = `DELETE FROM tq__worker WHERE id = $worker`;

/** Removes the worker, and gives back the claims that it still holds, which have not begun. */
export function unregister(db: Database, worker: string, now: number): void {
  handBack(db, heldBy(db, worker), now);
  db.query(UNREGISTER).run({ worker });
}

interface HeldRow extends Claim {
  readonly model: string;
  readonly method: string | null;
  readonly queue: string;
  readonly instances: string | null;
  readonly ref: string | null;
  readonly attempts: number;
  readonly crashes: number;
  /** 1: claimed as a suspect, with its begin on disk, so that a death now counts against it. */
  readonly begun: 0 | 1;
  readonly thread: number;
}

const OF_METHOD = `iif(method = '${FUNCTION_METHOD}' AND instances = '[]', NULL`;

/** The method is NULL where the task calls a plain function; of its instances, which may be many, the log names the first. */
const HELD_BY = `
  SELECT id, claim, model, ${OF_METHOD}, method) AS method, ${OF_METHOD}, substr(instances, 1, 200)) AS instances,
         queue, ref, attempts, crashes, begun, thread
    FROM tq__task
   WHERE state = 'running' AND worker = $worker`;

const HELD_BY_THREAD = `${HELD_BY} AND thread = $thread`;

function heldBy(db: Database, worker: string): HeldRow[] {
  return db.query(HELD_BY).all({ worker }) as HeldRow[];
}

const BOOT_OF = `SELECT boot_id FROM tq__worker WHERE id = $worker`;

const MAKE_SUSPECT = `
  UPDATE tq__task
     SET state = 'ready', suspect = 1, reason = $reason, attempts = attempts + $runs,
         worker = NULL, thread = NULL, dequeued_at = NULL, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim`;

const UNKNOWN_WORKERS = `
  SELECT DISTINCT worker
    FROM tq__task
   WHERE state = 'running' AND worker NOT IN (SELECT id FROM tq__worker)`;

/** Workers that hold tasks and are not registered: their rows were deleted while they lived. */
export function unknownWorkers(db: Database): string[] {
  return (db.query(UNKNOWN_WORKERS).values() as [string][]).map(([worker]) => worker);
}

interface WorkerDeath extends AfterFailure {
  /** Of the process that has found the death. */
  readonly bootId: string;
  readonly maxCrashes: number;
  /** The last runs of its threads, as they showed them. */
  readonly shown: readonly Shown[];
}

/**
 * Puts the tasks of a dead worker back. Which of them was to blame is unknown, so each becomes a suspect. A task that was
 * claimed as a suspect ran alone, so it counts a crash. After a reboot no task is to blame: none counts a crash or becomes
 * a suspect. The history has the runs of those that ran.
 *
 * @returns null when another worker has put them back first.
 */
export function rescueWorker(
  db: Database,
  worker: string,
  { bootId, maxCrashes, shown, known }: WorkerDeath,
  now: number,
): RescuedTask[] | null {
  const row = db.query(BOOT_OF).get({ worker }) as { boot_id: string } | null;
  const held = heldBy(db, worker);
  if (!row && held.length === 0) return null;
  const isToBlame = row?.boot_id === bootId || row === null;
  // The view tq_attempts knows these words: nobody knows how long such a run took.
  const reason = isToBlame ? "its worker process died" : "its machine went down";
  const tasks = held.map((task) => {
    const ran = task.begun === 1 || hasRun(task, held, shown);
    if (task.begun === 1 && isToBlame)
      return recordCrash(db, task, { reason, maxCrashes }, { known }, now);
    if (isToBlame) suspect(db, task, reason, ran, now);
    else if (ran) interrupt(db, task, reason, now);
    else handBack(db, [task], now);
    return rescuedTask(task);
  });
  db.query(UNREGISTER).run({ worker });
  countRescued(db, tasks.length, 1);
  return tasks;
}

const HOLDERS = "SELECT DISTINCT worker FROM tq__task WHERE state = 'running'";

const UNREGISTER_ALL = "DELETE FROM tq__worker";

/** Puts back all that workers of a copied database held: they live elsewhere, if at all. @returns how many tasks */
export function releaseAll(db: Database, now: number): number {
  const holders = db.query(HOLDERS).values() as [string][];
  const released = holders.map(([worker]) => {
    const held = heldBy(db, worker);
    for (const task of held) {
      if (task.begun === 1 || hasRun(task, held, [])) interrupt(db, task, RESTORED, now);
      else handBack(db, [task], now);
    }
    return held.length;
  });
  db.query(UNREGISTER_ALL).run();
  return released.reduce((sum, count) => sum + count, 0);
}

/** The view tq_attempts knows these words, too. */
const RESTORED = "its database was restored";

/** A thread that held one task had begun it, or was about to; of several, the one ran that has shown something. */
function hasRun(task: HeldRow, held: readonly HeldRow[], shown: readonly Shown[]): boolean {
  if (held.filter(({ thread }) => thread === task.thread).length === 1) return true;
  return shown.some(({ id, claim, text }) => id === task.id && claim === task.claim && text !== "");
}

function suspect(db: Database, task: HeldRow, reason: string, ran: boolean, now: number): void {
  if (ran) recordAttempt(db, task, { outcome: "interrupted", reason, now });
  const { id, claim } = task;
  db.query(MAKE_SUSPECT).run({ id, claim, reason, runs: ran ? 1 : 0 });
}

/**
 * Puts the tasks of a dead thread back. The task that ran is known, and it alone counts a crash, unless the thread was
 * stopped on purpose.
 */
export function rescueThread(
  db: Database,
  owner: Owner,
  { running, reason, maxCrashes, outcome, suspectAll }: ThreadDeath,
  after: AfterFailure,
  now: number,
): RescuedTask[] {
  const held = db.query(HELD_BY_THREAD).all({ ...owner }) as HeldRow[];
  if (maxCrashes !== null) countRescued(db, held.length);
  return held.map((task) => {
    const ran = task.id === running?.id && task.claim === running.claim;
    if (ran && outcome) {
      settle(db, task, outcome, after, now);
      return rescuedTask(task);
    }
    if (ran && maxCrashes !== null) {
      return recordCrash(db, task, { reason, maxCrashes }, after, now);
    }
    if (ran) interrupt(db, task, reason, now);
    else if (suspectAll) suspect(db, task, reason, false, now);
    else handBack(db, [task], now);
    return rescuedTask(task);
  });
}

function recordCrash(
  db: Database,
  task: HeldRow,
  death: Crash,
  after: AfterFailure,
  now: number,
): RescuedTask {
  const result = crash(db, task, death, after, now);
  if (!result) return rescuedTask(task);
  return { ...rescuedTask(task), state: result.state, crashes: result.crashes, crashed: true };
}

function rescuedTask(row: HeldRow): RescuedTask {
  const { id, model, method, queue, instances, ref, crashes } = row;
  const call = { id, model, method, queue, instances, ref };
  return { ...call, attempt: row.attempts + 1, state: "ready", crashes, crashed: false };
}
