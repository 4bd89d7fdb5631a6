/** The table of the keys of a recurring task. */
import { type CronKey, KEYS } from "../../src/cron/keys.ts";
import { fieldOf } from "../../src/policies/table.ts";

/** Key, default, what it must be, meaning. */
export const RECURRING_ROWS: readonly [string, ...string[]][] = Object.entries<CronKey<unknown>>(
  KEYS,
).map(([key, { preset, allowed, help }]) => [fieldOf(key), words(preset), allowed, help]);

function words(preset: unknown): string {
  if (preset === undefined) return "must be said";
  if (preset === null) return "none";
  return typeof preset === "string" ? preset : JSON.stringify(preset);
}
