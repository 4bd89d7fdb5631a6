/** The call of a task: a function has its name alone. */
import { FUNCTION_METHOD, NO_INSTANCES } from "../../task.ts";

const IS_FUNCTION = `method = '${FUNCTION_METHOD}' AND instances = '${JSON.stringify(NO_INSTANCES)}'`;

/** As `callWords` has it. */
export const CALL = `CASE WHEN ${IS_FUNCTION} THEN model ELSE model || '.' || method END`;

/** As `matchesCall` has it, with any of these patterns. @param patterns a list of patterns for LIKE, as SQL */
export function isCallOf(patterns: string): string {
  return `(model || '.' || method LIKE ANY (${patterns}) OR (${IS_FUNCTION} AND model LIKE ANY (${patterns})))`;
}

/** True where a list of patterns for LIKE is empty, or one of them fits the queue. @param queues an expression */
export const isOfQueues = (queues: string): string =>
  `(${queues} = '{}' OR queue LIKE ANY (${queues}))`;

/** The same for calls, as `matchesCall` has it. @param tasks an expression */
export const isOfCalls = (tasks: string): string => `(${tasks} = '{}' OR ${isCallOf(tasks)})`;
