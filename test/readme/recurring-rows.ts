/** The table of the keys of a recurring task. */
import { KEY_HELP } from "../../src/cron/key-help.ts";
import { type CronKey, KEYS } from "../../src/cron/keys.ts";
import { fieldOf } from "../../src/policies/table.ts";

/** Key, default, what it must be, meaning. */
export const RECURRING_ROWS: readonly [string, ...string[]][] = Object.entries<CronKey<unknown>>(
  KEYS,
).map(([key, { preset, allowed }]) => {
  const { help } = KEY_HELP[key as keyof typeof KEYS];
  return [fieldOf(key), words(preset), allowed, help];
});

function words(preset: unknown): string {
  if (preset === undefined) return "must be said";
  if (preset === null) return "none";
  return typeof preset === "string" ? preset : JSON.stringify(preset);
}
