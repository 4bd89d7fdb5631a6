/** Reads an error of the server or of its driver: its state, and the function of the server that has raised it. */
import { SQL } from "bun";

export const READ_ONLY = "25006";
const FULL = "53100";
const CHANGED_COLUMN = "TQ003";

export interface DriverError extends Error {
  readonly code?: string;
  /** The function of the server that has raised it: its name does not depend on the server's language. */
  readonly routine?: string;
  /** The SQLSTATE; the driver calls it so. */
  readonly errno?: string | number;
}

/** A connection to a server that has just crashed on a full disk ends in these, as an error of no known kind. */
const WRITES_INIT_FILE = /^write_(relcache_init_file|item)$/;

/**
 * The state that says more than the server's own, which many errors share. A standby does not have the table of what runs
 * say, which no server keeps over a crash; and a prepared statement has other columns since.
 */
export function moreExactly(error: unknown): string | null {
  const state = sqlState(error);
  if (state === null) return null;
  const routine = routineOf(error as Error);
  if (state === "XX000" && WRITES_INIT_FILE.test(routine)) return FULL;
  if (state !== "0A000") return null;
  if (routine === "get_relation_info") return READ_ONLY;
  return routine === "RevalidateCachedQuery" ? CHANGED_COLUMN : null;
}

/** The SQLSTATE of an error of the server; null: it is none. */
export function sqlState(error: unknown): string | null {
  if (!(error instanceof SQL.PostgresError)) return null;
  const { errno } = error as DriverError;
  return typeof errno === "string" && /^[0-9A-Z]{5}$/.test(errno) ? errno : null;
}

/** The server's function that has raised an error. */
export function routineOf(error: Error): string {
  return (error as DriverError).routine ?? "";
}
