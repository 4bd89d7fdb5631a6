/** Keeps what the runs of tasks have said. */
import type { Database } from "bun:sqlite";
import type { Progressed, Shown } from "../file/live-output.ts";
import type { Standing } from "../../store/looking.ts";
import type { Owner } from "../../store/session.ts";
import type { RescuedTask } from "../../store/rescue.ts";
import { lastPart, MOST_CHARACTERS, parseOutput, type RunOutput } from "../../store/task-output.ts";

/** A run whose worker died before has the same number. */
const KEEP = `
  INSERT INTO tq__output (task, attempt, text) VALUES ($task, $attempt, $text)
  ON CONFLICT (task, attempt) DO UPDATE SET text = substr(text || excluded.text, -$most)`;

/** The last progress, and how much was cut, come beside the lines of a run. */
const MOST_CHARACTERS_KEPT = MOST_CHARACTERS + 2_000;

/** A task keeps what so many of its last runs have said. */
const MOST_RUNS = 20;

const FORGET_OLD = `DELETE FROM tq__output WHERE task = $task AND attempt <= $attempt - ${MOST_RUNS}`;

/** @param text as `parseOutput` reads it. */
export function keepOutput(db: Database, task: number, attempt: number, text: string): void {
  db.query(KEEP).run({ task, attempt, text, most: MOST_CHARACTERS_KEPT });
  if (attempt > MOST_RUNS) db.query(FORGET_OLD).run({ task, attempt });
}

/** Keeps what runs have said that could not keep it themselves, as their thread or their process died. */
export function keepShown(
  db: Database,
  tasks: readonly RescuedTask[],
  shown: readonly Shown[],
): void {
  for (const { task, attempt, text } of shown) {
    const isOfRun = tasks.some((one) => one.id === task && one.attempt === attempt);
    if (isOfRun && text !== "") keepOutput(db, task, attempt, lastPart(text));
  }
}

const OUTPUTS = `
  SELECT attempt, text FROM tq__output WHERE task = $task AND attempt >= $from ORDER BY attempt`;

/** Reads the output of a task's runs that have ended. */
export function outputsOf(db: Database, task: number, from: number): RunOutput[] {
  const rows = db.query(OUTPUTS).all({ task, from }) as { attempt: number; text: string }[];
  return rows.map(({ attempt, text }) => parseOutput(attempt, text));
}

const OWNER = `
  SELECT worker, thread, attempts + 1 AS attempt FROM tq__task WHERE id = $task AND state = 'running'`;

/** The thread that runs the task now; null: none does. */
export function ownerOf(
  db: Database,
  task: number,
): { readonly worker: string; readonly thread: number; readonly attempt: number } | null {
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
    const isOfRun = last?.task === id && last.attempt === owner?.attempt;
    return isOfRun ? { ...standing, progress: last.progress } : standing;
  });
}
