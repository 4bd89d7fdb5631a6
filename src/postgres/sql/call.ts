/** The call of a task: a function has its name alone. */
import { FUNCTION_METHOD, NO_INSTANCES } from "../../task.ts";

const IS_FUNCTION = `method = '${FUNCTION_METHOD}' AND instances = '${JSON.stringify(NO_INSTANCES)}'`;

/** As `callWords` has it. */
export const CALL = `CASE WHEN ${IS_FUNCTION} THEN model ELSE model || '.' || method END`;

/** As `matchesCall` has it, with any of these patterns. @param patterns a list of patterns for LIKE, as SQL */
export function isCallOf(patterns: string): string {
  return `(model || '.' || method LIKE ANY (${patterns}) OR (${IS_FUNCTION} AND model LIKE ANY (${patterns})))`;
}
