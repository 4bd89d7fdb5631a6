/** Keeps which sessions of the dashboard were signed out. */
import { MOST_ENDED_OF_TOKEN, type Session } from "../../store/tokens.ts";
import type { Connection } from "../connection.ts";

/** Stands for all sessions of a token up to a time. */
const ALL = "";

const HAS_ENDED = `
  SELECT FROM tq.ended_session
   WHERE token = $1::text AND (session = $2::text OR (session = '${ALL}' AND until >= $3::bigint))
   LIMIT 1`;

export async function hasEnded(db: Connection, { token, id, until }: Session): Promise<boolean> {
  return (await db.get(HAS_ENDED, [token, id, until])) !== null;
}

const IS_ANY_OVER = "SELECT FROM tq.ended_session WHERE until <= $1::bigint LIMIT 1";
const FORGET = "DELETE FROM tq.ended_session WHERE until <= $1::bigint";
const END = `
  INSERT INTO tq.ended_session AS old (token, session, until) VALUES ($1::text, $2::text, $3::bigint)
      ON CONFLICT (token, session) DO UPDATE SET until = greatest(old.until, excluded.until)`;
const COUNT = `
  SELECT count(*)::float8 AS count, max(until)::float8 AS until FROM tq.ended_session WHERE token = $1::text`;

/** Those that others end meanwhile stay. */
const FORGET_OF = `
  DELETE FROM tq.ended_session WHERE token = $1::text AND session <> '${ALL}' AND until <= $2::bigint`;

export async function isAnyOver(db: Connection, now: number): Promise<boolean> {
  return (await db.get(IS_ANY_OVER, [now])) !== null;
}

export async function forgetOver(db: Connection, now: number): Promise<void> {
  await db.run(FORGET, [now]);
}

export async function endSession(db: Connection, session: Session, now: number): Promise<void> {
  const { token, id, until } = session;
  await db.run(END, [token, id, until]);
  await forgetOver(db, now);
  const row = await db.get<{ count: number; until: number }>(COUNT, [token]);
  if (row === null || row.count <= MOST_ENDED_OF_TOKEN) return;
  // One row stands for them, and for those of its sessions that began before the last.
  await db.run(END, [token, ALL, row.until]);
  await db.run(FORGET_OF, [token, row.until]);
}
