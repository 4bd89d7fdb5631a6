/** Claims tasks for a thread, and gives back claims that have not begun. */
import type { Database } from "bun:sqlite";
import type { Claim, ClaimedTask } from "../../task.ts";
import { isQueuePaused, pausesOf } from "../../store/pauses.ts";
import type { ClaimOptions, Owner } from "../../store/session.ts";
import { isDue, makeDueReady } from "./due.ts";
import { CLAIMED_COLUMNS, firstReady, firstSuspect } from "./first-ready.ts";
import { endPauses, isAnyHeld, type StoredPause } from "./pauses.ts";
import { matchQueues, suspectQueues } from "./queues.ts";
import { methodPauseOf, MOVED_AT_ONCE, putBack, setAside, setHeadAside } from "./set-aside.ts";

/** Reads nothing where a claim need only take the first ready tasks: the usual case, in one statement. */
const IS_MORE_TO_DO = `
  SELECT 1 FROM tq__task WHERE state = 'scheduled' AND scheduled_at <= ?1
   UNION ALL
  SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect > 0
   UNION ALL
  SELECT 1 FROM tq__pause
   LIMIT 1`;

/**
 * Makes due tasks ready, then claims the first `limit` ready ones that are not paused. A suspect comes first, and is a
 * claim of its own.
 */
export function claim(db: Database, options: ClaimOptions, now: number): ClaimedTask[] {
  const { owner, queues, limit } = options;
  if (db.query(IS_MORE_TO_DO).get(now) !== null) return claimWithCare(db, options, now);
  return setRunning(db, readUpToSize(firstReady(db, queues, limit)), owner, now);
}

function claimWithCare(db: Database, options: ClaimOptions, now: number): ClaimedTask[] {
  const { owner, queues, limit } = options;
  if (isDue(db, now)) makeDueReady(db, now);
  if (!isAnyHeld(db)) {
    return setRunning(db, readUpToSize(firstReady(db, queues, limit)), owner, now);
  }
  const pauses = endPauses(db, now);
  putBack(db, queues, pauses);
  return setRunning(db, firstUnpaused(db, options, pauses), owner, now);
}

/** The first tasks that no pause holds. Those that it meets before them, it sets aside. */
function firstUnpaused(
  db: Database,
  options: ClaimOptions,
  pauses: readonly StoredPause[],
): ClaimedTask[] {
  for (let left = MOVED_AT_ONCE; ;) {
    const first = suspectOrFirst(db, options, pauses);
    const paused = first.filter((task) => methodPauseOf(pauses, task));
    if (paused.length === 0) return first;
    left -= setThoseAside(db, paused, pauses, left);
    // The next claim goes on: a queue of a million paused tasks must not hold the lock for seconds.
    if (left <= 0) return first.filter((task) => !paused.includes(task));
  }
}

/** Sets these aside, then, up to `most` in all, those that stand behind them. */
function setThoseAside(
  db: Database,
  tasks: readonly ClaimedTask[],
  pauses: readonly StoredPause[],
  most: number,
): number {
  for (const pause of pauses) {
    const held = tasks.filter((task) => methodPauseOf(pauses, task) === pause);
    if (held.length > 0) setAside(db, pause.id, held);
  }
  const queues = new Set(tasks.filter(({ suspect }) => !suspect).map(({ queue }) => queue));
  let count = tasks.length;
  for (const queue of queues) count += setHeadAside(db, queue, pauses, most - count);
  return count;
}

/** Only the claim of a suspect sets `begun`: it counts as begun once its claim is on disk. */
const RUNNING_SUSPECT = `
  SELECT id FROM tq__task WHERE state = 'running' AND worker = $worker AND begun = 1 LIMIT 1`;

export function runningSuspect(db: Database, worker: string): number | null {
  const row = db.query(RUNNING_SUSPECT).get({ worker }) as { id: number } | null;
  return row && row.id;
}

export function runsSuspect(db: Database, worker: string): boolean {
  return runningSuspect(db, worker) !== null;
}

/**
 * The first ready tasks, or a suspect alone. A worker runs one suspect at a time, beside ordinary tasks of its other
 * threads: if it dies, the suspect did it.
 */
function suspectOrFirst(
  db: Database,
  { owner, queues, limit }: ClaimOptions,
  pauses: readonly StoredPause[],
): ClaimedTask[] {
  const names = suspectQueues(db).filter((name) => !isQueuePaused(pauses, name));
  if (names.length > 0 && !runsSuspect(db, owner.worker)) {
    const suspect = readUpToSize(firstSuspect(db, matchQueues(db, queues, names)));
    if (suspect.length > 0) return suspect;
  }
  return readUpToSize(firstReady(db, queues, limit, pauses));
}

const READY_OR_SCHEDULED = `
  SELECT ${CLAIMED_COLUMNS}, suspect > 1 OR EXISTS (SELECT 1 FROM tq__pause) AS isHeld
    FROM tq__task AS task
   WHERE id = ? AND state IN ('ready', 'scheduled')`;

