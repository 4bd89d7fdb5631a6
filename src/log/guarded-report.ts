/** Guards a user's report: its first error goes to the log, and none reaches the worker. */
import type { Report } from "./events.ts";
import { toErrorData } from "../outcome.ts";

/**
 * @param name what the report is, for the log.
 * @param log receives the first error.
 */
export function guardedReport(report: Report, name: string, log: Report): Report {
  let logged = false;

  function logFirst(thrown: unknown): void {
    if (logged) return;
    logged = true;
    const error = toErrorData(thrown);
    log({
      name: "log.note",
      level: "error",
      message: `Cannot report an event: ${name} threw ${error.name}: ${error.message}; the worker goes on, and logs this only once`,
    });
  }

  return (event) => {
    try {
      const result: unknown = report(event); // an async function is a report too
      if (result instanceof Promise) result.catch(logFirst);
    } catch (error) {
      logFirst(error);
    }
  };
}
