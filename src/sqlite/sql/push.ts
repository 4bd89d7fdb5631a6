/** Stores tasks. */
import type { Database, Statement } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import type { NewTask, Task, TaskState } from "../../task.ts";
import { isUnique } from "../errors.ts";

const PUSH = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at, expires_at, policy)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`;

/** Stores all tasks or none, and returns their ids. @throws TqError "conflict" when a ref is taken */
export function pushTasks(db: Database, tasks: readonly NewTask[], now: number): number[] {
  const insert = db.query(PUSH);
  const [only] = tasks;
  if (only && tasks.length === 1) return [insertTask(db, insert, only, now, Infinity)];
  db.query("SAVEPOINT tq_push").run();
  try {
    const ids: number[] = [];
    for (const task of tasks) ids.push(insertTask(db, insert, task, now, ids[0] ?? Infinity));
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

/** @param first the id of the first task of the same push; Infinity: this is the first. */
function insertTask(
  db: Database,
  insert: Statement,
  task: NewTask,
  now: number,
  first: number,
): number {
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
      task.expiresAt,
      task.policy,
    );
    return Number(lastInsertRowid);
  } catch (error) {
    if (isUnique(error) && task.ref !== null) throw refTaken(db, task.ref, first);
    throw error;
  }
}

const HAS_REF = "SELECT id, state FROM tq_tasks WHERE ref = ?1";

function refTaken(db: Database, ref: string, first: number): TqError {
  const start = `Cannot push with ref ${JSON.stringify(ref)}:`;
  const task = db.query(HAS_REF).get(ref) as Pick<Task, "id" | "state"> | null;
  if (task === null || task.id >= first) {
    return new TqError("conflict", `${start} another task of this push has it`);
  }
  const { id, state } = task;
  const advice = ADVICE[state] ?? "";
  return new TqError("conflict", `${start} task ${id} has it, and is ${state}${advice}`, { task });
}

const AGAIN =
  "; it keeps its ref until it is cleaned or deleted: retry that task, delete it, or give another ref";
const ADVICE: Partial<Record<TaskState, string>> = { failed: AGAIN, cancelled: AGAIN };
