/**
 * Notes failures for each definition of alerts that wants them. It keeps the first ones that a definition has to tell, and
 * counts the others, so that a storm costs no room, and nothing that one definition wants costs another one a failure.
 */
import type { Database } from "bun:sqlite";
import { MOST_KEPT, REASON_CHARACTERS } from "../../store/failure-store.ts";
import { CALL, isCall } from "./call.ts";

/** True where a list of globs is empty, or one of them fits. @param fits says that `value` does */
export const isIn = (globs: string, fits: string): string =>
  `(${globs} = '[]' OR EXISTS (SELECT 1 FROM json_each(${globs}) WHERE ${fits}))`;

/** A definition wants the failure of a task. @param queues @param tasks expressions for its lists of patterns */
export function wants(queues: string, tasks: string): string {
  return `${isIn(queues, "queue GLOB value")} AND ${isIn(tasks, isCall("value"))}`;
}

const IS_WANTED = `tq__task.id = $id AND ${wants("queues", "tasks")}`;

const COUNT = `UPDATE tq__alert SET noted = noted + 1 FROM tq__task WHERE ${IS_WANTED}`;

export const HAS_ROOM = `noted <= max(told_until, taken_until) + ${MOST_KEPT}`;

const KEEP = `
  INSERT INTO tq__untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT channel, noted, id, ${CALL}, queue, substr(reason, 1, ${REASON_CHARACTERS}), attempts, $now
    FROM tq__task, tq__alert
   WHERE ${IS_WANTED} AND ${HAS_ROOM}`;

/** The row of the task says already that it has failed. */
export function noteFailure(db: Database, id: number, now: number): void {
  const { changes } = db.query(COUNT).run({ id });
  if (changes > 0) db.query(KEEP).run({ id, now });
}

const REASON = `substr($trouble, 1, ${REASON_CHARACTERS})`;

const COUNT_TROUBLE = `
  UPDATE tq__alert SET noted = noted + 1
   WHERE NOT EXISTS (SELECT 1 FROM tq__untold
                      WHERE channel = tq__alert.channel AND task IS NULL AND reason = ${REASON})
  RETURNING channel`;

const KEEP_TROUBLE = `
  INSERT INTO tq__untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT channel, noted, NULL, 'worker', NULL, ${REASON}, 0, $now
    FROM tq__alert
   WHERE channel = $channel AND ${HAS_ROOM}`;

/** A worker has trouble that no task tells of. Trouble that is still to be told is not told twice. */
export function noteTrouble(db: Database, trouble: string, now: number): void {
  const counted = db.query(COUNT_TROUBLE).all({ trouble }) as { readonly channel: string }[];
  for (const { channel } of counted) db.query(KEEP_TROUBLE).run({ channel, trouble, now });
}
