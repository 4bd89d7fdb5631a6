/** The recurring tasks of tq itself: a worker does them, with no task, and the ledger alone tells of them. */
import { encode } from "../values/encoding.ts";
import type { CronText } from "./ledger.ts";

/** Deletes the tasks that ended longer ago than the settings say. */
export const CLEAN = "tq.clean";

/** Backs the database up, where the settings name a folder. */
export const BACKUP = "tq.backup";

/** Those of every worker. */
export const OWN_DEFINITIONS: readonly CronText[] = [ownDefinition(CLEAN, "every 1h")];

/** The definition of one of these names. */
export function ownDefinition(name: string, schedule: string): CronText {
  return { name, definition: encode({ schedule, task: name, overlap: "skip" }, name) };
}

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

const OWN_NAMES: readonly string[] = [CLEAN, BACKUP];

export function isOwn(name: string): boolean {
  return OWN_NAMES.includes(name);
}
