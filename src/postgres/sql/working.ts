/** Reads what the threads of all workers hold. */
import type { Owner } from "../../store/session.ts";
import { parseOutput } from "../../store/task-output.ts";
import type { BusyThread, Working } from "../../store/working.ts";
import { isFunctionCall } from "../../task.ts";
import type { Connection } from "../connection.ts";
import { workerStatuses } from "./worker-statuses.ts";

/** Claimed tasks that are looked at: some 20 ms. */
const MOST_CLAIMED = 10_000;

/** The first task of each thread, and the one of which it says something. */
const HELD = `
  WITH held AS MATERIALIZED (
    SELECT id, claim, worker, thread, queue, model, method, left(instances, 3) AS instances, dequeued_at
      FROM tq.task WHERE state = 'running' ORDER BY worker, thread LIMIT ${MOST_CLAIMED + 1}),
  counted AS (
    SELECT worker, thread, count(*)::float8 AS count, min(id) AS first
      FROM held WHERE thread IS NOT NULL GROUP BY worker, thread)
  SELECT counted.worker, counted.thread, counted.count, one.id::float8 AS id, one.queue, one.model, one.method,
         one.instances, one.dequeued_at::float8 AS dequeued_at, heard.text,
         (SELECT count(*)::float8 FROM held) AS looked
    FROM counted
    LEFT JOIN (SELECT live.worker, live.thread, live.task, live.text
                 FROM tq.live_outputs() AS live JOIN held ON held.id = live.task AND held.claim = live.claim) AS heard
           ON heard.worker = counted.worker AND heard.thread = counted.thread
    JOIN held AS one ON one.id = coalesce(heard.task, counted.first)
   ORDER BY counted.worker, counted.thread`;

interface HeldRow extends Owner {
  readonly count: number;
  readonly id: number;
  readonly queue: string;
  readonly model: string;
  readonly method: string;
  readonly instances: string;
  readonly dequeued_at: number | null;
  /** The words of the run; null: it has said nothing. */
  readonly text: string | null;
  readonly looked: number;
}

export async function readWorking(db: Connection): Promise<Working> {
  const [held, workers] = await Promise.all([db.all<HeldRow>(HELD), workerStatuses(db)]);
  const isMore = (held[0]?.looked ?? 0) > MOST_CLAIMED;
  return { workers, threads: held.map(busyThread), ...(isMore && { at_least: true }) };
}

function busyThread(row: HeldRow): BusyThread {
  const { worker, thread, count, id, queue, model, method, instances, dequeued_at, text } = row;
  return {
    worker,
    thread,
    task: { id, queue, model, method, dequeued_at },
    isFunction: isFunctionCall({ method, instances }),
    isSure: text !== null || count === 1,
    others: count - 1,
    progress: text === null ? null : parseOutput(0, text).progress,
  };
}
