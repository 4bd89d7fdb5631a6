/** Stores tasks. */
import { TqError } from "../../errors.ts";
import { inspected } from "../../quote.ts";
import { isPlain } from "../../store/plain-task.ts";
import type { NewTask, Task } from "../../task.ts";
import type { Connection, SqlValue } from "../connection.ts";
import { isStorable } from "./parameters.ts";

const COLUMNS = `state, queue, priority, deadline, model, method, instances, args, "user", context, enqueued_at`;

/** Most tasks say no time and have no ref: with fewer values they are stored in less time. */
const PUSH_PLAIN = `
  INSERT INTO tq.task (${COLUMNS})
  VALUES ('ready', $1, $2, $9, $3, $4, $5, $6, $7, $8, $9)
  RETURNING id::float8 AS id`;

const PUSH_ONE = `
  INSERT INTO tq.task (${COLUMNS}, ref, scheduled_at, expected_at, expires_at, policy)
  VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16)
  ON CONFLICT (ref) WHERE ref IS NOT NULL DO NOTHING
  RETURNING id::float8 AS id`;

const PUSH_PLAIN_LIST = `
  INSERT INTO tq.task (${COLUMNS})
  SELECT 'ready', queue, priority, $1::bigint, model, method, instances, args, "user", context, $1::bigint
    FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[])
         WITH ORDINALITY AS new (queue, priority, model, method, instances, args, "user", context, nth)
   ORDER BY nth
  RETURNING id::float8 AS id`;

/**
 * Ids in the order of the list, rows in the order of their refs: two lists that are pushed at the same time and share
 * refs wait for each other, and do not deadlock.
 */
const PUSH_LIST = `
  WITH new AS MATERIALIZED (
    SELECT nextval('tq.task_id_seq') AS id, listed.*
      FROM unnest($2::text[], $3::bigint[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bigint[], $9::text[],
                  $10::text[], $11::bigint[], $12::bigint[], $13::bigint[], $14::text[])
           WITH ORDINALITY AS listed (queue, priority, model, method, instances, args, "user", context,
                                      ref, scheduled, expected, expires, policy, nth)
     ORDER BY nth)
  INSERT INTO tq.task (id, ${COLUMNS}, ref, scheduled_at, expected_at, expires_at, policy)
  SELECT id, CASE WHEN scheduled > $1::bigint THEN 'scheduled' ELSE 'ready' END, queue, priority,
         coalesce(expected, scheduled, $1::bigint), model, method, instances, args, "user", context, $1::bigint,
         ref, scheduled, expected, expires, policy
    FROM new
   ORDER BY ref COLLATE "C" NULLS FIRST, nth
  ON CONFLICT (ref) WHERE ref IS NOT NULL DO NOTHING
  RETURNING id::float8 AS id, ref`;

interface Pushed {
  readonly id: number;
  readonly ref?: string | null;
}

/** One statement carries about so many characters, and at most so many tasks. */
const MOST_CHARACTERS = 1_000_000;
const MOST_TASKS = 5_000;

/** The tasks, in parts that one statement each can carry. */
export function partsOf(tasks: readonly NewTask[]): (readonly NewTask[])[] {
  const parts: NewTask[][] = [];
  let part: NewTask[] = [];
  let characters = 0;
  for (const task of tasks) {
    if (part.length === MOST_TASKS || characters > MOST_CHARACTERS) {
      parts.push(part);
      part = [];
      characters = 0;
    }
    part.push(task);
    characters += task.args.length + task.context.length + (task.policy?.length ?? 0) + 100;
    if (typeof task.instances !== "number") characters += 8 * task.instances.length;
  }
  if (part.length > 0) parts.push(part);
  return parts;
}

/** Stores the tasks whose refs are free. @returns their ids in the order of the tasks; null where another task has the ref */
export async function insertTasks(
  db: Connection,
  tasks: readonly NewTask[],
  now: number,
): Promise<(number | null)[]> {
  const [only] = tasks;
  if (only && tasks.length === 1) return [await insertTask(db, only, now)];
  // Each is sent at once: the server takes them one after the other.
  const sent = partsOf(tasks).map((part) => insertPart(db, part, now));
  const ends = await Promise.allSettled(sent);
  return ends.flatMap((end) => {
    if (end.status === "rejected") throw end.reason;
    return end.value;
  });
}

async function insertTask(db: Connection, task: NewTask, now: number): Promise<number | null> {
  const plain = isPlain(task);
  const row = await db.get<Pushed>(
    plain ? PUSH_PLAIN : PUSH_ONE,
    plain ? plainValues(task, now) : valuesOf(task, now),
  );
  return row?.id ?? null;
}

