/** Keeps what the runs of tasks have said. */
import type { Database } from "bun:sqlite";
import type { Progressed, Shown } from "../file/live-output.ts";
import type { Standing } from "../../store/looking.ts";
import type { Owner } from "../../store/session.ts";
import type { RescuedTask } from "../../store/rescue.ts";
import { joinOutputs } from "../../store/kept-lines.ts";
import {
  KEPT_OUTPUTS,
  type OutputRun,
  parseOutput,
  type RunOutput,
} from "../../store/task-output.ts";

const KEEP = `INSERT OR IGNORE INTO tq__output (task, attempt, text) VALUES ($task, $attempt, $text)`;

const KEPT = `SELECT text FROM tq__output WHERE task = $task AND attempt = $attempt`;

const REPLACE = `UPDATE tq__output SET text = $text WHERE task = $task AND attempt = $attempt`;

const FORGET_OLD = `DELETE FROM tq__output WHERE task = $task AND attempt <= $attempt - ${KEPT_OUTPUTS}`;

/** @param text as `parseOutput` reads it. */
export function keepOutput(db: Database, task: number, attempt: number, text: string): void {
  if (db.query(KEEP).run({ task, attempt, text }).changes === 0) {
    // An earlier run had the same number, as it was interrupted.
    const { text: before } = db.query(KEPT).get({ task, attempt }) as { text: string };
    const both = joinOutputs(parseOutput(attempt, before), parseOutput(attempt, text));
    db.query(REPLACE).run({ task, attempt, text: both });
  }
  if (attempt > KEPT_OUTPUTS) db.query(FORGET_OLD).run({ task, attempt });
}

const WAS_CANCELLED = `
  SELECT 1 FROM tq__attempt WHERE task = $task AND number = $attempt AND outcome = 'cancelled'`;

/** Keeps what a run has said that has lost its claim, where a cancel has ended it. */
export function keepCancelled(db: Database, task: number, attempt: number, text: string): void {
  if (db.query(WAS_CANCELLED).get({ task, attempt }) !== null) keepOutput(db, task, attempt, text);
}

const IS_LAST_CLAIM = `SELECT 1 FROM tq__task WHERE id = $id AND claim = $claim`;

/** Keeps what runs have said that could not keep it themselves, as their thread or their process died. */
export function keepShown(
  db: Database,
  tasks: readonly RescuedTask[],
  shown: readonly Shown[],
): void {
  for (const { id, attempt, claim, text } of shown) {
    const kept = joinOutputs(parseOutput(attempt, text));
    if (kept === "" || db.query(IS_LAST_CLAIM).get({ id, claim }) === null) continue;
    const isOfRun = tasks.some((one) => one.id === id && one.attempt === attempt);
    if (isOfRun) keepOutput(db, id, attempt, kept);
    // The thread of a cancelled run may have kept it itself, and be shown still.
    else if (db.query(KEPT).get({ task: id, attempt }) === null) {
      keepCancelled(db, id, attempt, kept);
    }
  }
}

const OUTPUTS = `
  SELECT attempt, text,
         EXISTS (SELECT 1 FROM tq__task WHERE id = task AND state = 'running' AND claim = $claim) AS goesOn
    FROM tq__output
   WHERE task = $task AND attempt >= $from
   ORDER BY attempt`;

interface OutputRow {
  readonly attempt: number;
  readonly text: string;
  readonly goesOn: 0 | 1;
}

/**
 * Reads the output of a task's runs.
 *
 * @param live of its present run, as it was read before; null: it has said nothing.
 * @param claim of that run.
 */
export function outputsOf(
  db: Database,
  task: number,
  from: number,
  live: RunOutput | null,
  claim: number | null = null,
): RunOutput[] {
  const rows = db.query(OUTPUTS).all({ task, from, claim }) as OutputRow[];
  const runs = rows.map(({ attempt, text, goesOn }) => {
    const kept = parseOutput(attempt, text);
    // Where it goes on, an earlier run of the same number was interrupted; else this is all that it has said.
    if (goesOn === 0 || live?.attempt !== attempt) return kept;
    return parseOutput(attempt, joinOutputs(kept, live));
  });
  const isNew = live !== null && live.attempt >= from && runs.at(-1)?.attempt !== live.attempt;
  return isNew ? [...runs, live] : runs;
}

/** Of a run that a cancel has ended, its thread may show more until it has ended it too. */
const OWNER = `
  SELECT id, claim, attempts + 1 AS attempt, worker, thread FROM tq__task WHERE id = $task AND state = 'running'
   UNION ALL
  SELECT task.id, claim, number, run.worker, run.thread
    FROM tq__task AS task JOIN tq__attempt AS run ON run.task = task.id AND number = attempts
   WHERE task.id = $task AND state = 'cancelled' AND outcome = 'cancelled' AND run.worker IS NOT NULL`;

/** The thread that runs the task now, and its run; null: none does. */
export function ownerOf(db: Database, task: number): (OutputRun & Owner) | null {
  return db.query(OWNER).get({ task }) as ReturnType<typeof ownerOf>;
}

/** Adds how far they are to those of the tasks that are asked for it, and run. */
export function withProgress(
  db: Database,
  standings: readonly Standing[],
  asked: ReadonlySet<number>,
  shown: (owner: Owner) => Progressed | null,
): Standing[] {
  return standings.map((standing) => {
    const { id, state } = standing;
    const owner = state === "running" && asked.has(id) ? ownerOf(db, id) : null;
    const last = owner && shown(owner);
    const isOfRun = last?.id === id && last.claim === owner?.claim;
    return isOfRun ? { ...standing, progress: last.progress } : standing;
  });
}
