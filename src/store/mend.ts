/**
 * Times that a clock left which was ahead and has been set back. Who was pushed in a year to come would stand
 * behind all others until then, and who was put off by a minute there would wait for a year.
 */
import type { Database } from "bun:sqlite";

/** A clock that is moved by less does no harm: ms. */
const SLACK = 1_000;

/** No task that met a busy database is put off for longer: ms. */
const LONGEST_DELAY = 3_600_000;

const IS_AHEAD = `enqueued_at > $now + ${SLACK}`;

/** Only a task that is tried again later has begun and is scheduled. */
const IS_PUT_OFF = `attempts > 0 AND scheduled_at > $now + ${LONGEST_DELAY} + ${SLACK}`;

const FIND = `
  SELECT id FROM tq__task
   WHERE state = 'ready' AND suspect = 0 AND deadline > $now AND ${IS_AHEAD}
  UNION ALL
  SELECT id FROM tq__task
   WHERE state = 'ready' AND suspect = 1 AND deadline > $now AND ${IS_AHEAD}
  UNION ALL
  SELECT id FROM tq__task WHERE state = 'running' AND ${IS_AHEAD}
  UNION ALL
  SELECT id FROM tq__task
   WHERE state = 'scheduled' AND scheduled_at > $now AND (${IS_AHEAD} OR (${IS_PUT_OFF}))`;

/** Tasks with times that a clock left which was ahead. */
export function findAhead(db: Database, now: number): number[] {
  return (db.query(FIND).values({ now }) as [number][]).map(([id]) => id);
}

/** As if it were pushed now: all its times move with that of its push. */
const MEND = `
  UPDATE tq__task
     SET enqueued_at = $now,
         scheduled_at = scheduled_at - (enqueued_at - $now),
         expected_at = expected_at - (enqueued_at - $now),
         deadline = deadline - (enqueued_at - $now)
   WHERE id = $id AND state IN ('ready', 'running', 'scheduled') AND ${IS_AHEAD}`;

const MEND_PUT_OFF = `
  UPDATE tq__task SET scheduled_at = $now WHERE id = $id AND state = 'scheduled' AND ${IS_PUT_OFF}`;

/** Mends these; returns how many needed it. */
export function mend(db: Database, ids: readonly number[], now: number): number {
  const [ahead, putOff] = [db.query(MEND), db.query(MEND_PUT_OFF)];
  let mended = 0;
  for (const id of ids) {
    const { changes } = ahead.run({ id, now });
    mended += changes === 0 ? putOff.run({ id, now }).changes : changes;
  }
  return mended;
}
