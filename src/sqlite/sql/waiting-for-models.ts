/** Tasks that wait for models that no worker had loaded. */
import type { Database } from "bun:sqlite";
import { LONGEST_WAIT_MS, WAITS_FOR_MODELS } from "../../store/waiting-for-models.ts";

/** They are among the next ones to come due. */
const WAITING = `
  state = 'scheduled' AND scheduled_at > $now AND scheduled_at <= $now + ${LONGEST_WAIT_MS} AND snoozes > 0
  AND substr(reason, -${WAITS_FOR_MODELS.length}) = '${WAITS_FOR_MODELS}'`;

const IS_ANY_WAITING = `SELECT 1 FROM tq__task WHERE ${WAITING} LIMIT 1`;

export function isAnyWaitingForModels(db: Database, now: number): boolean {
  return db.query(IS_ANY_WAITING).get({ now }) !== null;
}

const END_WAIT = `UPDATE tq__task SET scheduled_at = $now WHERE ${WAITING}`;

/** @returns how many are due now */
export function endWaitForModels(db: Database, now: number): number {
  return db.query(END_WAIT).run({ now }).changes;
}
