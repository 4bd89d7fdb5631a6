/** The definitions of recurring tasks: which source has which name, and what of it is in force. */
import type { Database } from "bun:sqlite";
import {
  type CronChanges,
  type CronOverride,
  type CronSource,
  type CronText,
  kindOf,
  ORIGIN_KINDS,
  type OriginKind,
  type RefusedDefinition,
} from "../../cron/ledger.ts";
import { type FormerTimes, formerAfter } from "../../cron/former.ts";
import { editedKeys, saidBySource, timesOf } from "../../cron/in-force.ts";
import { BACK_MS, endOfRemoved } from "../../cron/left-slots.ts";
import { unveiledKeys } from "../../cron/shown-call.ts";
import { Redaction } from "../../redaction/redaction.ts";
import { cronState, IS_HELD, ZONE } from "./cron-rows.ts";
import { recordDecision } from "./cron-slots.ts";
import { declaredMarks } from "./redactions.ts";

/** The keys that say what is called. */
const CALL_KEYS: readonly string[] = ["task", "instances", "args", "context"];

const FOUND = `
  SELECT origin, kind, definition, override, decided_until AS decidedUntil, former, removed_at AS removedAt, ${ZONE} AS zone,
         ${IS_HELD} AS isHeld,
         EXISTS (SELECT 1 FROM tq__cron_read AS read
                  WHERE read.name = tq__cron.name AND read.origin = tq__cron.origin AND read.is_foreign = 0
                    AND read.worker <> $worker) AS hasOwner
    FROM tq__cron WHERE name = $name`;

interface Found {
  readonly origin: string;
  readonly kind: OriginKind;
  readonly definition: string;
  readonly override: string;
  readonly decidedUntil: number;
  readonly former: string;
  readonly zone: string | null;
  readonly removedAt: number | null;
  readonly isHeld: 0 | 1;
  /** Another worker has read it, and has the models that it needs. */
  readonly hasOwner: 0 | 1;
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
  INSERT INTO tq__cron_read (name, worker, origin, is_foreign) VALUES ($name, $worker, $origin, $isForeign)
  ON CONFLICT (name, worker) DO UPDATE SET origin = excluded.origin, is_foreign = excluded.is_foreign`;

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
  const refused: RefusedDefinition[] = [];
  for (const source of sources) {
    for (const text of source.definitions) {
      const found = db
        .query(FOUND)
        .get({ name: text.name, worker: source.worker ?? "" }) as Found | null;
      if (found !== null && !mayTake(source, text.name, found)) {
        const { origin, kind } = found;
        const one = { name: text.name, origin: source.origin, by: { origin, kind } };
        if (origin !== source.origin) refused.push(one);
      } else if (put(db, source, text, found, now)) changed.push(text.name);
    }
  }
  const removed = sources.flatMap((source) => removeOthers(db, source, now));
  db.query(NOTE_HELD).run({ now, before: held?.[0] ?? "[]" });
  return { changed: changed.sort(), removed, refused };
}

/** Adds one that no worker has read yet: its slots wait for one that has its file. */
export function addCron(
  db: Database,
  origin: string,
  { name, definition }: CronText,
  kind: OriginKind,
  now: number,
): void {
  const from = { decidedUntil: now, former: "[]" };
  db.query(DEFINE).run({ name, origin, kind, definition, ...from, override: "{}", now });
}

function namesOf({ definitions, foreign = [] }: CronSource): string {
  return JSON.stringify([...foreign, ...definitions.map(({ name }) => name)]);
}

/** Keeps what a worker has read. Those of tq need no worker: every one has them. */
function keepRead(db: Database, source: CronSource): void {
  const { origin, definitions, worker = "" } = source;
  if (source.isPart !== true) db.query(FORGET_READ).run({ worker, origin, names: namesOf(source) });
  if (kindOf(source) === "tq" || kindOf(source) === "database") return;
  for (const { name } of definitions) {
    const isForeign = source.foreign?.includes(name) === true ? 1 : 0;
    db.query(READ).run({ name, worker, origin, isForeign });
  }
}

function mayTake(source: CronSource, name: string, found: Found): boolean {
  if (found.removedAt !== null) return true;
  if (found.origin === source.origin) {
    return !source.foreign?.includes(name) || found.hasOwner === 0;
  }
  const rank = ORIGIN_KINDS.indexOf(kindOf(source)) - ORIGIN_KINDS.indexOf(found.kind);
  return rank > 0 || (found.isHeld === 0 && found.kind !== "database");
}

/** @returns true where another definition is in force now. */
function put(
  db: Database,
  source: CronSource,
  { name, definition }: CronText,
  found: Found | null,
  now: number,
): boolean {
  const { origin } = source;
  const kind = kindOf(source);
  if (found?.definition === definition && found.removedAt === null) {
    if (found.origin !== origin || found.kind !== kind) db.query(MOVE).run({ name, origin, kind });
    return false;
  }
  endRemoved(db, name, now);
  const override = overrideFor(db, { name, definition }, found);
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

/** An edit by people goes on, but for a call that would show secrets together with the new definition. */
function overrideFor(db: Database, text: CronText, found: Found | null): CronOverride {
  if (found === null) return {};
  const override = JSON.parse(found.override) as CronOverride;
  const edited = editedKeys(override);
  if (!CALL_KEYS.some((key) => key in edited)) return override;
  const marks = new Map(Object.entries(declaredMarks(db)));
  const redaction = new Redaction(
    [],
    (model) => marks.get(model) ?? null,
    () => marks.size === 0,
  );
  const [was, own] = [found, text].map(({ definition }) =>
    saidBySource({ name: text.name, definition }),
  );
  const whole = { ...own, ...edited };
  const unveiled = [{ ...was, ...edited }, { ...own }].flatMap((before) =>
    unveiledKeys(before, whole, redaction),
  );
  if (unveiled.length === 0) return override;
  const kept = Object.entries(override).filter(([key]) => !CALL_KEYS.includes(key));
  return Object.fromEntries(kept);
}

/** A change leaves what is decided: slots that have passed are still to be decided. A new one counts from now. */
function startOf(
  { name, definition }: CronText,
  found: Found | null,
  override: CronOverride,
  now: number,
) {
  const isNew = found === null || (found.removedAt !== null && now - found.removedAt > BACK_MS);
  if (isNew) return { decidedUntil: now, former: "[]" };
  const [was, is] = [found.definition, definition].map((text) =>
    timesOf({ name, definition: text, override, zone: found.zone }),
  );
  const earlier = JSON.parse(found.former) as FormerTimes[];
  const former = JSON.stringify(formerAfter(earlier, was ?? null, is ?? null, now));
  return { decidedUntil: found.decidedUntil, former };
}

function removeOthers(db: Database, source: CronSource, now: number) {
  if (source.isPart === true) return [];
  const { origin } = source;
  const rows = db.query(REMOVE_OTHERS).values({ origin, names: namesOf(source), now });
  return (rows as [string][]).map(([name]) => ({ name, origin }));
}
