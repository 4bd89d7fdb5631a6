/** Reads what the runs of tasks have said. */
import { joinOutputs } from "../../store/kept-lines.ts";
import type { Standing } from "../../store/looking.ts";
import { parseOutput, type RunOutput } from "../../store/task-output.ts";
import type { Connection } from "../connection.ts";

const OUTPUTS = `
  SELECT attempt, text,
         EXISTS (SELECT FROM tq.task WHERE id = output.task AND state = 'running' AND claim = $3::integer) AS "goesOn"
    FROM tq.output AS output
   WHERE task = $1::bigint AND attempt >= $2::integer
   ORDER BY attempt`;

interface OutputRow {
  readonly attempt: number;
  readonly text: string;
  readonly goesOn: boolean;
}

/** Of a run that a cancel has ended, its thread may show more until it has ended it too. */
const IS_SHOWN = `
  (task.state = 'running'
   OR task.state = 'cancelled' AND EXISTS (
        SELECT FROM tq.attempt
         WHERE attempt.task = task.id AND number = task.attempts AND outcome = 'cancelled' AND attempt.worker IS NOT NULL))`;

/** The words of the present runs of these tasks. */
const LIVE = `
  SELECT task.id::float8 AS id, task.claim, live.text,
         task.attempts + CASE WHEN task.state = 'running' THEN 1 ELSE 0 END AS attempt
    FROM tq.live_outputs() AS live JOIN tq.task AS task ON task.id = live.task AND task.claim = live.claim
   WHERE live.task = ANY ($1::bigint[]) AND ${IS_SHOWN}`;

interface LiveRow {
  readonly id: number;
  readonly claim: number;
  readonly attempt: number;
  readonly text: string;
}

/** Reads the output of a task's runs, the first one first, its present run included. */
export async function outputsOf(db: Connection, task: number, from: number): Promise<RunOutput[]> {
  const [shown] = await db.all<LiveRow>(LIVE, [[task]]);
  const live = shown ? parseOutput(shown.attempt, shown.text) : null;
  const first = Math.min(Math.max(from, 0), 2 ** 31 - 1);
  const rows = await db.all<OutputRow>(OUTPUTS, [task, first, shown?.claim ?? null]);
  const runs = rows.map(({ attempt, text, goesOn }) => {
    const kept = parseOutput(attempt, text);
    // Where it goes on, an earlier run of the same number was interrupted; else this is all that it has said.
    if (!goesOn || live?.attempt !== attempt) return kept;
    return parseOutput(attempt, joinOutputs(kept, live));
  });
  const isNew = live !== null && live.attempt >= from && runs.at(-1)?.attempt !== live.attempt;
  return isNew ? [...runs, live] : runs;
}

/** Adds how far they are to those of the tasks that are asked for it, and run. */
export async function withProgress(
  db: Connection,
  standings: readonly Standing[],
  asked: ReadonlySet<number>,
): Promise<Standing[]> {
  const running = standings.filter(({ id, state }) => state === "running" && asked.has(id));
  if (running.length === 0) return [...standings];
  const rows = await db.all<LiveRow>(LIVE, [running.map(({ id }) => id)]);
  const live = new Map(rows.map((row) => [row.id, row]));
  return standings.map((standing) => {
    const shown = standing.state === "running" ? live.get(standing.id) : undefined;
    if (!shown) return standing;
    return { ...standing, progress: parseOutput(shown.attempt, shown.text).progress };
  });
}
