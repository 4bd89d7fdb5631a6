/** The ledger of recurring tasks: what became of each slot. */
import {
  type CronDecision,
  type CronSlot,
  MOST_SLOTS,
  type PastSlot,
  type SlotOutcome,
} from "../../cron/ledger.ts";
import type { Connection } from "../connection.ts";

const RECORD = `
  INSERT INTO tq.cron_slot AS old (cron, slot, first_slot, decided_at, outcome, reason, task, worker)
  VALUES ($1::text, $2::bigint, $3::bigint, $4::bigint, $5::text, $6::text, $7::bigint, $8::text)
  ON CONFLICT (cron, slot) DO UPDATE
    SET decided_at = excluded.decided_at, outcome = excluded.outcome, reason = excluded.reason, task = excluded.task,
        worker = excluded.worker
  WHERE old.outcome = 'waiting'`;

/** Where the clock was ahead, slots that did not run come again. */
const FORGET_AHEAD = `
  DELETE FROM tq.cron_slot
   WHERE cron = $1::text AND slot > $2::bigint AND outcome IN ('missed', 'skipped', 'paused')
  RETURNING first_slot::float8 AS first`;

const LEAVE_OUT = `
  UPDATE tq.cron_slot SET decided_at = $3::bigint, outcome = 'skipped', reason = $2::text
   WHERE cron = $1::text AND outcome = 'waiting'`;

/** Former times that end later than now are those of a clock that was ahead. */
const DECIDED = `
  UPDATE tq.cron
     SET decided_until = $2::bigint,
         former = (SELECT coalesce(json_agg(value), '[]')::text FROM json_array_elements(former::json) AS value
                    WHERE (value ->> 'until')::float8 > $2::bigint AND (value ->> 'until')::float8 <= $3::bigint)
   WHERE name = $1::text`;

const FORGET_OLD = `
  DELETE FROM tq.cron_slot
   WHERE cron = $1::text
     AND slot < (SELECT slot FROM tq.cron_slot WHERE cron = $1::text ORDER BY slot DESC LIMIT 1 OFFSET ${MOST_SLOTS - 1})`;

/** The recurring task must be locked. @param ids those of the tasks that the decision pushes, in its order. */
export async function recordDecision(
  db: Connection,
  name: string,
  { slots, decidedUntil, leaveOut }: CronDecision,
  ids: readonly number[],
  now: number,
  worker: string | null,
): Promise<CronSlot[]> {
  const until = await forgetAhead(db, name, decidedUntil);
  const rest = [...ids];
  const rows = slots.map(({ slot, firstSlot = null, outcome, reason, task }): CronSlot => {
    const id = task === null ? null : (rest.shift() ?? null);
    return { cron: name, slot, firstSlot, decidedAt: now, outcome, reason, task: id };
  });
  const sent = rows.map(({ slot, firstSlot, outcome, reason, task }) => {
    const by = outcome === "started" ? worker : null;
    return db.run(RECORD, [name, slot, firstSlot, now, outcome, reason, task, by]);
  });
  if (leaveOut !== undefined) sent.push(db.run(LEAVE_OUT, [name, leaveOut, now]));
  sent.push(db.run(DECIDED, [name, until, now]));
  if (slots.length > 0) sent.push(db.run(FORGET_OLD, [name]));
  await Promise.all(sent);
  return rows;
}

/** @returns up to when slots are decided then: those for which a row stood that goes come again, too. */
async function forgetAhead(db: Connection, name: string, until: number): Promise<number> {
  const gone = await db.all<{ readonly first: number | null }>(FORGET_AHEAD, [name, until]);
  return Math.min(until, ...gone.map(({ first }) => (first ?? Infinity) - 1));
}

const END = `
  UPDATE tq.cron_slot SET outcome = $3::text, reason = $4::text
   WHERE cron = $1::text AND slot = $2::bigint AND outcome = 'started'`;

export async function endSlot(
  db: Connection,
  name: string,
  slot: number,
  outcome: SlotOutcome,
  reason: string,
): Promise<void> {
  await db.run(END, [name, slot, outcome, reason]);
}

const SLOTS = `
  SELECT cron, slot::float8 AS slot, first_slot::float8 AS "firstSlot", decided_at::float8 AS "decidedAt", outcome,
         one.reason, one.task::float8 AS task, state
    FROM tq.cron_slot AS one LEFT JOIN tq.task AS task ON task.id = one.task
   WHERE cron = $1::text ORDER BY one.slot DESC LIMIT $2::bigint`;

/** The last slots, the newest first. */
export function cronSlots(db: Connection, name: string, limit: number): Promise<PastSlot[]> {
  return db.all<PastSlot>(SLOTS, [name, limit]);
}
