/** Says who holds the lock that a statement of tq's own has waited for in vain. */
import { isTqError } from "../errors.ts";
import { lockerWords } from "../store/locker-words.ts";
import type { Locker } from "../store/situation.ts";
import type { Connection } from "./connection.ts";
import { ANOTHER, END_IT, isLockTimeout } from "./errors.ts";
import { lockerOfTables } from "./sql/lockers.ts";

type Ask = (db: Connection) => Promise<Locker | null>;

/** A holder has kept the lock for as long, but for the time that the server takes to notice. */
const NEARLY = 0.9;

/**
 * @param timeout the longest wait for a lock, in ms
 * @param lend lends a connection on which no transaction is open, where the error is one of these
 * @returns the error, which names the holder where that is known
 */
export async function withHolder(
  error: unknown,
  timeout: number,
  lend: (ask: Ask) => Promise<Locker | null>,
): Promise<unknown> {
  if (!isTqError(error) || !isLockTimeout(error.cause)) return error;
  const asking = lend((db) => lockerOfTables(db, NEARLY * timeout));
  const locker = await asking.catch(() => null); // the error itself says more than that one would
  if (locker === null) return error;
  error.message = error.message
    .replace(ANOTHER, `${lockerWords(null, locker)} what this one needs`)
    .replace(END_IT, `end it in its program, or by SELECT pg_terminate_backend(${locker.pid})`);
  return error;
}
