/** The ledger of recurring tasks: what became of each slot. */
import type { Database } from "bun:sqlite";
import {
  type CronDecision,
  type CronSlot,
  MOST_SLOTS,
  type PastSlot,
  type SlotOutcome,
} from "../../cron/ledger.ts";

const RECORD = `
  INSERT INTO tq__cron_slot (cron, slot, first_slot, decided_at, outcome, reason, task, worker)
  VALUES ($name, $slot, $firstSlot, $now, $outcome, $reason, $task, $worker)
  ON CONFLICT (cron, slot) DO UPDATE
    SET decided_at = excluded.decided_at, outcome = excluded.outcome, reason = excluded.reason, task = excluded.task,
        worker = excluded.worker
  WHERE outcome = 'waiting'`;

/** Where the clock was ahead, slots that did not run come again. */
const FORGET_AHEAD = `
  DELETE FROM tq__cron_slot WHERE cron = $name AND slot > $until AND outcome IN ('missed', 'skipped', 'paused')
  RETURNING first_slot`;

/** Former times that end later than now are those of a clock that was ahead. */
const LEAVE_OUT = `
  UPDATE tq__cron_slot SET decided_at = $now, outcome = 'skipped', reason = $reason
   WHERE cron = $name AND outcome = 'waiting'`;

const DECIDED = `
  UPDATE tq__cron
     SET decided_until = $until,
         former = (SELECT json_group_array(json(value)) FROM json_each(former)
                    WHERE value ->> 'until' > $until AND value ->> 'until' <= $now)
   WHERE name = $name`;

const FORGET_OLD = `
  DELETE FROM tq__cron_slot
   WHERE cron = $name
     AND slot < (SELECT slot FROM tq__cron_slot WHERE cron = $name ORDER BY slot DESC LIMIT 1 OFFSET ${MOST_SLOTS - 1})`;

/** @param ids those of the tasks that the decision pushes, in its order. */
export function recordDecision(
  db: Database,
  name: string,
  { slots, decidedUntil, leaveOut }: CronDecision,
  ids: readonly number[],
  now: number,
  worker: string | null,
): CronSlot[] {
  const until = forgetAhead(db, name, decidedUntil);
  const rest = [...ids];
  const rows = slots.map(({ slot, firstSlot = null, outcome, reason, task }): CronSlot => {
    const id = task === null ? null : (rest.shift() ?? null);
    return { cron: name, slot, firstSlot, decidedAt: now, outcome, reason, task: id };
  });
  for (const { slot, firstSlot, outcome, reason, task } of rows) {
    const by = outcome === "started" ? worker : null;
    db.query(RECORD).run({ name, slot, firstSlot, outcome, reason, task, now, worker: by });
  }
  if (leaveOut !== undefined) db.query(LEAVE_OUT).run({ name, reason: leaveOut, now });
  db.query(DECIDED).run({ name, until, now });
  if (slots.length > 0) db.query(FORGET_OLD).run({ name });
  return rows;
}

/** @returns up to when slots are decided then: those for which a row stood that goes come again, too. */
function forgetAhead(db: Database, name: string, until: number): number {
  const gone = db.query(FORGET_AHEAD).values({ name, until }) as [number | null][];
  return Math.min(until, ...gone.map(([first]) => (first ?? Infinity) - 1));
}

const END = `
  UPDATE tq__cron_slot SET outcome = $outcome, reason = $reason
   WHERE cron = $name AND slot = $slot AND outcome = 'started'`;

export function endSlot(
  db: Database,
  name: string,
  slot: number,
  outcome: SlotOutcome,
  reason: string,
): void {
  db.query(END).run({ name, slot, outcome, reason });
}

const SLOTS = `
  SELECT cron, slot, first_slot AS firstSlot, decided_at AS decidedAt, outcome, one.reason, task, state
    FROM tq__cron_slot AS one LEFT JOIN tq__task AS task ON task.id = one.task
   WHERE cron = $name ORDER BY slot DESC LIMIT $limit`;

/** The last slots, the newest first. */
export function cronSlots(db: Database, name: string, limit: number): PastSlot[] {
  return db.query(SLOTS).all({ name, limit }) as PastSlot[];
}
