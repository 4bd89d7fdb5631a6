/** The definitions of recurring tasks: which source has which name, and what of it is in force. */
import {
  type CronChanges,
  type CronSource,
  type CronText,
  kindOf,
  type OriginKind,
} from "../../cron/ledger.ts";
import { endOfRemoved } from "../../cron/left-slots.ts";
import { type DefinedCron, mayTake, namesOf, overrideFor, startOf } from "../../cron/redefined.ts";
import type { Connection } from "../connection.ts";
import { lock } from "../locks.ts";
import { cronState, IS_HELD, lockCrons, ZONE } from "./cron-rows.ts";
import { recordDecision } from "./cron-slots.ts";
import { declaredMarks } from "./redactions.ts";

const FOUND = `
  SELECT origin, kind, definition, override, decided_until::float8 AS "decidedUntil", former,
         removed_at::float8 AS "removedAt", ${ZONE} AS zone, ${IS_HELD} AS "isHeld",
         EXISTS (SELECT FROM tq.cron_read AS read
                  WHERE read.name = cron.name AND read.origin = cron.origin AND NOT read.is_foreign
                    AND read.worker <> $2::text) AS "hasOwner"
    FROM tq.cron AS cron WHERE name = $1::text`;

const DEFINE = `
  INSERT INTO tq.cron (name, origin, kind, definition, override, decided_until, former, changed_at)
  VALUES ($1::text, $2::text, $3::text, $4::text, $5::text, $6::bigint, $7::text, $8::bigint)
  ON CONFLICT (name) DO UPDATE
    SET origin = excluded.origin, kind = excluded.kind, definition = excluded.definition, override = excluded.override,
        decided_until = excluded.decided_until, former = excluded.former, changed_at = excluded.changed_at,
        removed_at = NULL`;

/** A file that was moved, or a new release in a folder of its own, changes no time. */
const MOVE = "UPDATE tq.cron SET origin = $2::text, kind = $3::text WHERE name = $1::text";

const FORGET_READ = `
  DELETE FROM tq.cron_read WHERE worker = $1::text AND origin = $2::text AND NOT name = ANY ($3::text[])`;

/** A worker that others have taken for dead adds none: nothing would take it away again. */
const READ = `
  INSERT INTO tq.cron_read (name, worker, origin, is_foreign, definition)
  SELECT $1::text, $2::text, $3::text, $4::boolean, $5::text
   WHERE $2::text = '' OR EXISTS (SELECT FROM tq.worker WHERE id = $2::text)
  ON CONFLICT (name, worker) DO UPDATE
    SET origin = excluded.origin, is_foreign = excluded.is_foreign, definition = excluded.definition`;

const REMOVE_OTHERS = `
  UPDATE tq.cron SET removed_at = $3::bigint, changed_at = $3::bigint
   WHERE origin = $1::text AND removed_at IS NULL AND NOT name = ANY ($2::text[])
  RETURNING name`;

/** Pairs of a name and an origin. */
const HELD = `SELECT name, origin FROM tq.cron AS cron WHERE removed_at IS NULL AND ${IS_HELD}`;

/** Slots from before that no worker has decided came while none had the definition. */
const NOTE_HELD = `
  UPDATE tq.cron AS cron SET held_since = $1::bigint
   WHERE removed_at IS NULL AND kind NOT IN ('tq', 'database') AND ${IS_HELD}
     AND NOT EXISTS (SELECT FROM unnest($2::text[], $3::text[]) AS held (name, origin)
                      WHERE held.name = cron.name AND held.origin = cron.origin)`;

const IS_LEFT = `removed_at IS NULL AND NOT ${IS_HELD}`;

const NOTE_LEFT = `
  UPDATE tq.cron AS cron SET left_at = CASE WHEN ${IS_LEFT} THEN $1::bigint END
   WHERE (${IS_LEFT}) = (left_at IS NULL)`;

interface NamedOrigin {
  readonly name: string;
  readonly origin: string;
}

/** Makes the definitions of these sources those that they have now. */
export async function defineCrons(
  db: Connection,
  sources: readonly CronSource[],
  now: number,
): Promise<CronChanges> {
  await lock(db, "definitions");
  await lockCrons(db); // a transaction that decides slots locks a row alone
  const held = await db.all<NamedOrigin>(HELD);
  for (const source of sources) await keepRead(db, source);
  const changed: string[] = [];
  for (const source of sources) {
    for (const text of source.definitions) {
      const found = await db.get<DefinedCron>(FOUND, [text.name, source.worker ?? ""]);
      if (found !== null && !mayTake(source, text.name, found)) continue;
      if (await put(db, source, text, found, now)) changed.push(text.name);
    }
  }
  const removed: NamedOrigin[] = [];
  for (const source of sources) removed.push(...(await removeOthers(db, source, now)));
  const names = held.map(({ name }) => name);
  const origins = held.map(({ origin }) => origin);
  await db.run(NOTE_HELD, [now, names, origins]);
  await db.run(NOTE_LEFT, [now]);
  return { changed: changed.sort(), removed };
}

/** Adds one that no worker has read yet: its slots wait for one that has its file. */
export async function insertCron(
  db: Connection,
  origin: string,
  { name, definition }: CronText,
  kind: OriginKind,
  now: number,
): Promise<void> {
  await db.run(DEFINE, [name, origin, kind, definition, "{}", now, "[]", now]);
}

/** Keeps what a worker has read. Those of tq need no worker: every one has them. */
async function keepRead(db: Connection, source: CronSource): Promise<void> {
  const { origin, definitions, worker = "" } = source;
  const sent: Promise<number>[] = [];
  if (source.isPart !== true) sent.push(db.run(FORGET_READ, [worker, origin, namesOf(source)]));
  if (kindOf(source) !== "tq" && kindOf(source) !== "database") {
    for (const { name, definition } of definitions) {
      const isForeign = source.foreign?.includes(name) === true;
      sent.push(db.run(READ, [name, worker, origin, isForeign, definition]));
    }
  }
  await Promise.all(sent);
}

/** @returns true where another definition is in force now. */
async function put(
  db: Connection,
  source: CronSource,
  { name, definition }: CronText,
  found: DefinedCron | null,
  now: number,
): Promise<boolean> {
  const { origin } = source;
  const kind = kindOf(source);
  if (found?.definition === definition && found.removedAt === null) {
    if (found.origin !== origin || found.kind !== kind) await db.run(MOVE, [name, origin, kind]);
    return false;
  }
  await endRemoved(db, name, now);
  const override = overrideFor({ name, definition }, found, await declaredMarks(db));
  const { decidedUntil, former } = startOf({ name, definition }, found, override, now);
  const its = [name, origin, kind, definition, JSON.stringify(override)];
  await db.run(DEFINE, [...its, decidedUntil, former, now]);
  return true;
}

/** The slots that a former definition of that name, which was taken away, has left undecided. */
async function endRemoved(db: Connection, name: string, now: number): Promise<void> {
  const state = await cronState(db, name);
  const ended = state && endOfRemoved(state, now);
  if (ended !== null) await recordDecision(db, name, ended, [], now, null);
}

async function removeOthers(
  db: Connection,
  source: CronSource,
  now: number,
): Promise<NamedOrigin[]> {
  if (source.isPart === true) return [];
  const { origin } = source;
  const rows = await db.all<{ readonly name: string }>(REMOVE_OTHERS, [
    origin,
    namesOf(source),
    now,
  ]);
  return rows.map(({ name }) => ({ name, origin }));
}
