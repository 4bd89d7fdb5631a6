/** A report that somebody else wrote may throw: that is told once, and disturbs nobody. */
import type { Report } from "./events.ts";
import { toErrorData } from "../outcome.ts";

/** @param log learns of the first error. */
export function guardedReport(report: Report, log: Report): Report {
  let told = false;

  function tell(thrown: unknown): void {
    if (told) return;
    told = true;
    const { name, message } = toErrorData(thrown);
    log({
      name: "log.note",
      level: "error",
      message: `Cannot report an event: the function report threw ${name}: ${message}; the worker goes on, and says this once`,
    });
  }

  return (event) => {
    try {
      const result: unknown = report(event); // an async function is one too
      if (result instanceof Promise) result.catch(tell);
    } catch (error) {
      tell(error);
    }
  };
}
