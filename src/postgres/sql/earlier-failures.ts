/**
 * Failures of before a change of alerts that only the new definition wants: after a typo is corrected, people hear of what
 * they should have heard.
 */
import { MOST_KEPT, NEWS_MS, REASON_CHARACTERS } from "../../store/failure-store.ts";
import type { Connection } from "../connection.ts";
import { CALL } from "./call.ts";
import { HAS_ROOM, wants } from "./noted-failures.ts";

/** A definition that takes the place of another one. */
export interface AlertChange {
  readonly channel: string;
  readonly former: string;
  /** Patterns for LIKE. */
  readonly queues: readonly string[];
  readonly tasks: readonly string[];
  readonly now: number;
}

/** The former definition has told, or tells, what both want. */
const IS_WANTED_ANEW = `
  state = 'failed' AND finished_at IS NOT NULL AND ${wants("$2::text[]", "$3::text[]")}
    AND NOT EXISTS (SELECT FROM tq.alert AS alert
                     WHERE channel = $1::text AND ${wants("alert.queues", "alert.tasks")})`;

/** Nothing is told of before there was an alert. */
const NEWS_FROM = `
  greatest($4::bigint - ${NEWS_MS}, (SELECT since FROM tq.alert WHERE channel = $1::text))`;

const PASSED_OVER = `
  SELECT count(*)::float8 AS count FROM tq.task WHERE ${IS_WANTED_ANEW} AND finished_at < ${NEWS_FROM}`;

function valuesOf({ former, queues, tasks, now }: Omit<AlertChange, "channel">) {
  return [former, queues, tasks, now];
}

/** The number of those that failed too long ago to be told. */
export async function countPassedOver(
  db: Connection,
  change: Omit<AlertChange, "channel">,
): Promise<number> {
  const row = await db.get<{ readonly count: number }>(PASSED_OVER, valuesOf(change));
  return row?.count ?? 0;
}

/** The row of the alert is locked. */
const TELL_EARLIER = `
  WITH earlier AS (
         SELECT id, ${CALL} AS call, queue, left(reason, ${REASON_CHARACTERS}) AS reason, attempts, finished_at
           FROM tq.task WHERE ${IS_WANTED_ANEW} AND finished_at >= ${NEWS_FROM}),
       counted AS (UPDATE tq.alert SET noted = noted + (SELECT count(*) FROM earlier) WHERE channel = $5::text),
       first AS (SELECT row_number() OVER (ORDER BY finished_at, id) AS nth, *
                   FROM earlier ORDER BY finished_at, id LIMIT ${MOST_KEPT})
  INSERT INTO tq.untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT channel, noted, id, call, queue, reason, attempts, finished_at
    FROM (SELECT channel, told_until, taken_until, noted + nth AS noted, first.id, call, first.queue, reason, attempts,
                 finished_at
            FROM tq.alert AS alert CROSS JOIN first WHERE channel = $5::text) AS numbered
   WHERE ${HAS_ROOM}`;

/** Has those told that failed of late. */
export async function noteEarlier(db: Connection, change: AlertChange): Promise<void> {
  await db.run(TELL_EARLIER, [...valuesOf(change), change.channel]);
}
