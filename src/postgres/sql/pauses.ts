/** Keeps the pauses of queues and methods. */
import { CLOCK_SLACK_MS } from "../../store/clock-slack.ts";
import { notPaused } from "../../store/pause-words.ts";
import type { NewPause, Pause, PauseTarget } from "../../store/pauses.ts";
import { HOUR_MS } from "../../values/duration.ts";
import type { Connection } from "../connection.ts";
import { isThere } from "./planned.ts";
import { storable } from "./text.ts";

/** A pause with its id, by which the tasks that it has set aside are found. */
export interface StoredPause extends Pause {
  readonly id: number;
}

/** True where not every ready task may be taken in its order: a suspect is ready, one is set aside, or there is a pause. */
export const IS_ANY_HELD = `(
         ${isThere("state = 'ready' AND suspect > 0", "suspect, queue")} OR EXISTS (SELECT FROM tq.pause))`;

const SHOWN = "kind, name, since::float8 AS since, paused_by AS by, reason, until::float8 AS until";

const inForce = (columns: string): string => `
  SELECT ${columns}
    FROM tq.pause
   WHERE until IS NULL OR until > $1
   ORDER BY pause.id`;

const IN_FORCE = inForce(`id::float8 AS id, ${SHOWN}`);
const SHOWN_IN_FORCE = inForce(SHOWN);

export function pausesInForce(db: Connection, now: number): Promise<StoredPause[]> {
  return db.all(IN_FORCE, [now]);
}

/** As people see them. */
export function shownPauses(db: Connection, now: number): Promise<Pause[]> {
  return db.all(SHOWN_IN_FORCE, [now]);
}

/** Two that look for pauses that have ended do not wait for each other. */
const END = `
  DELETE FROM tq.pause
   WHERE id = ANY (ARRAY(SELECT id FROM tq.pause WHERE until <= $1 FOR UPDATE SKIP LOCKED))
  RETURNING ${SHOWN}`;

/** As `pausesInForce`; it deletes those that have ended, so that claims need not look at them any more. */
export async function endPauses(db: Connection, now: number): Promise<StoredPause[]> {
  const ending = db.all<Pause>(END, [now]);
  const [ended, left] = await Promise.all([ending, pausesInForce(db, now)]);
  await noteEnds(db, ended, now);
  return left;
}

const PAUSE = `
  INSERT INTO tq.pause (kind, name, since, changed_at, paused_by, reason, until)
  VALUES ($1, $2, $3, $3, $4, $5, $6)
  ON CONFLICT (kind, name) DO UPDATE
    SET changed_at = excluded.changed_at, paused_by = excluded.paused_by, reason = excluded.reason,
        until = excluded.until
  RETURNING ${SHOWN}`;

/**
 * Claims do not wait for it, nor it for them: one that is under way may still take a task that was not paused as it began.
 */
export async function pause(db: Connection, wanted: NewPause, now: number): Promise<Pause> {
  const { kind, name, by, reason, until } = wanted;
  await endPauses(db, now);
  const values = [kind, storable(name), now, storable(by), storable(reason), until];
  return (await db.get<Pause>(PAUSE, values)) as Pause;
}

const RESUME = `DELETE FROM tq.pause WHERE kind = $1 AND name = $2 RETURNING ${SHOWN}`;

/** @throws TqError "not_found" where it is not paused. */
export async function resume(db: Connection, target: PauseTarget, now: number): Promise<Pause> {
  const held = await endPauses(db, now);
  const { kind, name } = target;
  const ended = await db.get<Pause>(RESUME, [kind, storable(name)]);
  if (ended === null) throw notPaused(target, held);
  await noteEnds(db, [ended], now);
  return ended;
}

const RESUME_ALL = `DELETE FROM tq.pause RETURNING id::float8 AS id, ${SHOWN}`;

export async function resumeAll(db: Connection, now: number): Promise<Pause[]> {
  const all = await db.all<StoredPause>(RESUME_ALL);
  const held = all.filter(({ until }) => until === null || until > now);
  const ended = held.toSorted((a, b) => a.id - b.id).map(({ id: _id, ...pause }) => pause);
  await noteEnds(db, ended, now);
  return ended;
}

const NOTE_ENDS = `
  INSERT INTO tq.pause_end (kind, name, ended_at)
  SELECT * FROM unnest($1::text[], $2::text[], $3::bigint[]) AS ended (kind, name, ended_at)
   ORDER BY kind, name
  ON CONFLICT (kind, name) DO UPDATE SET ended_at = excluded.ended_at`;

const FORGET_ENDS = "DELETE FROM tq.pause_end WHERE ended_at < $1";

async function noteEnds(db: Connection, ended: readonly Pause[], now: number): Promise<void> {
  if (ended.length === 0) return;
  const values = [
    ended.map(({ kind }) => kind),
    ended.map(({ name }) => name),
    ended.map(({ until }) => Math.min(until ?? now, now)),
  ];
  await Promise.all([db.run(FORGET_ENDS, [now - HOUR_MS]), db.run(NOTE_ENDS, values)]);
}

export interface EndedPause extends PauseTarget {
  readonly at: number;
}

const ENDED = `
  SELECT kind, name, ended_at::float8 AS at FROM tq.pause_end WHERE ended_at <= $1
   UNION ALL
  SELECT kind, name, until::float8 FROM tq.pause WHERE until <= $1`;

/** The pauses that have ended in the last hour. */
export function endedPauses(db: Connection, now: number): Promise<EndedPause[]> {
  return db.all(ENDED, [now]);
}

/** A pause that was made while the clock was ahead lasts as long as it was meant to, from now on. */
const REPAIR = `
  UPDATE tq.pause
     SET until = until - (changed_at - $1), changed_at = $1, since = least(since, $1)
   WHERE changed_at > $1 + ${CLOCK_SLACK_MS}`;

export async function repairPauses(db: Connection, now: number): Promise<void> {
  await db.run(REPAIR, [now]);
}
