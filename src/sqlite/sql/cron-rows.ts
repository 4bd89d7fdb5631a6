/** Recurring tasks as rows of the database. */
import type { Database } from "bun:sqlite";
import type { FormerTimes } from "../../cron/former.ts";
import type { CronOverride, CronRow, CronState } from "../../cron/ledger.ts";

/** A recurring task is held while a live worker has its file. Those of tq and of the database always are. */
export const IS_HELD = `
  kind IN ('tq', 'database') OR
    EXISTS (SELECT 1 FROM tq__cron_read AS read WHERE read.name = tq__cron.name AND read.origin = tq__cron.origin)`;

/** Workers have read it, and none of them has the models that it needs. */
const IS_UNKNOWN = `
  (SELECT min(is_foreign) FROM tq__cron_read AS read
    WHERE read.name = tq__cron.name AND read.origin = tq__cron.origin) IS 1`;

/** The time zone in force for definitions that name none; NULL: no worker has run yet. */
export const ZONE = "(SELECT zone FROM tq__cron_zone WHERE worker = '')";

const COLUMNS = `
  name, origin, kind, definition, override, decided_until AS decidedUntil, former, removed_at AS removedAt,
  held_since AS heldSince, NULL AS leftAt,
  ${IS_HELD} AS held, ${ZONE} AS zone, ${IS_UNKNOWN} AS isUnknown,
  (SELECT json_group_array(DISTINCT read.origin) FROM tq__cron_read AS read
    WHERE read.name = tq__cron.name AND read.origin <> tq__cron.origin AND read.definition <> tq__cron.definition
      AND read.is_foreign = 0) AS others,
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
