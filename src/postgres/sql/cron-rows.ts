/** Recurring tasks as rows of the database. */
import type { FormerTimes } from "../../cron/former.ts";
import type { CronOverride, CronRow, CronState } from "../../cron/ledger.ts";
import type { Connection } from "../connection.ts";

/** A recurring task is held while a live worker has its file. Those of tq and of the database always are. */
export const IS_HELD = `
  (cron.kind IN ('tq', 'database') OR
    EXISTS (SELECT FROM tq.cron_read AS read WHERE read.name = cron.name AND read.origin = cron.origin))`;

/** Workers have read it, and none of them has the models that it needs. */
const IS_UNKNOWN = `
  coalesce((SELECT bool_and(is_foreign) FROM tq.cron_read AS read
             WHERE read.name = cron.name AND read.origin = cron.origin), false)`;

/** The time zone in force for definitions that name none; NULL: no worker has run yet. */
export const ZONE = "(SELECT zone FROM tq.cron_zone WHERE worker = '')";

const COLUMNS = `
  name, origin, kind, definition, override, decided_until::float8 AS "decidedUntil", former,
  removed_at::float8 AS "removedAt", held_since::float8 AS "heldSince", left_at::float8 AS "leftAt",
  ${IS_HELD} AS held, ${ZONE} AS zone, ${IS_UNKNOWN} AS "isUnknown",
  ARRAY(SELECT DISTINCT read.origin FROM tq.cron_read AS read
         WHERE read.name = cron.name AND read.origin <> cron.origin AND read.definition <> cron.definition
           AND NOT read.is_foreign ORDER BY read.origin) AS others,
  (SELECT min(slot)::float8 FROM tq.cron_slot AS slot WHERE slot.cron = name AND outcome = 'waiting') AS waiting,
  (SELECT count(*)::float8 FROM tq.cron_slot AS slot
    WHERE slot.cron = name AND outcome = 'waiting') AS "waitingCount"`;
const ROWS = `SELECT ${COLUMNS} FROM tq.cron AS cron ORDER BY name`;
const ROW = `SELECT ${COLUMNS} FROM tq.cron AS cron WHERE name = $1::text`;

type StoredRow = Omit<CronRow, "override" | "former"> & {
  readonly override: string;
  readonly former: string;
};

function toRow(row: StoredRow): CronRow {
  const override = JSON.parse(row.override) as CronOverride;
  const former = JSON.parse(row.former) as FormerTimes[];
  return { ...row, override, former, others: [...row.others] };
}

export async function cronRows(db: Connection): Promise<CronRow[]> {
  return (await db.all<StoredRow>(ROWS)).map(toRow);
}

export async function cronRow(db: Connection, name: string): Promise<CronRow | null> {
  const row = await db.get<StoredRow>(ROW, [name]);
  return row && toRow(row);
}

/**
 * Grows with each change, as its transaction has a higher number than those before it; less rows that were deleted, which
 * the count shows.
 */
export const CRON_VERSION = `
  (SELECT count(*) || ' ' || coalesce(sum(changed), 0)
     FROM (SELECT xmin::text::bigint AS changed FROM tq.cron
           UNION ALL SELECT xmin::text::bigint FROM tq.cron_read
           UNION ALL SELECT xmin::text::bigint FROM tq.cron_zone) AS rows)`;

const VERSION = `SELECT ${CRON_VERSION} AS version`;

export async function cronVersion(db: Connection): Promise<string> {
  return (await db.get<{ readonly version: string }>(VERSION))?.version ?? "";
}

const LOCK = "SELECT FROM tq.cron WHERE name = $1::text FOR UPDATE";
const LOCK_ALL = "SELECT FROM tq.cron ORDER BY name FOR UPDATE";

/**
 * Locks a recurring task to the end of the transaction: others that decide, change or remove it wait. It is a statement
 * of its own, as the next one then sees what those have changed that held the lock before.
 */
export async function lockCron(db: Connection, name: string): Promise<void> {
  await db.run(LOCK, [name]);
}

export async function lockCrons(db: Connection): Promise<void> {
  await db.run(LOCK_ALL);
}

const STATE = `
  SELECT (SELECT share FROM tq.share) AS share,
         (SELECT max(task.id)::float8 FROM tq.cron_slot AS slot JOIN tq.task AS task ON task.id = slot.task
           WHERE slot.cron = $1::text AND task.state IN ('scheduled', 'ready', 'running')) AS unfinished,
         (SELECT worker FROM tq.cron_slot
           WHERE cron = $1::text AND outcome = 'started' AND worker IN (SELECT id FROM tq.worker)
           ORDER BY slot DESC LIMIT 1) AS working`;

const TAKEN = `
  SELECT slot::float8 AS slot FROM tq.cron_slot WHERE cron = $1::text AND slot > $2::bigint`;

/** As `cronState`; it stays so to the end of the transaction. */
export async function lockedState(db: Connection, name: string): Promise<CronState | null> {
  await lockCron(db, name);
  return cronState(db, name);
}

/** How things are now; null: there is no such recurring task. A caller that then writes must have locked it. */
export async function cronState(db: Connection, name: string): Promise<CronState | null> {
  const row = await cronRow(db, name);
  if (row === null) return null;
  const [state, taken] = await Promise.all([
    db.get<Omit<CronState, "row" | "taken">>(STATE, [name]),
    db.all<{ readonly slot: number }>(TAKEN, [name, row.decidedUntil]),
  ]);
  if (state === null) return null;
  return { ...state, row, taken: new Set(taken.map(({ slot }) => slot)) };
}
