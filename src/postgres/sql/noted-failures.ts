/**
 * Notes failures for each definition of alerts that wants them. It keeps the first ones that a definition has to tell, and
 * counts the others, so that a storm costs little room.
 *
 * A count in the row of the alert would have each failure wait for the transaction of the one before, which may be a long
 * batch: two of them that write other rows of the same records as well would deadlock. So a failure only adds a row to
 * tq.noted_failure, beside those that it writes anyhow, and only while an alert wants it. Whoever takes the alert counts
 * these rows; so does every 500th failure, unless another transaction does.
 */
import { MOST_KEPT, REASON_CHARACTERS } from "../../store/failure-store.ts";
import type { Connection } from "../connection.ts";
import { CALL, isOfCalls, isOfQueues } from "./call.ts";

/** A definition wants the failure of a task. @param queues @param tasks expressions for its lists of patterns */
export function wants(queues: string, tasks: string): string {
  return `${isOfQueues(queues)} AND ${isOfCalls(tasks)}`;
}

/** An INSERT for a CTE: notes the failure of task $1 at the time $2. It returns the ids of the rows. */
export const NOTE = `
  INSERT INTO tq.noted_failure (channel, task, call, queue, reason, attempts, failed_at)
  SELECT channel, task.id, ${CALL}, queue, left(coalesce(reason, ''), ${REASON_CHARACTERS}), attempts, $2::bigint
    FROM tq.task AS task, tq.alert AS alert
   WHERE task.id = $1::bigint AND ${wants("alert.queues", "alert.tasks")}
  RETURNING id`;

/** So many failures are noted before one of them counts them. */
export const COUNTED_TOGETHER = 500;

const LOCK = `
  SELECT channel FROM tq.alert WHERE channel = ANY ($1::text[]) ORDER BY channel FOR NO KEY UPDATE`;
const LOCK_ALL = "SELECT channel FROM tq.alert ORDER BY channel FOR NO KEY UPDATE";
const LOCK_FREE = `${LOCK_ALL} SKIP LOCKED`;

export const HAS_ROOM = `noted <= greatest(told_until, taken_until) + ${MOST_KEPT}`;

/** The rows of these alerts are locked. */
const COUNT = `
  WITH gone AS (DELETE FROM tq.noted_failure WHERE channel = ANY ($1::text[]) RETURNING *),
       numbered AS (SELECT gone.*, told_until, taken_until,
                           alert.noted + row_number() OVER (PARTITION BY channel ORDER BY gone.id) AS noted
                      FROM gone JOIN tq.alert AS alert USING (channel)),
       counted AS (UPDATE tq.alert AS alert SET noted = alert.noted + its.count
                     FROM (SELECT channel, count(*) FROM gone GROUP BY channel) AS its
                    WHERE alert.channel = its.channel)
  INSERT INTO tq.untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT channel, noted, task, call, queue, reason, attempts, failed_at FROM numbered WHERE ${HAS_ROOM}`;

interface ChannelRow {
  readonly channel: string;
}

async function count(db: Connection, locked: readonly ChannelRow[]): Promise<void> {
  if (locked.length > 0) await db.run(COUNT, [locked.map(({ channel }) => channel)]);
}

/** Locks these alerts to the end of the transaction, and counts what was noted for them. */
export async function countNoted(db: Connection, channels: readonly string[]): Promise<void> {
  await count(db, await db.all<ChannelRow>(LOCK, [channels]));
}

/** The same for all alerts. */
export async function countAllNoted(db: Connection): Promise<void> {
  await count(db, await db.all<ChannelRow>(LOCK_ALL));
}

/** The same for those alerts that no other transaction has locked. */
export async function countFree(db: Connection): Promise<void> {
  await count(db, await db.all<ChannelRow>(LOCK_FREE));
}

const REASON = `left($1::text, ${REASON_CHARACTERS})`;

const NOTE_TROUBLE = `
  WITH counted AS (
    UPDATE tq.alert AS alert SET noted = noted + 1
     WHERE NOT EXISTS (SELECT FROM tq.untold AS untold
                        WHERE untold.channel = alert.channel AND untold.task IS NULL AND untold.reason = ${REASON})
    RETURNING channel, noted, told_until, taken_until)
  INSERT INTO tq.untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT channel, noted, NULL, 'worker', NULL, ${REASON}, 0, $2::bigint FROM counted WHERE ${HAS_ROOM}`;

/** A worker has trouble that no task tells of. Trouble that is still to be told is not told twice. */
export async function noteTrouble(db: Connection, trouble: string, now: number): Promise<void> {
  await countAllNoted(db);
  await db.run(NOTE_TROUBLE, [trouble, now]);
}
