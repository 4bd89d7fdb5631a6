/** Stores tasks. */
import type { Database, Statement } from "bun:sqlite";
import { TqError } from "../../errors.ts";
import type { NewTask } from "../../task.ts";
import { isUnique } from "../errors.ts";

const PUSH = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)`;

/** Stores all tasks or none, and returns their ids. @throws TqError "conflict" when a ref is taken */
export function pushTasks(db: Database, tasks: readonly NewTask[], now: number): number[] {
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