async function insertPart(
  db: Connection,
  tasks: readonly NewTask[],
  now: number,
): Promise<(number | null)[]> {
  const plain = tasks.every(isPlain);
  const values: SqlValue[] = [
    now,
    tasks.map(({ queue }) => queue),
    tasks.map(({ priority }) => priority),
    tasks.map(({ model }) => model),
    tasks.map(({ method }) => method),
    tasks.map(instancesOf),
    tasks.map(({ args }) => args),
    tasks.map(({ user }) => user),
    tasks.map(({ context }) => context),
  ];
  if (!plain) {
    values.push(
      tasks.map(({ ref }) => ref),
      tasks.map(({ scheduledAt }) => scheduledAt),
      tasks.map(({ expectedAt }) => expectedAt),
      tasks.map(({ expiresAt }) => expiresAt),
      tasks.map(({ policy }) => policy),
    );
  }
  const rows = await db.all<Pushed>(plain ? PUSH_PLAIN_LIST : PUSH_LIST, values);
  if (rows.length === tasks.length) return rows.map(({ id }) => id).sort((a, b) => a - b);
  return inOrder(tasks, rows);
}

/** Ids grow in the order of the tasks. The first of several tasks with one ref has it. */
function inOrder(tasks: readonly NewTask[], rows: readonly Pushed[]): (number | null)[] {
  const byRef = new Map<string, number>();
  const others: number[] = [];
  for (const { id, ref } of rows) {
    if (typeof ref === "string") byRef.set(ref, id);
    else others.push(id);
  }
  const free = others.sort((a, b) => a - b).values();
  return tasks.map(({ ref }) => {
    if (ref === null) return free.next().value ?? null;
    const id = byRef.get(ref) ?? null;
    byRef.delete(ref);
    return id;
  });
}

function plainValues(task: NewTask, now: number): SqlValue[] {
  const { queue, priority, model, method, args, user, context } = task;
  return [queue, priority, model, method, instancesOf(task), args, user, context, now];
}

function valuesOf(task: NewTask, now: number): SqlValue[] {
  const { queue, priority, model, method, args, user, context } = task;
  const { ref, scheduledAt, expectedAt, expiresAt, policy } = task;
  return [
    scheduledAt !== null && scheduledAt > now ? "scheduled" : "ready",
    queue,
    priority,
    expectedAt ?? scheduledAt ?? now,
    model,
    method,
    instancesOf(task),
    args,
    user,
    context,
    now,
    ref,
    scheduledAt,
    expectedAt,
    expiresAt,
    policy,
  ];
}

function instancesOf({ instances }: NewTask): string {
  return typeof instances === "number" ? String(instances) : JSON.stringify(instances);
}

const TEXTS = ["queue", "model", "method", "args", "context", "ref", "policy"] as const;

/** The text of the task that PostgreSQL cannot store; null: it can store them all. */
export function wrongText(task: NewTask): (typeof TEXTS)[number] | null {
  return TEXTS.find((name) => !isStorable(task[name] ?? "")) ?? null;
}

/** @throws TqError "invalid" for a text that PostgreSQL cannot store: its error would end the transaction. */
export function checkTexts(task: NewTask): void {
  const name = wrongText(task);
  if (name === null) return;
  const isWell = task[name]?.isWellFormed();
  const why = isWell ? "PostgreSQL stores no NUL character" : "it has half a surrogate pair";
  throw new TqError(
    "invalid",
    `Cannot push: its ${name} cannot be ${inspected(task[name])}: ${why}`,
  );
}

const DELETE = "DELETE FROM tq.task WHERE id = ANY ($1::bigint[])";

/** Takes back what this transaction has pushed. */
export async function takeBack(db: Connection, ids: readonly (number | null)[]): Promise<void> {
  const stored = ids.filter((id) => id !== null);
  if (stored.length > 0) await db.run(DELETE, [stored]);
}

const HAVE_REFS = "SELECT id::float8 AS id, state, ref FROM tq.task WHERE ref = ANY ($1::text[])";

type Holder = Pick<Task, "id" | "state"> & { readonly ref: string };

/** The tasks that have these refs. */
export async function holdersOf(
  db: Connection,
  refs: readonly string[],
): Promise<Map<string, Pick<Task, "id" | "state">>> {
  const rows = await db.all<Holder>(HAVE_REFS, [refs]);
  return new Map(rows.map(({ id, state, ref }) => [ref, { id, state }]));
}
