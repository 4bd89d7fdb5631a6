/** The statements that move a task: push, claim, settle, hand back. A connection in, rows out. */
import type { Database, Statement } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import type { ErrorData } from "../../outcome.ts";
import type { Claim, ClaimedTask, NewTask } from "../../task.ts";
import { isUnique } from "../errors.ts";
import { recordError } from "./task-errors.ts";
import { matchQueues, suspectQueues } from "./queues.ts";
import type { ClaimOptions, Owner } from "../../store/store.ts";

const PUSH = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`;

/** Stores all tasks or none, and returns their ids. @throws TqError "conflict" when a ref is taken. */
export function push(db: Database, tasks: readonly NewTask[], now: number): number[] {
  const insert = db.query(PUSH);
  const [only] = tasks;
  if (only && tasks.length === 1) return [insertTask(insert, only, now)];
  db.query("SAVEPOINT tq_push").run();
  try {
    const ids = tasks.map((task) => insertTask(insert, task, now));
    db.query("RELEASE tq_push").run();
    return ids;
  } catch (error) {
    if (db.inTransaction) {
      db.query("ROLLBACK TO tq_push").run();
      db.query("RELEASE tq_push").run();
    }
    throw error;
  }
}

function insertTask(insert: Statement, task: NewTask, now: number): number {
  const { scheduledAt, expectedAt, instances } = task;
  try {
    const { lastInsertRowid } = insert.run(
      scheduledAt !== null && scheduledAt > now ? "scheduled" : "ready",
      task.queue,
      task.priority,
      expectedAt ?? scheduledAt ?? now,
      task.model,
      task.method,
      typeof instances === "number" ? String(instances) : JSON.stringify(instances),
      task.args,
      task.user,
      task.context,
      task.ref,
      now,
      scheduledAt,
      expectedAt,
    );
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
}

/** So many due tasks become ready in one transaction: a million at once would hold the lock for seconds. */
const DUE_LIMIT = 500;

const IS_DUE = `SELECT 1 FROM tq__task WHERE state = 'scheduled' AND scheduled_at <= $now LIMIT 1`;

const MAKE_DUE_READY = `
  UPDATE tq__task
     SET state = 'ready'
   WHERE id IN (SELECT id
                  FROM tq__task
                 WHERE state = 'scheduled' AND scheduled_at <= $now
                 ORDER BY scheduled_at
                 LIMIT ${DUE_LIMIT})`;

export function makeDueReady(db: Database, now: number): void {
  db.query(MAKE_DUE_READY).run({ now });
}

const CROWD = `
  SELECT 1 FROM tq__task WHERE state = 'scheduled' AND scheduled_at <= $now LIMIT 1 OFFSET ${DUE_LIMIT}`;

/** True when more tasks are due than one claim makes ready. */
export function isCrowdDue(db: Database, now: number): boolean {
  return db.query(CROWD).get({ now }) !== null;
}

const CLAIMED_COLUMNS = `task.id, claim, model, method, instances, args, context, user, queue, priority, deadline,
         attempts, suspect`;

/**
 * Behind a CAST: SQLite looks at the value of a bare parameter where a partial index or a LIMIT may depend on
 * it, and prepares the statement anew at each run, which takes ten times as long as the run.
 */
const FIRST_OF_QUEUE = `
  SELECT ${CLAIMED_COLUMNS}
    FROM tq__task AS task
   WHERE state = 'ready' AND suspect = 0 AND queue = CAST(?1 AS TEXT)
   ORDER BY priority DESC, deadline, id
   LIMIT CAST(?2 AS INTEGER)`;

/**
 * The first of each queue by the index, then the first of those; `queue IN (…)` would scan or sort them all. Only ids
 * are sorted: the tasks are read one after another, as many as are taken.
 */
const FIRST_OF_QUEUES = `
  SELECT ${CLAIMED_COLUMNS}
    FROM (SELECT task.id
            FROM json_each(?1) AS name CROSS JOIN tq__task AS task
           WHERE task.id IN (SELECT id
                               FROM tq__task
                              WHERE state = 'ready' AND suspect = 0 AND queue = name.value
                              ORDER BY priority DESC, deadline, id
                              LIMIT CAST(?2 AS INTEGER))
           ORDER BY task.priority DESC, task.deadline, task.id
           LIMIT CAST(?2 AS INTEGER)) AS first
   CROSS JOIN tq__task AS task ON task.id = first.id`;

/** Makes due tasks ready, then claims the first `limit` ready ones. Suspects come first, and alone. */
export function claim(db: Database, options: ClaimOptions, now: number): ClaimedTask[] {
  if (db.query(IS_DUE).get({ now })) makeDueReady(db, now);
  const suspect = claimSuspect(db, options, now);
  if (suspect) return [suspect];
  const { owner, limit } = options;
  const queues = matchQueues(db, options.queues);
  const [queue] = queues;
  if (queue === undefined) return [];
  const rows =
    queues.length === 1
      ? db.query(FIRST_OF_QUEUE).iterate(queue, limit)
      : db.query(FIRST_OF_QUEUES).iterate(JSON.stringify(queues), limit);
  return setRunning(db, rows, owner, now);
}

const RUNS_SUSPECT = `
  SELECT 1 FROM tq__task WHERE state = 'running' AND worker = $worker AND begun = 1 LIMIT 1`;

export function runsSuspect(db: Database, worker: string): boolean {
  return db.query(RUNS_SUSPECT).get({ worker }) !== null;
}

const FIRST_SUSPECT = FIRST_OF_QUEUES.replace("suspect = 0", "suspect = 1");

/** A worker runs one suspect at a time: if it dies, there is no doubt which of them did it. */
function claimSuspect(
  db: Database,
  { owner, queues }: ClaimOptions,
  now: number,
): ClaimedTask | null {
  const names = suspectQueues(db);
  if (names.length === 0 || runsSuspect(db, owner.worker)) return null;
  const wanted = JSON.stringify(matchQueues(db, queues, names));
  const rows = db.query(FIRST_SUSPECT).iterate(wanted, 1);
  return setRunning(db, rows, owner, now)[0] ?? null;
}

const WAITING = `
  SELECT ${CLAIMED_COLUMNS} FROM tq__task AS task WHERE id = ? AND state IN ('ready', 'scheduled')`;

/** Claims this task, due or not; null when it is not waiting any more. */
export function claimOne(db: Database, id: number, owner: Owner, now: number): ClaimedTask | null {
  return setRunning(db, db.query(WAITING).iterate(id), owner, now)[0] ?? null;
}

const SET_RUNNING = `
  UPDATE tq__task
     SET state = 'running', claim = claim + 1, worker = ?1, thread = ?2, dequeued_at = ?3, begun = suspect,
         reason = NULL
   WHERE id = ?4`;

const SET_ALL_RUNNING = SET_RUNNING.replace("id = ?4", "id IN (SELECT value FROM json_each(?4))");

/** For rows just read under the write lock: together with the read it costs less than one UPDATE … RETURNING. */
function setRunning(
  db: Database,
  rows: Iterable<unknown>,
  { worker, thread }: Owner,
  now: number,
): ClaimedTask[] {
  const claimed = take(rows as Iterable<ClaimedRow>);
  const [only] = claimed;
  if (only && claimed.length === 1) db.query(SET_RUNNING).run(worker, thread, now, only.id);
  else if (only) db.query(SET_ALL_RUNNING).run(worker, thread, now, listIds(claimed));
  return claimed;
}

/** As `json_each` takes them. */
export function listIds(claims: readonly Claim[]): string {
  return `[${claims.map(({ id }) => id).join()}]`;
}

/** What one claim reads of its calls at most, and one more: it is read under the lock, and kept until it has run. Characters. */
const CLAIM_SIZE = 1_000_000;

function take(rows: Iterable<ClaimedRow>): ClaimedTask[] {
  const claimed: ClaimedTask[] = [];
  let size = 0;
  for (const row of rows) {
    claimed.push(toClaimed(row));
    size += row.instances.length + row.args.length + row.context.length;
    if (size > CLAIM_SIZE) break;
  }
  return claimed;
}

/** The columns of CLAIMED_COLUMNS. */
interface ClaimedRow extends Omit<ClaimedTask, "attempt" | "suspect"> {
  readonly attempts: number;
  readonly suspect: 0 | 1;
}

/** Field by field: with a spread the read of a task takes a third longer. */
function toClaimed(row: ClaimedRow): ClaimedTask {
  return {
    id: row.id,
    claim: row.claim + 1,
    model: row.model,
    method: row.method,
    instances: row.instances,
    args: row.args,
    context: row.context,
    user: row.user,
    queue: row.queue,
    priority: row.priority,
    deadline: row.deadline,
    attempt: row.attempts + 1,
    suspect: row.suspect === 1,
  };
}

const HAND_BACK = `
  UPDATE tq__task
     SET state = iif(scheduled_at > $now, 'scheduled', 'ready'),
         worker = NULL, thread = NULL, dequeued_at = NULL, begun = 0
   WHERE id = $id AND state = 'running' AND claim = $claim`;

/** Gives back claims that have not begun, as if they had never been made. */
export function handBack(db: Database, claims: readonly Claim[], now: number): void {
  const statement = db.query(HAND_BACK);
  for (const { id, claim: number } of claims) statement.run({ id, claim: number, now });
}

const FINISH = `
  UPDATE tq__task
     SET state = 'finished', finished_at = ?1, result = ?2, attempts = attempts + 1,
         worker = NULL, thread = NULL, suspect = 0, begun = 0
   WHERE id = ?3 AND state = 'running' AND claim = ?4`;

export function finish(db: Database, run: Claim, result: string | null, now: number): boolean {
  return db.query(FINISH).run(now, result, run.id, run.claim).changes === 1;
}

/** Runs with the same result and the same claim number: together they cost less. */
const FINISH_ALL = FINISH.replace("id = ?3", "id IN (SELECT value FROM json_each(?3))").replace(
  "AND state", // the sign keeps SQLite from walking all that is running instead
  "AND +state",
);

/** Finishes all of these different tasks; false when the claim of one was lost, and then only some have changed. */
export function finishAll(db: Database, runs: readonly FinishedRun[], now: number): boolean {
  if (runs.length === 0) return true;
  const withResult = runs.filter(({ result }) => result !== null);
  for (const { claim, result } of withResult) if (!finish(db, claim, result, now)) return false;
  const without = runs.filter(({ result }) => result === null).map(({ claim }) => claim);
  for (const [number, claims] of Map.groupBy(without, ({ claim: it }) => it)) {
    const { changes } = db.query(FINISH_ALL).run(now, null, listIds(claims), number);
    if (changes !== claims.length) return false;
  }
  return true;
}

/** A run that has ended well. */
export interface FinishedRun {
  readonly claim: Claim;
  readonly result: string | null;
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
         suspect = iif(crashes + 1 >= $maxCrashes, 0, 1),
         reason = iif(crashes + 1 >= $maxCrashes,
                      'Set aside after ' || (crashes + 1) || iif(crashes = 0, ' crash: ', ' crashes: ') || $reason, $reason),
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
