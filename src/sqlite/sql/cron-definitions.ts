/** The definitions of recurring tasks: which source has which name, and what of it is in force. */
import type { Database } from "bun:sqlite";
import {
  type CronChanges,
  type CronSource,
  type CronText,
  kindOf,
  type OriginKind,
} from "../../cron/ledger.ts";
import { endOfRemoved } from "../../cron/left-slots.ts";
import { type DefinedCron, mayTake, namesOf, overrideFor, startOf } from "../../cron/redefined.ts";
import { cronState, IS_HELD, ZONE } from "./cron-rows.ts";
import { recordDecision } from "./cron-slots.ts";
import { declaredMarks } from "./redactions.ts";

const FOUND = `
  SELECT origin, kind, definition, override, decided_until AS decidedUntil, former, removed_at AS removedAt, ${ZONE} AS zone,
         ${IS_HELD} AS isHeld,
         EXISTS (SELECT 1 FROM tq__cron_read AS read
                  WHERE read.name = tq__cron.name AND read.origin = tq__cron.origin AND read.is_foreign = 0
                    AND read.worker <> $worker) AS hasOwner
    FROM tq__cron WHERE name = $name`;

interface FoundRow extends Omit<DefinedCron, "isHeld" | "hasOwner"> {
  readonly isHeld: 0 | 1;
  readonly hasOwner: 0 | 1;
}

function findCron(db: Database, name: string, worker: string): DefinedCron | null {
  const row = db.query(FOUND).get({ name, worker }) as FoundRow | null;
  return row && { ...row, isHeld: row.isHeld === 1, hasOwner: row.hasOwner === 1 };
}

const DEFINE = `
  INSERT INTO tq__cron (name, origin, kind, definition, override, decided_until, former, changed_at)
  VALUES ($name, $origin, $kind, $definition, $override, $decidedUntil, $former, $now)
  ON CONFLICT (name) DO UPDATE
    SET origin = excluded.origin, kind = excluded.kind, definition = excluded.definition, override = excluded.override,
        decided_until = excluded.decided_until, former = excluded.former, changed_at = excluded.changed_at,
        removed_at = NULL`;

/** A file that was moved, or a new release in a folder of its own, changes no time. */
const MOVE = "UPDATE tq__cron SET origin = $origin, kind = $kind WHERE name = $name";

const FORGET_READ = `
  DELETE FROM tq__cron_read
   WHERE worker = $worker AND origin = $origin AND name NOT IN (SELECT value FROM json_each($names))`;

const READ = `
  INSERT INTO tq__cron_read (name, worker, origin, is_foreign, definition)
  VALUES ($name, $worker, $origin, $isForeign, $definition)
  ON CONFLICT (name, worker) DO UPDATE
    SET origin = excluded.origin, is_foreign = excluded.is_foreign, definition = excluded.definition`;

const REMOVE_OTHERS = `
  UPDATE tq__cron SET removed_at = $now, changed_at = $now
   WHERE origin = $origin AND removed_at IS NULL AND name NOT IN (SELECT value FROM json_each($names))
  RETURNING name`;

const HELD = `SELECT json_group_array(json_array(name, origin)) FROM tq__cron WHERE removed_at IS NULL AND (${IS_HELD})`;

/** Slots from before that no worker has decided came while none had the definition. */
const NOTE_HELD = `
  UPDATE tq__cron SET held_since = $now
   WHERE removed_at IS NULL AND kind NOT IN ('tq', 'database') AND (${IS_HELD})
     AND NOT EXISTS (SELECT 1 FROM json_each($before) WHERE value ->> 0 = tq__cron.name AND value ->> 1 = tq__cron.origin)`;

/** Makes the definitions of these sources those that they have now. */
export function defineCrons(
  db: Database,
  sources: readonly CronSource[],
  now: number,
): CronChanges {
  const [held] = db.query(HELD).values() as [string][];
  for (const source of sources) keepRead(db, source);
  const changed: string[] = [];
  for (const source of sources) {
    for (const text of source.definitions) {
      const found = findCron(db, text.name, source.worker ?? "");
      if (found !== null && !mayTake(source, text.name, found)) continue;
      if (put(db, source, text, found, now)) changed.push(text.name);
    }
  }
  const removed = sources.flatMap((source) => removeOthers(db, source, now));
  db.query(NOTE_HELD).run({ now, before: held?.[0] ?? "[]" });
  return { changed: changed.sort(), removed };
}

/** Adds one that no worker has read yet: its slots wait for one that has its file. */
export function insertCron(
  db: Database,
  origin: string,
  { name, definition }: CronText,
  kind: OriginKind,
  now: number,
): void {
  const from = { decidedUntil: now, former: "[]" };
  db.query(DEFINE).run({ name, origin, kind, definition, ...from, override: "{}", now });
}

/** Keeps what a worker has read. Those of tq need no worker: every one has them. */
function keepRead(db: Database, source: CronSource): void {
  const { origin, definitions, worker = "" } = source;
  if (source.isPart !== true)
    db.query(FORGET_READ).run({ worker, origin, names: namesJson(source) });
  if (kindOf(source) === "tq" || kindOf(source) === "database") return;
  for (const { name, definition } of definitions) {
    const isForeign = source.foreign?.includes(name) === true ? 1 : 0;
    db.query(READ).run({ name, worker, origin, isForeign, definition });
  }
}

/** @returns true where another definition is in force now. */
function put(
  db: Database,
  source: CronSource,
  { name, definition }: CronText,
  found: DefinedCron | null,
  now: number,
): boolean {
  const { origin } = source;
  const kind = kindOf(source);
  if (found?.definition === definition && found.removedAt === null) {
    if (found.origin !== origin || found.kind !== kind) db.query(MOVE).run({ name, origin, kind });
    return false;
  }
  endRemoved(db, name, now);
  const override = overrideFor({ name, definition }, found, declaredMarks(db));
  const from = startOf({ name, definition }, found, override, now);
  const values = { name, origin, kind, definition, override: JSON.stringify(override) };
  db.query(DEFINE).run({ ...values, ...from, now });
  return true;
}

/** The slots that a former definition of that name, which was taken away, has left undecided. */
function endRemoved(db: Database, name: string, now: number): void {
  const state = cronState(db, name);
  const ended = state && endOfRemoved(state, now);
  if (ended !== null) recordDecision(db, name, ended, [], now, null);
}

function removeOthers(db: Database, source: CronSource, now: number) {
  if (source.isPart === true) return [];
  const { origin } = source;
  const rows = db.query(REMOVE_OTHERS).values({ origin, names: namesJson(source), now });
  return (rows as [string][]).map(([name]) => ({ name, origin }));
}

function namesJson(source: CronSource): string {
  return JSON.stringify(namesOf(source));
}
