/** The words for a worker that has lost its proof of life. */
import { isTqError, messageOf, TqError } from "../errors.ts";
import { sqlState } from "./server-error.ts";
import { isRaised } from "./migrate.ts";

/**
 * The error with which the worker ends, as the database or its tables are gone; null: it tries again. That goes for a right,
 * a login or a password too, which may be given back: a worker that has ended would not start again by itself.
 */
export function forGood(error: unknown): TqError | null {
  if (isRaised(error)) return error;
  const state = sqlState(error instanceof Error && isTqError(error) ? error.cause : error);
  if (state === null || !/^(3D000|42P01|3F000)$/.test(state)) return null;
  return new TqError(
    "database",
    `Cannot go on: this worker cannot prove any more that it lives (${messageOf(error)})`,
    { cause: error },
  );
}

export const WAS_MISSED = "others took this worker for dead while its connection was lost";

/** @param name of the database, without a password @param reason why the last try to connect has failed; empty: there was none */
export function mayBeMissed(name: string, reason: string): string {
  const why = reason === "" ? "" : ` (${reason})`;
  return `${name} does not answer${why}, and others may take this worker for dead`;
}
