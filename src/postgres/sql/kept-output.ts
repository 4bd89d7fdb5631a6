/** Keeps what the runs of tasks have said. */
import { joinOutputs } from "../../store/kept-lines.ts";
import type { KeptOutput } from "../../store/session.ts";
import { KEPT_OUTPUTS, parseOutput } from "../../store/task-output.ts";
import type { Connection } from "../connection.ts";
import { numbersAsText } from "./text.ts";

const KEEP = `
  INSERT INTO tq.output (task, attempt, text) VALUES ($1, $2, $3) ON CONFLICT (task, attempt) DO NOTHING`;

const KEPT = "SELECT text FROM tq.output WHERE task = $1 AND attempt = $2 FOR UPDATE";

const REPLACE = "UPDATE tq.output SET text = $3 WHERE task = $1 AND attempt = $2";

const FORGET_OLD = "DELETE FROM tq.output WHERE task = $1 AND attempt <= $2";

/** @param text as `parseOutput` reads it. */
export async function keepOutput(
  db: Connection,
  task: number,
  attempt: number,
  text: string,
): Promise<void> {
  if ((await db.run(KEEP, [task, attempt, text])) === 0) {
    // An earlier run had the same number, as it was interrupted.
    const before = (await db.get<{ text: string }>(KEPT, [task, attempt]))?.text ?? "";
    const both = joinOutputs(parseOutput(attempt, before), parseOutput(attempt, text));
    await db.run(REPLACE, [task, attempt, both]);
  }
  await forgetOld(db, task, attempt);
}

async function forgetOld(db: Connection, task: number, attempt: number): Promise<void> {
  if (attempt > KEPT_OUTPUTS) await db.run(FORGET_OLD, [task, attempt - KEPT_OUTPUTS]);
}

const KEEP_MANY = `
  INSERT INTO tq.output (task, attempt, text)
  SELECT * FROM unnest($1::text::bigint[], $2::text::integer[], $3::text[])
      ON CONFLICT (task, attempt) DO NOTHING
  RETURNING task::float8 AS task`;

/** Keeps what runs of different tasks have said. */
export async function keepOutputs(db: Connection, outputs: readonly KeptOutput[]): Promise<void> {
  const rows = await db.all<{ readonly task: number }>(KEEP_MANY, [
    numbersAsText(outputs.map(({ task }) => task)),
    numbersAsText(outputs.map(({ attempt }) => attempt)),
    outputs.map(({ text }) => text),
  ]);
  const kept = new Set(rows.map(({ task }) => task));
  for (const { task, attempt, text } of outputs) {
    if (!kept.has(task)) await keepOutput(db, task, attempt, text);
    else await forgetOld(db, task, attempt);
  }
}

const WAS_CANCELLED = `
  SELECT 1 AS one FROM tq.attempt WHERE task = $1 AND number = $2 AND outcome = 'cancelled'`;

/** Keeps what a run has said that has lost its claim, where a cancel has ended it. */
export async function keepCancelled(
  db: Connection,
  task: number,
  attempt: number,
  text: string,
): Promise<void> {
  if ((await db.get(WAS_CANCELLED, [task, attempt])) === null) return;
  await keepOutput(db, task, attempt, text);
}
