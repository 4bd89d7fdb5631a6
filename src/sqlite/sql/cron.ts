/** Recurring tasks: their definitions, and the ledger of their slots. */
import type { Database } from "bun:sqlite";
import type {
  CronDecision,
  CronOverride,
  CronRow,
  CronSlot,
  CronState,
  PastSlot,
  SlotOutcome,
} from "../../cron/ledger.ts";
import { type FormerTimes, formerAfter } from "../../cron/former.ts";
import { timesOf } from "../../cron/in-force.ts";
import { IS_HELD, IS_UNKNOWN, ZONE } from "./cron-definitions.ts";

const COLUMNS = `
  name, origin, kind, definition, override, decided_until AS decidedUntil, former, removed_at AS removedAt,
  ${IS_HELD} AS held, ${ZONE} AS zone, ${IS_UNKNOWN} AS isUnknown,
  (SELECT json_group_array(DISTINCT read.origin) FROM tq__cron_read AS read
    WHERE read.name = tq__cron.name AND read.origin <> tq__cron.origin) AS others,
  (SELECT min(slot) FROM tq__cron_slot WHERE cron = name AND outcome = 'waiting') AS waiting,
  (SELECT count(*) FROM tq__cron_slot WHERE cron = name AND outcome = 'waiting') AS waitingCount`;
const ROWS = `SELECT ${COLUMNS} FROM tq__cron ORDER BY name`;
const ROW = `SELECT ${COLUMNS} FROM tq__cron WHERE name = $name`;

type StoredRow = Omit<CronRow, "override" | "former" | "held" | "isUnknown" | "others"> & {
  readonly override: string;
  readonly former: string;
  readonly held: 0 | 1;
  readonly isUnknown: 0 | 1;
  readonly others: string;
};

function toRow(row: StoredRow): CronRow {
  const override = JSON.parse(row.override) as CronOverride;
  const former = JSON.parse(row.former) as FormerTimes[];
  const others = JSON.parse(row.others) as string[];
  const isUnknown = row.isUnknown === 1;
  return { ...row, override, former, held: row.held === 1, isUnknown, others };
}

export function cronRows(db: Database): CronRow[] {
  return (db.query(ROWS).all() as StoredRow[]).map(toRow);
}

export function cronRow(db: Database, name: string): CronRow | null {
  const row = db.query(ROW).get({ name }) as StoredRow | null;
  return row && toRow(row);
}

const STATE = `
  SELECT (SELECT share FROM tq__share) AS share,
         (SELECT max(task.id) FROM tq__cron_slot AS slot JOIN tq__task AS task ON task.id = slot.task
           WHERE slot.cron = $name AND task.state IN ('scheduled', 'ready', 'running')) AS unfinished,
         (SELECT worker FROM tq__cron_slot
           WHERE cron = $name AND outcome = 'started' AND worker IN (SELECT id FROM tq__worker)
           ORDER BY slot DESC LIMIT 1) AS working`;

const TAKEN = "SELECT slot FROM tq__cron_slot WHERE cron = $name AND slot > $from";

/** How things are now; null: there is no such recurring task. */
export function cronState(db: Database, name: string): CronState | null {
  const row = cronRow(db, name);
  if (row === null) return null;
  const state = db.query(STATE).get({ name }) as Omit<CronState, "row" | "taken">;
  const taken = db.query(TAKEN).values({ name, from: row.decidedUntil }) as [number][];
  return { ...state, row, taken: new Set(taken.map(([slot]) => slot)) };
}

const RECORD = `
  INSERT INTO tq__cron_slot (cron, slot, decided_at, outcome, reason, task, worker)
  VALUES ($name, $slot, $now, $outcome, $reason, $task, $worker)
  ON CONFLICT (cron, slot) DO UPDATE
    SET decided_at = excluded.decided_at, outcome = excluded.outcome, reason = excluded.reason, task = excluded.task,
        worker = excluded.worker
  WHERE outcome = 'waiting'`;

/** Where the clock was ahead, slots that did not run come again. */
const FORGET_AHEAD =
  "DELETE FROM tq__cron_slot WHERE cron = $name AND slot > $until AND outcome IN ('missed', 'skipped', 'paused')";

/** Former times that end later than now are those of a clock that was ahead. */
const DECIDED = `
  UPDATE tq__cron
     SET decided_until = $until,
         former = (SELECT json_group_array(json(value)) FROM json_each(former)
                    WHERE value ->> 'until' > $until AND value ->> 'until' <= $now)
   WHERE name = $name`;

/** Each recurring task keeps so many of its last slots. */
const MOST_SLOTS = 1_000;

const FORGET_OLD = `
  DELETE FROM tq__cron_slot
   WHERE cron = $name
     AND slot < (SELECT slot FROM tq__cron_slot WHERE cron = $name ORDER BY slot DESC LIMIT 1 OFFSET ${MOST_SLOTS - 1})`;

/** @param ids those of the tasks that the decision pushes, in its order. */
export function recordDecision(
  db: Database,
  name: string,
  { slots, decidedUntil: until }: CronDecision,
  ids: readonly number[],
  now: number,
  worker: string | null,
): CronSlot[] {
  db.query(FORGET_AHEAD).run({ name, until });
  const rest = [...ids];
  const rows = slots.map(({ slot, outcome, reason, task }): CronSlot => {
    const id = task === null ? null : (rest.shift() ?? null);
    return { cron: name, slot, decidedAt: now, outcome, reason, task: id };
  });
  for (const { slot, outcome, reason, task } of rows) {
    const by = outcome === "started" ? worker : null;
    db.query(RECORD).run({ name, slot, outcome, reason, task, now, worker: by });
  }
  db.query(DECIDED).run({ name, until, now });
  if (slots.length > 0) db.query(FORGET_OLD).run({ name });
  return rows;
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
  SELECT cron, slot, decided_at AS decidedAt, outcome, one.reason, task, state
    FROM tq__cron_slot AS one LEFT JOIN tq__task AS task ON task.id = one.task
   WHERE cron = $name ORDER BY slot DESC LIMIT $limit`;

/** The last slots, the newest first. */
export function cronSlots(db: Database, name: string, limit: number): PastSlot[] {
  return db.query(SLOTS).all({ name, limit }) as PastSlot[];
}

const OVERRIDE = `
  UPDATE tq__cron SET override = $override, decided_until = $until, former = $former, changed_at = $now
   WHERE name = $name`;

export function overrideCron(
  db: Database,
  row: CronRow,
  override: CronOverride,
  now: number,
): void {
  const { name } = row;
  const former = formerAfter(row.former, timesOf(row), timesOf({ ...row, override }), now);
  db.query(OVERRIDE).run({
    name,
    override: JSON.stringify(override),
    until: Math.max(row.decidedUntil, pauseEnd(row.override, override, now)),
    former: JSON.stringify(former),
    now,
  });
}

/** Nothing that passed in a pause is caught up once that has ended. */
function pauseEnd({ pause }: CronOverride, after: CronOverride, now: number): number {
  if (pause === undefined || after.pause !== undefined) return -Infinity;
  return Math.min(now, (pause.until ?? Infinity) - 1);
}

const DELETE = "DELETE FROM tq__cron WHERE name = $name";
const DELETE_SLOTS = "DELETE FROM tq__cron_slot WHERE cron = $name";

export function deleteCron(db: Database, name: string): void {
  db.query(DELETE).run({ name });
  db.query(DELETE_SLOTS).run({ name });
}
