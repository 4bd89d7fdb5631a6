/**
 * Failures of before a change of alerts that only the new definition wants: after a typo is corrected, people hear of what
 * they should have heard.
 */
import type { Database } from "bun:sqlite";
import { MOST_KEPT, NEWS_MS, REASON_CHARACTERS } from "../../store/failure-store.ts";
import { CALL } from "./call.ts";
import { HAS_ROOM, wants } from "./untold.ts";

/** A definition that takes the place of another one. */
export interface AlertChange {
  readonly channel: string;
  readonly former: string;
  /** JSON of globs. */
  readonly queues: string;
  readonly tasks: string;
  readonly now: number;
}

/** The former definition has told, or tells, what both want. */
const IS_WANTED_ANEW = `
  state = 'failed' AND finished_at IS NOT NULL AND ${wants("$queues", "$tasks")}
    AND NOT EXISTS (SELECT 1 FROM tq__alert
                     WHERE channel = $former AND ${wants("tq__alert.queues", "tq__alert.tasks")})`;

/** Nothing is told of before there was an alert. */
const NEWS_FROM = `max($now - ${NEWS_MS}, (SELECT since FROM tq__alert WHERE channel = $former))`;

const PASSED_OVER = `
  SELECT count(*) AS count FROM tq__task WHERE ${IS_WANTED_ANEW} AND finished_at < ${NEWS_FROM}`;

/** The number of those that failed too long ago to be told. */
export function countPassedOver(db: Database, change: Omit<AlertChange, "channel">): number {
  return (db.query(PASSED_OVER).get({ ...change }) as { readonly count: number }).count;
}

const EARLIER = `${IS_WANTED_ANEW} AND finished_at >= ${NEWS_FROM}`;

const FIRST = `
  SELECT row_number() OVER (ORDER BY finished_at, id) AS number, id, call, queue, reason, attempts, finished_at
    FROM (SELECT id, ${CALL} AS call, queue, substr(reason, 1, ${REASON_CHARACTERS}) AS reason, attempts, finished_at
            FROM tq__task WHERE ${EARLIER} ORDER BY finished_at, id LIMIT ${MOST_KEPT})`;

const KEEP = `
  INSERT INTO tq__untold (channel, number, task, call, queue, reason, attempts, failed_at)
  SELECT $channel, noted, id, call, queue, reason, attempts, finished_at
    FROM (SELECT told_until, taken_until, noted + number AS noted, id, call, first.queue, reason, attempts, finished_at
            FROM tq__alert, (${FIRST}) AS first
           WHERE channel = $channel)
   WHERE ${HAS_ROOM}`;

const COUNT = `
  UPDATE tq__alert SET noted = noted + (SELECT count(*) FROM tq__task WHERE ${EARLIER})
   WHERE channel = $channel`;

/** Has those told that failed of late. */
export function noteEarlier(db: Database, change: AlertChange): void {
  const { channel, ...rest } = change;
  db.query(KEEP).run({ channel, ...rest });
  db.query(COUNT).run({ channel, ...rest });
}
