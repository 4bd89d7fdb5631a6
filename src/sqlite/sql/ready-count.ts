/** Counts the tasks that a claim would take, for threads that are idle. It counts by the conditions of the claim. */
import type { Database } from "bun:sqlite";
import { isQueuePaused } from "../../store/pauses.ts";
import type { Look, LookOptions } from "../../store/looking.ts";
import { takesQueue } from "../../store/queue-patterns.ts";
import type { ClaimOptions } from "../../store/session.ts";
import { runsSuspect } from "./claim.ts";
import { countReadyOf } from "./counts.ts";
import { nextDue } from "./due.ts";
import { othersHoldTasks } from "./looking.ts";
import { isAnyHeld, pausesInForce, type StoredPause } from "./pauses.ts";
import { candidates, matchQueues, suspectQueues } from "./queues.ts";
import { hasReturning } from "./set-aside.ts";

interface ReadyCount {
  readonly ready: number;
  /** When the next pause ends by itself; null: none does. */
  readonly pauseEnds: number | null;
}

interface ReadyOptions {
  readonly queues: readonly string[];
  /** Tasks are counted up to this number. */
  readonly limit: number;
  /** The worker that would claim; null: one that runs no suspect. */
  readonly worker: string | null;
}

const NO_PAUSES: readonly StoredPause[] = [];

/**
 * Counts the ready tasks of these queues. All suspects count as one, and as none for a worker that runs one: it cannot
 * claim another until that has ended. Tasks of a paused method count until a claim has set them aside.
 */
function countReady(db: Database, options: ReadyOptions, now: number): ReadyCount {
  const { limit } = options;
  if (!isAnyHeld(db)) return { ready: countInLine(db, options, NO_PAUSES), pauseEnds: null };
  const pauses = pausesInForce(db, now);
  const beside = countBeside(db, options, pauses);
  const rest = { ...options, limit: limit - beside };
  const ready = beside < limit ? beside + countInLine(db, rest, pauses) : limit;
  return { ready, pauseEnds: nextEnd(pauses) };
}

/** Suspects, and tasks that come back from a pause that has ended. */
function countBeside(
  db: Database,
  { queues, worker }: ReadyOptions,
  pauses: readonly StoredPause[],
): number {
  const names = suspectQueues(db).filter((name) => !isQueuePaused(pauses, name));
  const hasSuspect = matchQueues(db, queues, names).length > 0;
  const maySuspect = hasSuspect && !(worker !== null && runsSuspect(db, worker));
  return (maySuspect ? 1 : 0) + (hasReturning(db, queues, pauses) ? 1 : 0);
}

function countInLine(
  db: Database,
  { queues, limit }: ReadyOptions,
  pauses: readonly StoredPause[],
): number {
  let ready = 0;
  for (const queue of candidates(db, queues)) {
    if (!takesQueue(queues, queue) || isQueuePaused(pauses, queue)) continue;
    ready += countReadyOf(db, queue, limit - ready);
    if (ready >= limit) break;
  }
  return ready;
}

function nextEnd(pauses: readonly StoredPause[]): number | null {
  const ends = pauses.flatMap(({ until }) => until ?? []);
  return ends.length === 0 ? null : Math.min(...ends);
}

/** Reads all that a worker's main thread needs when it looks for tasks. */
export function look(db: Database, options: LookOptions, now: number): Look {
  const none: ReadyCount = { ready: 0, pauseEnds: null };
  return {
    ...(options.limit > 0 ? countReady(db, options, now) : none),
    due: nextDue(db),
    othersHoldTasks: othersHoldTasks(db, options.worker),
  };
}

const CLAIMABLE = `
  SELECT EXISTS (SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect = 0) AS ready,
         EXISTS (SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect > 0) AS beside,
         EXISTS (SELECT 1 FROM tq__task WHERE state = 'scheduled' AND scheduled_at <= $now) AS due,
         EXISTS (SELECT 1 FROM tq__pause) AS paused`;

/** True when a claim for these queues may find a task; one statement finds out that none waits. */
export function hasClaimable(db: Database, { queues, owner }: ClaimOptions, now: number): boolean {
  const { ready, beside, due, paused } = db.query(CLAIMABLE).get({ now }) as Record<string, 0 | 1>;
  if (due || (ready && queues.length === 0 && !paused)) return true;
  if (!ready && !beside) return false;
  return countReady(db, { queues, limit: 1, worker: owner.worker }, now).ready > 0;
}

const queuesIn = (state: "running" | "scheduled"): string => `
  SELECT DISTINCT queue FROM tq__task WHERE state = '${state}' LIMIT CAST($limit AS INTEGER)`;

const RUNNING_QUEUES = queuesIn("running");
const SCHEDULED_QUEUES = queuesIn("scheduled");

/**
 * True while these queues have a task that is ready or running, or scheduled where `scheduled` is true; those that a
 * pause holds do not count.
 */
export function hasWork(
  db: Database,
  queues: readonly string[],
  scheduled: boolean,
  now: number,
): boolean {
  if (countReady(db, { queues, limit: 1, worker: null }, now).ready > 0) return true;
  if (hasQueueIn(db, RUNNING_QUEUES, queues, NO_PAUSES)) return true;
  return scheduled && hasQueueIn(db, SCHEDULED_QUEUES, queues, pausesInForce(db, now));
}

function hasQueueIn(
  db: Database,
  statement: string,
  queues: readonly string[],
  pauses: readonly StoredPause[],
): boolean {
  const isAny = queues.length === 0 && !pauses.some(({ kind }) => kind === "queue");
  const limit = isAny ? 1 : -1; // any queue will do, or all are needed
  const names = (db.query(statement).values({ limit }) as [string][]).map(([queue]) => queue);
  return matchQueues(db, queues, names).some((name) => !isQueuePaused(pauses, name));
}
