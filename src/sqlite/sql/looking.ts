/** Reads the queue: one task, lists, what waits, workers, the sizes of the files. */
import type { Database } from "bun:sqlite";
import { statSync } from "node:fs";
import type { Claim, Task } from "../../task.ts";
import type { Rest, Standing, TaskFilter, TaskNames, WorkerInfo } from "../../store/looking.ts";
import { listIds } from "./claim.ts";
import { parseExactly } from "../../values/exact-json.ts";

/** The reason that a task is shown with which waits for a worker only to be cancelled. */
const EXPIRED = "it has expired, and is cancelled as soon as a worker comes to it";

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

type Filter = Pick<TaskFilter, "states" | "queue" | "model">;

/** Holds for tasks that pass a filter; its parameters come from `filterValues`. */
export const MATCHES = `($states IS NULL OR state IN (SELECT value FROM json_each($states)))
     AND ($queue IS NULL OR queue = $queue)
     AND ($model IS NULL OR model = $model)`;

export function filterValues({ states, queue, model }: Filter) {
  return {
    states: states ? JSON.stringify(states) : null,
    queue: queue ?? null,
    model: model ?? null,
  };
}

/** Walks the table backwards by id: the newest page costs as much with ten tasks as with ten million. */
const LIST = `
  SELECT *
    FROM tq_tasks
   WHERE id < $before AND id >= $from AND ${MATCHES}
   ORDER BY id DESC
   LIMIT $limit`;

/** A ref has one task at most: its index finds it. */
const LIST_REF = `SELECT * FROM tq_tasks WHERE ref = $ref AND id < $before AND ${MATCHES}`;

/** A page ends with the task whose calls and results exceed this, together with those before it. */
const PAGE_CHARACTERS = 1_000_000;

/** Where few tasks match, a page ends after this many ids: some ms. */
const PAGE_IDS = 50_000;

const LAST_ID = "SELECT max(id) AS id FROM tq__task";

export interface Page {
  /** Empty where none of the page's ids match. */
  readonly tasks: readonly Task[];
  /** The filter of the next page; null: this is the last one. */
  readonly next: TaskFilter | null;
}

/** Lists tasks, the newest first, up to the limit or the end of a page. */
export function listPage(db: Database, filter: TaskFilter, now: number): Page {
  const { limit = 100 } = filter;
  const filters = filterValues(filter);
  const { id: last } = db.query(LAST_ID).get() as { id: number | null };
  const before = Math.min(filter.before ?? Infinity, (last ?? 0) + 1);
  if (filter.ref !== undefined) {
    const row = db.query(LIST_REF).get({ ...filters, before, ref: filter.ref }) as TaskRow | null;
    return { tasks: row === null ? [] : [toTask(row, now)], next: null };
  }
  const matchesAll = Object.values(filters).every((value) => value === null);
  const from = matchesAll ? 0 : before - PAGE_IDS;
  const values = { ...filters, before, from, limit };
  const tasks: Task[] = [];
  let size = 0;
  for (const row of db.query(LIST).iterate(values) as Iterable<TaskRow>) {
    tasks.push(toTask(row, now));
    const { instances, args, context, result } = row;
    size += instances.length + args.length + context.length + (result?.length ?? 0);
    if (size > PAGE_CHARACTERS && tasks.length < limit) {
      return { tasks, next: { ...filter, before: row.id, limit: limit - tasks.length } };
    }
  }
  if (tasks.length === limit || from <= 0) return { tasks, next: null };
  return { tasks, next: { ...filter, before: from, limit: limit - tasks.length } };
}

/** A count reads the states, queues and models of so many ids: some 100 ms. */
const COUNTED_IDS = 1_000_000;

const COUNT = `SELECT count(*) AS count FROM tq__task WHERE id < $before AND id >= $from AND ${MATCHES}`;

const FIRST_ID = "SELECT min(id) AS id FROM tq__task";

/** Counts the older tasks that a list has left out. */
export function countBefore(db: Database, filter: TaskFilter, before: number): Rest {
  const from = before - COUNTED_IDS;
  const { count } = db.query(COUNT).get({ ...filterValues(filter), before, from }) as {
    count: number;
  };
  const { id: first } = db.query(FIRST_ID).get() as { id: number | null };
  return { count, isAll: (first ?? 0) >= from };
}

const NAMES = `
  SELECT DISTINCT queue, model FROM tq__task WHERE id > (SELECT max(id) FROM tq__task) - ${COUNTED_IDS}`;

/** Lists the queues and models of the newest tasks. */
export function listNames(db: Database): TaskNames {
  const pairs = db.query(NAMES).values() as [queue: string, model: string][];
  return {
    queues: [...new Set(pairs.map(([queue]) => queue))],
    models: [...new Set(pairs.map(([, model]) => model))],
  };
}

interface TaskRow extends Omit<Task, "instances" | "args" | "context" | "policy" | "result"> {
  readonly instances: string;
  readonly args: string;
  readonly context: string;
  readonly policy: string | null;
  readonly result: string | null;
}

function toTask(row: TaskRow, now: number): Task {
  return {
    ...row,
    reason: hasExpired(row, now) ? EXPIRED : row.reason,
    instances: parsed(row.instances),
    args: parsed(row.args),
    context: parsed(row.context),
    policy: row.policy === null ? null : parsed(row.policy),
    result: row.result === null ? null : parsed(row.result),
  };
}

/** A worker that claims the task decides it in the same way, and also knows what the policy of its method says. */
function hasExpired({ state, attempts, expires_at: at }: TaskRow, now: number): boolean {
  return at !== null && at < now && attempts === 0 && (state === "ready" || state === "scheduled");
}

/** Returns JSON that was damaged by hand as it is: one bad row must not fail a list. */
function parsed(text: string): unknown {
  try {
    return parseExactly(text);
  } catch {
    return text;
  }
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
