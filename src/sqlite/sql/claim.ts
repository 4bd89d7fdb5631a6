/** Claims tasks for a thread, and gives back claims that have not begun. */
import type { Database } from "bun:sqlite";
import type { Claim, ClaimedTask } from "../../task.ts";
import type { ClaimOptions, Owner } from "../../store/session.ts";
import { isDue, makeDueReady } from "./due.ts";
import { CLAIMED_COLUMNS, firstReady, firstSuspect } from "./first-ready.ts";
import { matchQueues, suspectQueues } from "./queues.ts";

/**
 * Makes due tasks ready, then claims the first `limit` ready ones. A suspect comes first, and is a claim
 * of its own.
 */
export function claim(db: Database, options: ClaimOptions, now: number): ClaimedTask[] {
  if (isDue(db, now)) makeDueReady(db, now);
  const suspect = claimSuspect(db, options, now);
  if (suspect) return [suspect];
  return setRunning(db, firstReady(db, options.queues, options.limit), options.owner, now);
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

/** A worker runs one suspect at a time, beside ordinary tasks of its other threads: if it dies, the suspect did it. */
function claimSuspect(
  db: Database,
  { owner, queues }: ClaimOptions,
  now: number,
): ClaimedTask | null {
  const names = suspectQueues(db);
  if (names.length === 0 || runsSuspect(db, owner.worker)) return null;
  const suspect = firstSuspect(db, matchQueues(db, queues, names));
  return setRunning(db, suspect, owner, now)[0] ?? null;
}

const READY_OR_SCHEDULED = `
  SELECT ${CLAIMED_COLUMNS} FROM tq__task AS task WHERE id = ? AND state IN ('ready', 'scheduled')`;

/** Claims this task, due or not; null when it is neither ready nor scheduled any more. */
export function claimOne(db: Database, id: number, owner: Owner, now: number): ClaimedTask | null {
  return setRunning(db, db.query(READY_OR_SCHEDULED).iterate(id), owner, now)[0] ?? null;
}

/** `begun` is 1 for suspects alone: once this claim is on disk, the death of the worker counts against them. */
const setRunningWhere = (which: string): string => `
  UPDATE tq__task
     SET state = 'running', claim = claim + 1, worker = ?1, thread = ?2, dequeued_at = ?3, begun = suspect,
         reason = NULL
   WHERE ${which}`;

const SET_RUNNING = setRunningWhere("id = ?4");
const SET_ALL_RUNNING = setRunningWhere("id IN (SELECT value FROM json_each(?4))");

/** Takes rows that were just read under the write lock: a read and an UPDATE cost less than one UPDATE … RETURNING. */
function setRunning(
  db: Database,
  rows: Iterable<unknown>,
  { worker, thread }: Owner,
  now: number,
): ClaimedTask[] {
  const claimed = readUpToSize(rows as Iterable<ClaimedRow>);
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

function readUpToSize(rows: Iterable<ClaimedRow>): ClaimedTask[] {
  const claimed: ClaimedTask[] = [];
  let size = 0;
  for (const row of rows) {
    claimed.push(toClaimed(row));
    size += row.instances.length + row.args.length + row.context.length;
    if (size > CLAIM_CHARACTERS) break;
  }
  return claimed;
}

/** The columns of CLAIMED_COLUMNS. */
interface ClaimedRow extends Omit<ClaimedTask, "attempt" | "suspect" | "again"> {
  readonly attempts: number;
  readonly suspect: 0 | 1;
  readonly again: 0 | 1;
}

/** Copies field by field: with a spread, reading a task takes a third longer. */
function toClaimed(row: ClaimedRow): ClaimedTask {
  return {
    id: row.id,
    claim: row.claim + 1, // as the UPDATE sets it
    model: row.model,
    method: row.method,
    instances: row.instances,
    args: row.args,
    context: row.context,
    user: row.user,
    queue: row.queue,
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

/** Returns claims to the queue without counting an attempt. The reason of an earlier run is not restored. */
export function handBack(db: Database, claims: readonly Claim[], now: number): void {
  const statement = db.query(HAND_BACK);
  for (const { id, claim: number } of claims) statement.run({ id, claim: number, now });
}
