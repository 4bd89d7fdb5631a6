/** Keeps which sessions of the dashboard were signed out. */
import type { Database } from "bun:sqlite";
import { MOST_ENDED_OF_TOKEN, type Session } from "../../store/tokens.ts";

/** Stands for all sessions of a token up to a time. */
const ALL = "";

const HAS_ENDED = `
  SELECT EXISTS (SELECT 1 FROM tq__ended_session
                  WHERE token = $token AND (session = $id OR (session = '${ALL}' AND until >= $until)))`;

export function hasEnded(db: Database, { token, id, until }: Session): boolean {
  const [row] = db.query(HAS_ENDED).values({ token, id, until });
  return row?.[0] === 1;
}

const IS_ANY_OVER = "SELECT 1 FROM tq__ended_session WHERE until <= $now LIMIT 1";
const FORGET = "DELETE FROM tq__ended_session WHERE until <= $now";
const END = `
  INSERT INTO tq__ended_session (token, session, until) VALUES ($token, $id, $until)
      ON CONFLICT (token, session) DO UPDATE SET until = max(until, excluded.until)`;
const COUNT = "SELECT count(*), max(until) FROM tq__ended_session WHERE token = $token";
const FORGET_OF = `DELETE FROM tq__ended_session WHERE token = $token AND session <> '${ALL}'`;

export function isAnyOver(db: Database, now: number): boolean {
  return db.query(IS_ANY_OVER).get({ now }) !== null;
}

export function forgetOver(db: Database, now: number): void {
  db.query(FORGET).run({ now });
}

export function endSession(db: Database, session: Session, now: number): void {
  const { token } = session;
  forgetOver(db, now);
  db.query(END).run({ ...session });
  const [row] = db.query(COUNT).values({ token }) as [number, number][];
  const [count = 0, until = 0] = row ?? [];
  if (count <= MOST_ENDED_OF_TOKEN) return;
  // One row stands for them, and for those of its sessions that began before the last.
  db.query(END).run({ token, id: ALL, until });
  db.query(FORGET_OF).run({ token });
}
