/** The words of runs that are under way, in a table that a crash of the server empties. */
import { joinOutputs } from "../../store/kept-lines.ts";
import type { RescuedTask } from "../../store/rescue.ts";
import type { Owner } from "../../store/session.ts";
import { type OutputRun, parseOutput } from "../../store/task-output.ts";
import type { Connection } from "../connection.ts";
import { keepCancelled, keepOutput } from "./kept-output.ts";

/** The output of a thread's last run that said something. */
export interface Shown extends OutputRun {
  readonly text: string;
}

const REPLACE = `
  INSERT INTO tq.live_output AS live (worker, thread, task, attempt, claim, text) VALUES ($1, $2, $3, $4, $5, $6)
  ON CONFLICT (worker, thread) DO UPDATE
     SET task = excluded.task, attempt = excluded.attempt, claim = excluded.claim, text = excluded.text`;

/** Shows what a run has said so far, in the place of what the thread has shown before. */
export async function showLive(db: Connection, owner: Owner, shown: Shown): Promise<void> {
  const { id, attempt, claim, text } = shown;
  await db.run(REPLACE, [owner.worker, owner.thread, id, attempt, claim, text]);
}

const APPEND = `
  UPDATE tq.live_output SET text = text || $5 WHERE worker = $1 AND thread = $2 AND task = $3 AND claim = $4`;

/** @returns false where it has shown nothing yet, or the server has lost it */
export async function appendLive(db: Connection, owner: Owner, more: Shown): Promise<boolean> {
  const { id, claim, text } = more;
  return (await db.run(APPEND, [owner.worker, owner.thread, id, claim, text])) === 1;
}

const shown = (which: string) => `
  SELECT task::float8 AS id, attempt, claim, text FROM tq.live_output WHERE worker = $1 ${which} ORDER BY thread`;

const SHOWN_BY = shown("");
const SHOWN_BY_THREAD = shown("AND thread = $2");

/** All that the threads of a worker have shown last. */
export function shownBy(db: Connection, worker: string): Promise<Shown[]> {
  return db.all<Shown>(SHOWN_BY, [worker]);
}

export function shownByThread(db: Connection, { worker, thread }: Owner): Promise<Shown | null> {
  return db.get<Shown>(SHOWN_BY_THREAD, [worker, thread]);
}

const FORGET = "DELETE FROM tq.live_output WHERE worker = $1";

export async function forgetLive(db: Connection, worker: string): Promise<void> {
  await db.run(FORGET, [worker]);
}

const IS_LAST_CLAIM = "SELECT id FROM tq.task WHERE id = $1 AND claim = $2";

const IS_KEPT = "SELECT attempt FROM tq.output WHERE task = $1 AND attempt = $2";

/** Keeps what runs have said that could not keep it themselves, as their thread or their process died. */
export async function keepShown(
  db: Connection,
  tasks: readonly RescuedTask[],
  all: readonly Shown[],
): Promise<void> {
  for (const { id, attempt, claim, text } of all) {
    const kept = joinOutputs(parseOutput(attempt, text));
    if (kept === "" || (await db.get(IS_LAST_CLAIM, [id, claim])) === null) continue;
    const isOfRun = tasks.some((one) => one.id === id && one.attempt === attempt);
    if (isOfRun) await keepOutput(db, id, attempt, kept);
    // The thread of a cancelled run may have kept it itself, and be shown still.
    else if ((await db.get(IS_KEPT, [id, attempt])) === null) {
      await keepCancelled(db, id, attempt, kept);
    }
  }
}
