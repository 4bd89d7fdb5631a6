/** The tasks that a worker or one of its threads holds. */
import type { RescuedTask } from "../../store/rescue.ts";
import type { Owner } from "../../store/session.ts";
import { type Claim, FUNCTION_METHOD } from "../../task.ts";
import type { Connection } from "../connection.ts";

export interface HeldTask extends Claim {
  readonly model: string;
  readonly method: string | null;
  readonly queue: string;
  readonly instances: string | null;
  readonly ref: string | null;
  readonly attempts: number;
  readonly crashes: number;
  /** It was claimed as a suspect, with its begin committed, so that a death now counts against it. */
  readonly begun: boolean;
  readonly thread: number;
}

const OF_METHOD = `CASE WHEN method = '${FUNCTION_METHOD}' AND instances = '[]' THEN NULL`;

/** The method is NULL where the task calls a plain function; of its instances, which may be many, the log names the first. */
const heldWhere = (which: string) => `
  SELECT id::float8 AS id, claim, model, ${OF_METHOD} ELSE method END AS method,
         ${OF_METHOD} ELSE substr(instances, 1, 200) END AS instances,
         queue, ref, attempts, crashes, begun, thread
    FROM tq.task
   WHERE state = 'running' AND worker = $1 ${which}
   ORDER BY task.id
     FOR UPDATE`;

const HELD_BY = heldWhere("");
const HELD_BY_THREAD = heldWhere("AND thread = $2");

/** Locks them: one that a thread is about to settle is settled first, or not at all. */
export function heldBy(db: Connection, worker: string): Promise<HeldTask[]> {
  return db.all<HeldTask>(HELD_BY, [worker]);
}

/** As `heldBy`. */
export function heldByThread(db: Connection, { worker, thread }: Owner): Promise<HeldTask[]> {
  return db.all<HeldTask>(HELD_BY_THREAD, [worker, thread]);
}

export function rescuedTask(row: HeldTask): RescuedTask {
  const { id, model, method, queue, instances, ref, crashes } = row;
  const call = { id, model, method, queue, instances, ref };
  return { ...call, attempt: row.attempts + 1, state: "ready", crashes, crashed: false };
}
