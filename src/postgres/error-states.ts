/** The kinds of errors after which a transaction goes on in another way, whether they were translated or not. */
import { isTqError } from "../errors.ts";
import { isAway } from "./errors.ts";
import { sqlState } from "./server-error.ts";

function stateOf(error: unknown): string {
  return sqlState(isTqError(error) ? error.cause : error) ?? "";
}

export function isDeadlock(error: unknown): boolean {
  return stateOf(error) === "40P01";
}

/** True for the error of each statement that follows on another error in a transaction. */
export function isAfterError(error: unknown): boolean {
  return stateOf(error) === "25P02";
}

/** True where a table, a column or a schema is not there. */
export function isMissing(error: unknown): boolean {
  return /^(42P01|42703|3F000)$/.test(stateOf(error));
}

/** True where a value does not fit its column, a rule of its table, or PostgreSQL itself. */
export function isOfValue(error: unknown): boolean {
  return /^(22|23|54)...$/.test(stateOf(error));
}

/** True where the role lacks a right. */
export function isRefused(error: unknown): boolean {
  return stateOf(error) === "42501";
}

/** True where a later try to connect may succeed: the server is away, or its connections are used up. */
export function mayPass(error: unknown): boolean {
  return isAway(error) || stateOf(error) === "53300";
}
