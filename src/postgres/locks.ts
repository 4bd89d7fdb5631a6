/** The advisory locks of tq in a database: pairs of a class and a number. */
import type { Connection } from "./connection.ts";

/** "tqlr" in ASCII: the lives of workers (numbers above 0), and the work that one process does at a time. */
export const LOCK_CLASS = 1_953_591_922;

/** The next class: of the claims of suspects, with a number made of the worker's id. */
export const SUSPECT_LOCKS = LOCK_CLASS + 1;

/** The next one: of moves, with numbers of their own. */
const MOVE_LOCKS = LOCK_CLASS + 2;

const TAKE_MOVE = `SELECT pg_advisory_xact_lock(${MOVE_LOCKS}, $1::integer)`;
const SEES_MOVE = `
  SELECT EXISTS (SELECT FROM pg_locks
                  WHERE locktype = 'advisory' AND classid = ${MOVE_LOCKS}::oid AND objid = $1::integer::oid
                    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())) AS yes`;

/** Marks this database to the end of the transaction. @returns the number by which others see it */
export async function markDatabase(db: Connection): Promise<number> {
  const mark = crypto.getRandomValues(new Uint32Array(1))[0] ?? 0;
  const number = mark % 2 ** 31;
  await db.get(TAKE_MOVE, [number]);
  return number;
}

/** True in the database that was marked, by whatever name it was reached. */
export async function isMarked(db: Connection, mark: number): Promise<boolean> {
  return (await db.get<{ yes: boolean }>(SEES_MOVE, [mark]))?.yes === true;
}

/** Transactions that take one of these wait for each other. They are taken before rows are locked. */
export const LOCKS = {
  schema: 0,
  /** The definitions of settings and models: alerts, follow-ups, recurring tasks, marks. */
  definitions: -10,
  /** The webhooks, and what they have to tell. */
  webhooks: -11,
  /** The rows of statistics: histograms are read, added to, and written back. */
  statistics: -12,
  /** The kept counts of queues, which several workers may have counted. */
  counts: -13,
  /** Pushes near `queue.max_size`: until their commit they take turns. */
  capacity: -14,
} as const;

/** A statement that waits for the lock, which is held to the end of the transaction. */
export function lockText(name: keyof typeof LOCKS): string {
  return `SELECT pg_advisory_xact_lock(${LOCK_CLASS}, ${LOCKS[name]})`;
}

/** Waits for the lock, and holds it to the end of the transaction. */
export async function lock(db: Connection, name: keyof typeof LOCKS): Promise<void> {
  await db.get(lockText(name));
}
