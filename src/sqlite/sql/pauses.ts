/** Keeps the pauses of queues and methods. */
import type { Database } from "bun:sqlite";
import { CLOCK_SLACK_MS } from "../../store/clock-slack.ts";
import { notPaused } from "../../store/pause-words.ts";
import type { NewPause, Pause, PauseTarget } from "../../store/pauses.ts";
import { HOUR_MS } from "../../values/duration.ts";

/** A pause with its id, by which the tasks that it has set aside are found. */
export interface StoredPause extends Pause {
  readonly id: number;
}

/**
 * Reads nothing in nearly every database: no task stands beside the line, as a suspect or set aside for a pause, and
 * nothing is paused.
 */
const IS_ANY_HELD = `
  SELECT 1 FROM tq__task WHERE state = 'ready' AND suspect > 0
   UNION ALL
  SELECT 1 FROM tq__pause
   LIMIT 1`;

/** True where not every ready task may be taken in its order. */
export function isAnyHeld(db: Database): boolean {
  return db.query(IS_ANY_HELD).get() !== null;
}

const SHOWN = "kind, name, since, paused_by AS by, reason, until";

const inForce = (columns: string): string => `
  SELECT ${columns}
    FROM tq__pause
   WHERE until IS NULL OR until > ?1
   ORDER BY id`;

const IN_FORCE = inForce(`id, ${SHOWN}`);
const SHOWN_IN_FORCE = inForce(SHOWN);

export function pausesInForce(db: Database, now: number): StoredPause[] {
  return db.query(IN_FORCE).all(now) as StoredPause[];
}

/** As people see them. */
export function shownPauses(db: Database, now: number): Pause[] {
  return db.query(SHOWN_IN_FORCE).all(now) as Pause[];
}

const END = `DELETE FROM tq__pause WHERE until <= ?1 RETURNING ${SHOWN}`;

/** As `pausesInForce`; it deletes those that have ended, so that claims need not look at them any more. */
export function endPauses(db: Database, now: number): StoredPause[] {
  noteEnds(db, db.query(END).all(now) as Pause[], now);
  return pausesInForce(db, now);
}

const PAUSE = `
  INSERT INTO tq__pause (kind, name, since, changed_at, paused_by, reason, until)
  VALUES ($kind, $name, $now, $now, $by, $reason, $until)
  ON CONFLICT (kind, name) DO UPDATE
    SET changed_at = excluded.changed_at, paused_by = excluded.paused_by, reason = excluded.reason,
        until = excluded.until
  RETURNING ${SHOWN}`;

export function pause(db: Database, { kind, name, by, reason, until }: NewPause, now: number) {
  endPauses(db, now);
  return db.query(PAUSE).get({ kind, name, by, reason, until, now }) as Pause;
}

const RESUME = `
  DELETE FROM tq__pause WHERE kind = $kind AND name = $name
  RETURNING ${SHOWN}`;

/** @throws TqError "not_found" where it is not paused. */
export function resume(db: Database, target: PauseTarget, now: number): Pause {
  const inForce = endPauses(db, now);
  const { kind, name } = target;
  const ended = db.query(RESUME).get({ kind, name }) as Pause | null;
  noteEnds(db, ended === null ? [] : [ended], now);
  if (ended !== null) return ended;
  throw notPaused(target, inForce);
}

const RESUME_ALL = "DELETE FROM tq__pause";

export function resumeAll(db: Database, now: number): Pause[] {
  const ended = shownPauses(db, now);
  db.query(RESUME_ALL).run();
  noteEnds(db, ended, now);
  return ended;
}

const NOTE_END = `
  INSERT INTO tq__pause_end (kind, name, ended_at) VALUES ($kind, $name, $at)
  ON CONFLICT (kind, name) DO UPDATE SET ended_at = excluded.ended_at`;

const FORGET_ENDS = "DELETE FROM tq__pause_end WHERE ended_at < ?1";

function noteEnds(db: Database, ended: readonly Pause[], now: number): void {
  if (ended.length === 0) return;
  db.query(FORGET_ENDS).run(now - HOUR_MS);
  for (const { kind, name, until } of ended) {
    db.query(NOTE_END).run({ kind, name, at: Math.min(until ?? now, now) });
  }
}

export interface EndedPause extends PauseTarget {
  readonly at: number;
}

const ENDED = `
  SELECT kind, name, ended_at AS at FROM tq__pause_end WHERE ended_at <= ?1
   UNION ALL
  SELECT kind, name, until FROM tq__pause WHERE until <= ?1`;

/** The pauses that have ended in the last hour. */
export function endedPauses(db: Database, now: number): EndedPause[] {
  return db.query(ENDED).all(now) as EndedPause[];
}

/** A pause that was made while the clock was ahead lasts as long as it was meant to, from now on. */
const REPAIR = `
  UPDATE tq__pause
     SET until = until - (changed_at - $now), changed_at = $now, since = min(since, $now)
   WHERE changed_at > $now + ${CLOCK_SLACK_MS}`;

export function repairPauses(db: Database, now: number): void {
  db.query(REPAIR).run({ now });
}
