/**
 * Webhooks of a file as a move sees them. A server has a row for each end that a webhook is to tell; a file has the place up
 * to which all is told, and what is told around it.
 */
import type { Database } from "bun:sqlite";
import type { MovedRow } from "../../store/moving.ts";
import { ENDED_STATES, WEBHOOK_CALL } from "../../task.ts";
import { WINDOW_MS } from "../sql/webhooks.ts";

const states = ENDED_STATES.map((state) => `'${state}'`).join(", ");

/** In the words of the partial index. */
const IS_END = `state IN (${states}) AND finished_at IS NOT NULL AND model <> '${WEBHOOK_CALL}'`;

/** The file of a webhook says what it wants. */
export const WEBHOOKS = "SELECT key, target, seed FROM tq__webhook";

export const UNTOLD_ENDS = `
  SELECT key, tq__task.id AS task, finished_at AS ended_at
    FROM tq__webhook AS webhook CROSS JOIN tq__task
   WHERE ${IS_END} AND finished_at >= max(since, webhook.ended_at - ${WINDOW_MS})
     AND NOT EXISTS (SELECT 1 FROM tq__webhook_told AS told
                      WHERE told.key = webhook.key AND told.ended_at = finished_at AND told.task = tq__task.id)
   ORDER BY finished_at, tq__task.id`;

const ADD = `
  INSERT INTO tq__webhook (key, target, seed, since, ended_at)
  SELECT $key, $target, $seed, last - ${WINDOW_MS}, last
    FROM (SELECT coalesce(max(finished_at), 0) AS last FROM tq__task WHERE ${IS_END})
  RETURNING ended_at AS endedAt`;

const TELL = `
  INSERT INTO tq__webhook_told (key, ended_at, task)
  SELECT $key, finished_at, id FROM tq__task WHERE ${IS_END} AND finished_at >= $from AND finished_at < $until`;

const PLACE = "SELECT ended_at AS endedAt FROM tq__webhook WHERE key = $key";

const GO_BACK = "UPDATE tq__webhook SET since = $from, ended_at = $endedAt WHERE key = $key";

const UNTELL = `
  DELETE FROM tq__webhook_told WHERE key = $key AND ended_at = $ended_at AND task = $task`;

interface Place {
  readonly endedAt: number;
}

/** Adds a webhook that has told all ends there are. */
export function addWebhook(
  db: Database,
  { key = null, target = null, seed = null }: MovedRow,
): void {
  const { endedAt } = db.query(ADD).get({ key, target, seed }) as Place;
  db.query(TELL).run({ key, from: endedAt - WINDOW_MS, until: endedAt + 1 });
}

/** Adds an end that a webhook is still to tell: it goes back before that, and has told the others since then. */
export function addEnd(db: Database, { key = null, task = null, ended_at = null }: MovedRow): void {
  const before = Number(ended_at) - 1;
  const { endedAt } = db.query(PLACE).get({ key }) as Place;
  if (before < endedAt) {
    const from = before - WINDOW_MS;
    db.query(TELL).run({ key, from, until: endedAt - WINDOW_MS });
    db.query(GO_BACK).run({ key, from, endedAt: before });
  }
  db.query(UNTELL).run({ key, task, ended_at });
}
