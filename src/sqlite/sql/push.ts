/** Stores tasks. */
import type { Database, Statement } from "bun:sqlite";
import type { TqError } from "../../errors.ts";
import { isPlain } from "../../store/plain-task.ts";
import { refTaken } from "../../store/push-words.ts";
import type { NewTask, Task } from "../../task.ts";
import { isUnique } from "../errors.ts";

const PUSH = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context,
                        ref, enqueued_at, scheduled_at, expected_at, expires_at, policy)
  VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)`;

/** Most tasks say no time and have no ref: with fewer values to bind, they are stored in a tenth less time. */
const PUSH_PLAIN = `
  INSERT INTO tq__task (state, queue, priority, deadline, model, method, instances, args, user, context, enqueued_at)
  VALUES ('ready', ?1, ?2, ?9, ?3, ?4, ?5, ?6, ?7, ?8, ?9)`;

/** Stores all tasks or none, and returns their ids. @throws TqError "conflict" when a ref is taken */
export function pushTasks(db: Database, tasks: readonly NewTask[], now: number): number[] {
  const [only] = tasks;
  if (only && tasks.length === 1) return [insertTask(db, only, now, Infinity)];
  return allOrNothing(db, () => {
    const plain = db.query(PUSH_PLAIN);
    const ids: number[] = [];
    for (const task of tasks) {
      const first = ids[0] ?? Infinity;
      ids.push(isPlain(task) ? insertPlain(plain, task, now) : insertTask(db, task, now, first));
    }
    return ids;
  });
}

/** Undoes what several statements have written where one of them throws. */
export function allOrNothing<T>(db: Database, write: () => T): T {
  db.query("SAVEPOINT tq_push").run();
  try {
    const written = write();
    db.query("RELEASE tq_push").run();
    return written;
  } catch (error) {
    if (db.inTransaction) {
      db.query("ROLLBACK TO tq_push").run();
      db.query("RELEASE tq_push").run();
    }
    throw error;
  }
}

/** @param first the id of the first task of the same push; Infinity: this is the first. */
function insertTask(db: Database, task: NewTask, now: number, first: number): number {
  if (isPlain(task)) {
    const plain = db.query(PUSH_PLAIN);
    return insertPlain(plain, task, now);
  }
  const { scheduledAt, expectedAt } = task;
  try {
    const { lastInsertRowid } = db
      .query(PUSH)
      .run(
        scheduledAt !== null && scheduledAt > now ? "scheduled" : "ready",
        task.queue,
        task.priority,
        expectedAt ?? scheduledAt ?? now,
        task.model,
        task.method,
        instancesOf(task),
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
    if (isUnique(error) && task.ref !== null) throw refTakenBy(db, task.ref, first);
    throw error;
  }
}

function insertPlain(insert: Statement, task: NewTask, now: number): number {
  const { queue, priority, model, method, args, user, context } = task;
  const instances = instancesOf(task);
  return Number(
    insert.run(queue, priority, model, method, instances, args, user, context, now).lastInsertRowid,
  );
}

function instancesOf({ instances }: NewTask): string {
  return typeof instances === "number" ? String(instances) : JSON.stringify(instances);
}

const HAS_REF = "SELECT id, state FROM tq_tasks WHERE ref = ?1";

function refTakenBy(db: Database, ref: string, first: number): TqError {
  const task = db.query(HAS_REF).get(ref) as Pick<Task, "id" | "state"> | null;
  return refTaken(ref, task === null || task.id >= first ? null : task);
}
