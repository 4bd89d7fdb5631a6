/** The statements that move a task: push, claim, settle, hand back. A connection in, rows out. */
import type { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import type { ErrorData } from "../outcome.ts";
import type { Claim, ClaimedTask, NewTask } from "../task.ts";
import { isUnique } from "./errors.ts";
import { recordError } from "./failures.ts";
import { matchQueues } from "./queues.ts";
import type { ClaimOptions, Owner } from "./store.ts";

const PUSH = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at)
  VALUES ($state, $queue, $priority, $deadline, $model, $method, $instances, $args, $user, $context,
          $ref, $now, $scheduledAt, $expectedAt)`;

/** Stores tasks and returns their ids. @throws TqError "conflict" when a ref is taken. */
export function push(db: Database, tasks: readonly NewTask[], now: number): number[] {
  const statement = db.query(PUSH);
  return tasks.map((task) => {
    const { scheduledAt, expectedAt } = task;
    try {
      const { lastInsertRowid } = statement.run({
        state: scheduledAt !== null && scheduledAt > now ? "scheduled" : "ready",
        queue: task.queue,
        priority: task.priority,
        deadline: expectedAt ?? scheduledAt ?? now,
        model: task.model,
        method: task.method,
        instances:
          typeof task.instances === "number"
            ? String(task.instances)
            : JSON.stringify(task.instances),
        args: task.args,
        user: task.user,
        context: task.context,
        ref: task.ref,
        now,
        scheduledAt,
        expectedAt,
      });
      return Number(lastInsertRowid);
    } catch (error) {
      if (isUnique(error) && task.ref !== null) {
        throw new TqError(
          "conflict",
          `Cannot push with ref ${JSON.stringify(task.ref)}: another task has it`,
        );
      }
      throw error;
    }
  });
}

/** So many due tasks become ready in one transaction: a million at once would hold the lock for seconds. */
const DUE_LIMIT = 500;

const MAKE_DUE_READY = `
  UPDATE tq__task
     SET state = 'ready'
   WHERE id IN (SELECT id
                  FROM tq__task
                 WHERE state = 'scheduled' AND scheduled_at <= $now
                 ORDER BY scheduled_at
                 LIMIT ${DUE_LIMIT})`;

const CLAIMED_COLUMNS = `id, claim, model, method, instances, args, context, user, queue, priority, deadline,
          attempts, crashes, suspect`;

const SET_RUNNING = `
  UPDATE tq__task
     SET state = 'running',
         claim = claim + 1,
         worker = $worker,
         thread = $thread,
         dequeued_at = $now,
         begun = suspect,
         reason = NULL`;

/** The first ready tasks of one queue, in their order: one arm of a claim. */
const ARM = (parameter: string) => `
  SELECT * FROM (SELECT id, priority, deadline
                   FROM tq__task
                  WHERE state = 'ready' AND suspect = 0 AND queue = ${parameter}
                  ORDER BY priority DESC, deadline, id
                  LIMIT $limit)`;

const CLAIMS = new Map<number, string>();

/** The claim over so many queues: an arm for each under one order; an `IN` would scan or sort. */
function claimStatement(arms: number): string {
  let statement = CLAIMS.get(arms);
  if (statement === undefined) {
    const union = Array.from({ length: arms }, (_, arm) => ARM(`$q${arm}`)).join(" UNION ALL ");
    statement = `${SET_RUNNING}
      WHERE id IN (SELECT id FROM (${union}) ORDER BY priority DESC, deadline, id LIMIT $limit)
      RETURNING ${CLAIMED_COLUMNS}`;
    CLAIMS.set(arms, statement);
  }
  return statement;
}

/** SQLite takes at most 500 terms in a compound SELECT; the rest has its turn when these are empty. */
const MAX_ARMS = 400;

/** Makes due tasks ready, then claims the first `limit` ready ones. Suspects come first, and alone. */
export function claim(db: Database, options: ClaimOptions, now: number): ClaimedTask[] {
  db.query(MAKE_DUE_READY).run({ now });
  const suspect = claimSuspect(db, options, now);
  if (suspect) return [suspect];
  const queues = matchQueues(db, options.queues).slice(0, MAX_ARMS);
  if (queues.length === 0) return [];
  const parameters: Record<string, string | number> = {
    ...options.owner,
    now,
    limit: options.limit,
  };
  queues.forEach((queue, arm) => (parameters[`q${arm}`] = queue));
  const rows = db.query(claimStatement(queues.length)).all(parameters) as ClaimedRow[];
  return rows.map(toClaimed).sort(inOrder);
}

const HAS_SUSPECT = `SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect = 1 LIMIT 1`;

const RUNS_SUSPECT = `
  SELECT 1 FROM tq__task WHERE state = 'running' AND worker = $worker AND begun = 1 LIMIT 1`;

export function runsSuspect(db: Database, worker: string): boolean {
  return db.query(RUNS_SUSPECT).get({ worker }) !== null;
}

const SUSPECTS = `
  SELECT id, queue
    FROM tq__task
   WHERE state = 'ready' AND suspect = 1
   ORDER BY priority DESC, deadline, id
   LIMIT 500`;

/** A worker runs one suspect at a time: if it dies, there is no doubt which of them did it. */
function claimSuspect(
  db: Database,
  { owner, queues }: ClaimOptions,
  now: number,
): ClaimedTask | null {
  if (!db.query(HAS_SUSPECT).get()) return null;
  if (runsSuspect(db, owner.worker)) return null;
  const suspects = db.query(SUSPECTS).all() as { id: number; queue: string }[];
  const wanted = new Set(
    matchQueues(
      db,
      queues,
      suspects.map((task) => task.queue),
    ),
  );
  const first = suspects.find((task) => wanted.has(task.queue));
  return first ? claimOne(db, first.id, owner, now) : null;
}

const CLAIM_ONE = `${SET_RUNNING}
   WHERE id = $id AND state IN ('ready', 'scheduled')
  RETURNING ${CLAIMED_COLUMNS}`;

/** Claims this task, due or not; null when it is not waiting any more. */
export function claimOne(db: Database, id: number, owner: Owner, now: number): ClaimedTask | null {
  const row = db.query(CLAIM_ONE).get({ id, now, ...owner }) as ClaimedRow | null;
  return row && toClaimed(row);
}

interface ClaimedRow extends Omit<ClaimedTask, "attempt" | "suspect"> {
  readonly attempts: number;
  readonly suspect: 0 | 1;
}

function toClaimed({ attempts, suspect, ...row }: ClaimedRow): ClaimedTask {
  return { ...row, attempt: attempts + 1, suspect: suspect === 1 };
}

/** `RETURNING` has no order of its own. */
function inOrder(a: ClaimedTask, b: ClaimedTask): number {
  return b.priority - a.priority || a.deadline - b.deadline || a.id - b.id;
}

const HAND_BACK = `
  UPDATE tq__task
     SET state = 'ready', worker = NULL, thread = NULL, dequeued_at = NULL, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim`;

/** Gives back claims that have not begun, as if they had never been made. */
export function handBack(db: Database, claims: readonly Claim[]): void {
  const statement = db.query(HAND_BACK);
  for (const { id, claim: number } of claims) statement.run({ id, claim: number });
}

const FINISH = `
  UPDATE tq__task
     SET state = 'finished', finished_at = $now, result = $result, attempts = attempts + 1,
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim`;

export function finish(db: Database, run: Claim, result: string | null, now: number): boolean {
  return db.query(FINISH).run({ id: run.id, claim: run.claim, result, now }).changes === 1;
}

const FAIL = `
  UPDATE tq__task
     SET state = 'failed', finished_at = $now, reason = $reason, attempts = attempts + 1,
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim
  RETURNING attempts`;

export function fail(db: Database, run: Claim, error: ErrorData, now: number): boolean {
  const reason = `${error.name}: ${error.message}`;
  const row = db.query(FAIL).get({ id: run.id, claim: run.claim, reason, now });
  if (row) recordError(db, run.id, (row as { attempts: number }).attempts, error, now);
  return row !== null;
}

const RETRY = `
  UPDATE tq__task
     SET state = 'scheduled', scheduled_at = $at, reason = $reason, attempts = attempts + 1,
         worker = NULL, thread = NULL, dequeued_at = NULL, suspect = 0, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim
  RETURNING attempts`;

export function retry(
  db: Database,
  run: Claim,
  at: number,
  error: ErrorData,
  now: number,
): boolean {
  const reason = `${error.name}: ${error.message}`;
  const row = db.query(RETRY).get({ id: run.id, claim: run.claim, reason, at });
  if (row) recordError(db, run.id, (row as { attempts: number }).attempts, error, now);
  return row !== null;
}

const INTERRUPT = `
  UPDATE tq__task
     SET state = 'ready', reason = $reason, attempts = attempts + 1,
         worker = NULL, thread = NULL, dequeued_at = NULL, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim`;

export function interrupt(db: Database, run: Claim, reason: string): boolean {
  return db.query(INTERRUPT).run({ id: run.id, claim: run.claim, reason }).changes === 1;
}

const CRASH = `
  UPDATE tq__task
     SET state = iif(crashes + 1 >= $maxCrashes, 'failed', 'ready'),
         finished_at = iif(crashes + 1 >= $maxCrashes, $now, NULL),
         dequeued_at = iif(crashes + 1 >= $maxCrashes, dequeued_at, NULL),
         crashes = crashes + 1,
         attempts = attempts + 1,
         reason = iif(crashes + 1 >= $maxCrashes,
                      'Set aside after ' || (crashes + 1) || ' crashes: ' || $reason, $reason),
         worker = NULL, thread = NULL, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim
  RETURNING state, attempts, crashes`;

/** Counts a crash; null when the claim was lost. */
export function crash(
  db: Database,
  run: Claim,
  reason: string,
  maxCrashes: number,
  now: number,
): { state: "ready" | "failed"; crashes: number } | null {
  const row = db.query(CRASH).get({ id: run.id, claim: run.claim, reason, maxCrashes, now }) as {
    state: "ready" | "failed";
    attempts: number;
    crashes: number;
  } | null;
  if (row) {
    const error = { name: "Crash", message: reason, stack: null };
    recordError(db, run.id, row.attempts, error, now);
  }
  return row;
}
