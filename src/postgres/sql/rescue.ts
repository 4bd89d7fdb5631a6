/** Puts back the tasks of workers and threads that died. */
import type { RescuedTask, ThreadDeath } from "../../store/rescue.ts";
import type { Owner } from "../../store/session.ts";
import type { Connection } from "../connection.ts";
import { LOCK_CLASS } from "../locks.ts";
import { handBack } from "./hand-back.ts";
import type { AfterFailure } from "../../store/known-follow-ups.ts";
import { type HeldTask, heldBy, heldByThread, rescuedTask } from "./held-tasks.ts";
import type { Shown } from "./live-output.ts";
import { type Crash, crash, interrupt, settle } from "./settle.ts";
import { remove } from "./workers.ts";

/** A worker that seems to be dead: nobody holds its lock. */
export interface Suspicion {
  readonly id: string;
  /** Null, as all that follows: it is not registered, and known by its tasks alone. */
  readonly pid: number | null;
  readonly host: string | null;
  readonly boot_id: string | null;
  readonly pid_space: string | null;
  readonly application: string | null;
  readonly life: number | null;
}

/**
 * Workers whose rows were deleted while they held tasks are among them. Their names are found by one step along the
 * index each, not by a walk over all that runs.
 */
export const LIFELESS = `
  WITH RECURSIVE holder (id) AS (
    (SELECT worker FROM tq.task WHERE state = 'running' ORDER BY worker LIMIT 1)
    UNION ALL
    SELECT (SELECT worker FROM tq.task WHERE state = 'running' AND worker > holder.id ORDER BY worker LIMIT 1)
      FROM holder WHERE holder.id IS NOT NULL)
  SELECT id, pid, host, boot_id, pid_space, application, life
    FROM tq.worker
   WHERE id NOT IN (SELECT id FROM tq.living)
  UNION ALL
  SELECT id, NULL, NULL, NULL, NULL, NULL, NULL
    FROM holder
   WHERE id IS NOT NULL AND NOT EXISTS (SELECT FROM tq.worker WHERE worker.id = holder.id)`;

export function findLifeless(db: Connection): Promise<Suspicion[]> {
  return db.all<Suspicion>(LIFELESS);
}

/** Ends the sessions that a dead process has left on the server: a role may end its own. */
const END_LEFT = `
  SELECT count(pg_terminate_backend(pid))
    FROM pg_stat_activity
   WHERE datname = current_database() AND usename = current_user
     AND (application_name = $1 OR starts_with(application_name, $1 || ' '))`; // of its threads

/** Ends the connections of a dead process: so no transaction of it keeps rows that the rescue needs. */
export async function endConnections(db: Connection, application: string): Promise<void> {
  await db.get(END_LEFT, [application]);
}

/** The lock keeps the worker from coming back to life until the transaction has ended. */
const DEAD = `
  SELECT boot_id, pg_try_advisory_xact_lock(${LOCK_CLASS}, life) AS dead
    FROM (SELECT boot_id, life FROM tq.worker WHERE id = $1 FOR UPDATE) AS one`;

const MAKE_SUSPECTS = `
  UPDATE tq.task
     SET state = 'ready', suspect = 1, reason = $3, worker = NULL, thread = NULL, dequeued_at = NULL, begun = false
    FROM unnest($1::bigint[], $2::integer[]) AS given (id, claim)
   WHERE task.id = given.id AND task.claim = given.claim AND worker IS NOT NULL`;

const MAKE_SUSPECT =
  "UPDATE tq.task SET suspect = 1 WHERE id = $1 AND state = 'ready' AND suspect = 0";

const COUNT_RESCUED = `
  UPDATE tq.total SET total = total + CASE name WHEN 'tasks_rescued' THEN $1::bigint ELSE $2::bigint END
   WHERE name IN ('tasks_rescued', 'workers_rescued')`;

/** Counts what was put back; call it last: all rescues change these rows. @param workers dead ones, whose tasks these were */
async function countRescued(db: Connection, tasks: number, workers = 0): Promise<void> {
  if (tasks + workers > 0) await db.run(COUNT_RESCUED, [tasks, workers]);
}

interface WorkerDeath extends AfterFailure {
  /** Of the process that has found the death. */
  readonly bootId: string;
  /** True where the worker ran on this host: another host's boot says nothing. */
  readonly isOurHost: boolean;
  readonly maxCrashes: number;
  /** The last runs of its threads, as they showed them. */
  readonly shown: readonly Shown[];
}

