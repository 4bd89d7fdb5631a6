/** The recurring tasks of tq itself: a worker does them, with no task, and the ledger alone tells of them. */
import { encode } from "../values/encoding.ts";
import type { CronText } from "./ledger.ts";

/** Deletes the tasks that ended longer ago than the settings say. */
export const CLEAN = "tq.clean";

export const OWN_DEFINITIONS: readonly CronText[] = [
  {
    name: CLEAN,
    definition: encode({ schedule: "every 1h", task: CLEAN, overlap: "skip" }, CLEAN),
  },
];

/** An operator can say this of them: when they come. */
export const OWN_KEYS: readonly string[] = [
  "schedule",
  "timeZone",
  "missed",
  "grace",
  "overlap",
  "jitter",
];

/** No other recurring task can have a name that begins like this. */
export const OWN_PREFIX = "tq.";

export function isOwn(name: string): boolean {
  return OWN_DEFINITIONS.some((own) => own.name === name);
}
