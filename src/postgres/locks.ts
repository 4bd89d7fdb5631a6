/** The advisory locks of tq in a database: pairs of a class and a number. */
import type { Connection } from "./connection.ts";

/** "tqlr" in ASCII: the lives of workers (numbers above 0), and the work that one process does at a time. */
export const LOCK_CLASS = 1_953_591_922;

/** The next class: of the claims of suspects, with a number made of the worker's id. */
export const SUSPECT_LOCKS = LOCK_CLASS + 1;

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