/** A dead worker, with all that it holds: others wait until the transaction ends. */
export interface DeadWorker {
  /** Null: it is not registered any more. */
  readonly bootId: string | null;
  readonly held: readonly HeldTask[];
}

/** @returns null when another worker has put its tasks back first, or the worker lives after all. */
export async function findDead(db: Connection, worker: string): Promise<DeadWorker | null> {
  const [row, held] = await Promise.all([
    db.get<{ boot_id: string; dead: boolean }>(DEAD, [worker]),
    heldBy(db, worker),
  ]);
  if (row?.dead === false || (row === null && held.length === 0)) return null;
  return { bootId: row?.boot_id ?? null, held };
}

/** Removes a dead worker whose tasks were put back. */
export async function removeDead(db: Connection, worker: string, tasks: number): Promise<void> {
  await Promise.all([remove(db, worker), countRescued(db, tasks, 1)]);
}

/**
 * Puts the tasks of a dead worker back. Which of them was to blame is unknown, so each becomes a suspect. A task that was
 * claimed as a suspect ran alone, so it counts a crash. After a reboot no task is to blame: none counts a crash or becomes
 * a suspect. The history has the runs of those that ran.
 */
export async function rescueWorker(
  db: Connection,
  { bootId: lastBoot, held }: DeadWorker,
  { bootId, isOurHost, maxCrashes, shown, known }: WorkerDeath,
  now: number,
): Promise<RescuedTask[]> {
  const isToBlame = lastBoot === null || !isOurHost || lastBoot === bootId;
  const reason = isToBlame ? "its worker process died" : "its machine went down";
  const unrun = new Set(held.filter((task) => !task.begun && !hasRun(task, held, shown)));
  const putBack = async (task: HeldTask): Promise<RescuedTask> => {
    if (task.begun && isToBlame) {
      return recordCrash(db, task, { reason, maxCrashes }, { known }, now);
    }
    if (unrun.has(task)) return rescuedTask(task);
    const suspecting = interrupt(db, task, reason, now);
    await Promise.all([suspecting, isToBlame && db.run(MAKE_SUSPECT, [task.id])]);
    return rescuedTask(task);
  };
  const tasks = Promise.all(held.map(putBack));
  const others = isToBlame ? makeSuspects(db, [...unrun], reason) : handBack(db, [...unrun], now);
  return (await Promise.all([tasks, others]))[0];
}

/** A thread that held one task had begun it, or was about to; of several, the one ran that has shown something. */
function hasRun(task: HeldTask, held: readonly HeldTask[], shown: readonly Shown[]): boolean {
  if (held.filter(({ thread }) => thread === task.thread).length === 1) return true;
  return shown.some(({ id, claim, text }) => id === task.id && claim === task.claim && text !== "");
}

async function makeSuspects(db: Connection, tasks: readonly HeldTask[], reason: string) {
  if (tasks.length === 0) return;
  const ids = tasks.map(({ id }) => id);
  const claims = tasks.map(({ claim }) => claim);
  await db.run(MAKE_SUSPECTS, [ids, claims, reason]);
}

/**
 * Puts the tasks of a dead thread back. The task that ran is known, and it alone counts a crash, unless the thread was
 * stopped on purpose.
 */
export async function rescueThread(
  db: Connection,
  owner: Owner,
  { running, reason, maxCrashes, outcome, suspectAll }: ThreadDeath,
  after: AfterFailure,
  now: number,
): Promise<RescuedTask[]> {
  const held = await heldByThread(db, owner);
  const tasks: RescuedTask[] = [];
  const others: HeldTask[] = [];
  for (const task of held) {
    const ran = task.id === running?.id && task.claim === running.claim;
    if (ran && !outcome && maxCrashes !== null) {
      tasks.push(await recordCrash(db, task, { reason, maxCrashes }, after, now));
      continue;
    }
    tasks.push(rescuedTask(task));
    if (!ran) others.push(task);
    else if (outcome) await settle(db, task, outcome, after, now);
    else await interrupt(db, task, reason, now);
  }
  if (suspectAll) await makeSuspects(db, others, reason);
  else if (others.length > 0) await handBack(db, others, now);
  if (maxCrashes !== null) await countRescued(db, held.length);
  return tasks;
}

async function recordCrash(
  db: Connection,
  task: HeldTask,
  death: Crash,
  after: AfterFailure,
  now: number,
): Promise<RescuedTask> {
  const result = await crash(db, task, death, after, now);
  if (!result) return rescuedTask(task);
  return { ...rescuedTask(task), state: result.state, crashes: result.crashes, crashed: true };
}
