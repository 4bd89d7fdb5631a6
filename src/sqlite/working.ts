/** Reads what the threads of all workers hold. */
import type { Database } from "bun:sqlite";
import type { Owner } from "../store/session.ts";
import type { BusyThread, Working } from "../store/working.ts";
import { isFunctionCall } from "../task.ts";
import { withAlive } from "./file/liveness.ts";
import { readProgress } from "./file/live-output.ts";
import { listWorkers } from "./sql/looking.ts";

/** Claimed tasks that are looked at: some 20 ms. */
const MOST_CLAIMED = 10_000;

const COLUMNS =
  "id, claim, queue, model, method, substr(instances, 1, 3) AS instances, dequeued_at";

/** With min(), SQLite takes all other columns from the row that has it. */
const HELD = `
  SELECT worker, thread, count(*) AS count, min(id) AS id, claim, queue, model, method, instances, dequeued_at
    FROM (SELECT ${COLUMNS}, worker, thread
            FROM tq__task WHERE state = 'running' ORDER BY id LIMIT ${MOST_CLAIMED})
   WHERE thread IS NOT NULL
   GROUP BY worker, thread
   ORDER BY worker, thread`;

const MORE = `SELECT 1 FROM tq__task WHERE state = 'running' ORDER BY id LIMIT 1 OFFSET ${MOST_CLAIMED}`;

/** The sign makes SQLite search by id: otherwise it may walk all running tasks. */
const HEARD = `SELECT ${COLUMNS} FROM tq__task WHERE id = $id AND +state = 'running' AND claim = $claim`;

interface TaskRow {
  readonly id: number;
  readonly claim: number;
  readonly queue: string;
  readonly model: string;
  readonly method: string;
  readonly instances: string;
  readonly dequeued_at: number | null;
}

interface HeldRow extends TaskRow, Owner {
  readonly count: number;
}

/** @param path that of the database, beside which threads show what their runs say. */
export function readWorking(db: Database, path: string): Working {
  const held = db.query(HELD).all() as HeldRow[];
  const isMore = db.query(MORE).get() !== null;
  return {
    workers: withAlive(path, listWorkers(db)),
    threads: held.map((row) => busyThread(db, path, row)),
    ...(isMore && { at_least: true }),
  };
}

function busyThread(db: Database, path: string, row: HeldRow): BusyThread {
  const { worker, thread, count } = row;
  const said = readProgress(path, { worker, thread });
  const heard = said && (db.query(HEARD).get({ id: said.id, claim: said.claim }) as TaskRow | null);
  const { id, queue, model, method, instances, dequeued_at } = heard ?? row;
  return {
    worker,
    thread,
    task: { id, queue, model, method, dequeued_at },
    isFunction: isFunctionCall({ method, instances }),
    isSure: heard !== null || count === 1,
    others: count - 1,
    progress: heard && said ? said.progress : null,
  };
}