const IN_LINE = "UPDATE tq__task SET suspect = suspect & 1 WHERE id = ? AND suspect > 1";

/**
 * Claims this task, due or not; null when it is neither ready nor scheduled any more, or a pause holds it.
 *
 * @param evenPaused true: no pause matters.
 */
export function claimOne(
  db: Database,
  id: number,
  owner: Owner,
  now: number,
  evenPaused = false,
): ClaimedTask | null {
  const row = db.query(READY_OR_SCHEDULED).get(id) as (ClaimedRow & { isHeld: 0 | 1 }) | null;
  if (row === null) return null;
  const task = toClaimed(row);
  if (row.isHeld === 0) return setRunning(db, [task], owner, now)[0] ?? null;
  if (!evenPaused && pausesOf(endPauses(db, now), task).length > 0) return null;
  db.query(IN_LINE).run(id);
  const isSuspect = row.suspect % 2 === 1;
  return setRunning(db, [{ ...task, suspect: isSuspect }], owner, now)[0] ?? null;
}

/**
 * `begun` is 1 for suspects alone: once this claim is on disk, the death of the worker counts against them. The reason of
 * an earlier run stays for a claim that is handed back; no view shows it of a task that runs.
 */
const setRunningWhere = (which: string): string => `
  UPDATE tq__task
     SET state = 'running', claim = claim + 1, worker = ?1, thread = ?2, dequeued_at = ?3, begun = suspect
   WHERE ${which}`;

const SET_RUNNING = setRunningWhere("id = ?4");
const SET_ALL_RUNNING = setRunningWhere("id IN (SELECT value FROM json_each(?4))");

/** Takes rows that were just read under the write lock: a read and an UPDATE cost less than one UPDATE … RETURNING. */
function setRunning(
  db: Database,
  claimed: ClaimedTask[],
  { worker, thread }: Owner,
  now: number,
): ClaimedTask[] {
  const [only] = claimed;
  if (only && claimed.length === 1) db.query(SET_RUNNING).run(worker, thread, now, only.id);
  else if (only) db.query(SET_ALL_RUNNING).run(worker, thread, now, listIds(claimed));
  return claimed;
}

/** The ids as `json_each` takes them. */
export function listIds(claims: readonly Claim[]): string {
  return `[${claims.map(({ id }) => id).join()}]`;
}

/**
 * A claim ends with the task that exceeds this: calls are read under the write lock, and stay in memory until they run.
 */
const CLAIM_CHARACTERS = 1_000_000;

function readUpToSize(rows: Iterable<unknown>): ClaimedTask[] {
  const claimed: ClaimedTask[] = [];
  let size = 0;
  let last: ClaimedTask | null = null;
  for (const row of rows as Iterable<ClaimedRow>) {
    claimed.push((last = toClaimed(row, last)));
    size += row.instances.length + row.args.length + row.context.length;
    if (size > CLAIM_CHARACTERS) break;
  }
  return claimed;
}

/** The columns of CLAIMED_COLUMNS. */
interface ClaimedRow extends Omit<ClaimedTask, "attempt" | "suspect" | "again"> {
  readonly attempts: number;
  /** More than 1: set aside for a pause. */
  readonly suspect: number;
  readonly again: 0 | 1;
}

/**
 * Copies field by field: with a spread, reading a task takes a third longer.
 *
 * @param last the task before, which mostly has the same names: their copies are looked up faster than new ones.
 */
function toClaimed(row: ClaimedRow, last: ClaimedTask | null = null): ClaimedTask {
  return {
    id: row.id,
    claim: row.claim + 1, // as the UPDATE sets it
    model: last?.model === row.model ? last.model : row.model,
    method: last?.method === row.method ? last.method : row.method,
    instances: row.instances,
    args: row.args,
    context: row.context,
    user: row.user,
    queue: last?.queue === row.queue ? last.queue : row.queue,
    priority: row.priority,
    deadline: row.deadline,
    enqueuedAt: row.enqueuedAt,
    scheduledAt: row.scheduledAt,
    expectedAt: row.expectedAt,
    attempt: row.attempts + 1,
    suspect: row.suspect === 1,
    postponed: row.postponed,
    failures: row.failures,
    expiresAt: row.expiresAt,
    policy: row.policy,
    ref: row.ref,
    again: row.again === 1,
  };
}

/** `claimOne` may have claimed a task before its time. */
const HAND_BACK = `
  UPDATE tq__task
     SET state = iif(scheduled_at > $now, 'scheduled', 'ready'),
         worker = NULL, thread = NULL, dequeued_at = NULL, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim`;

/** Returns claims to the queue without counting an attempt. */
export function handBack(db: Database, claims: readonly Claim[], now: number): void {
  const statement = db.query(HAND_BACK);
  for (const { id, claim: number } of claims) statement.run({ id, claim: number, now });
}
