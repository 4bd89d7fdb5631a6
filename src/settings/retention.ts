/** The retention of ended tasks. */
import { DAY_MS } from "../values/duration.ts";
import type { Config } from "./config.ts";

/**
 * The times before which ended tasks may be deleted, in ms since 1970 UTC.
 *
 * @param days that all of them are kept; null: the settings `queue.clean_days` and `error.clean_days`.
 */
export function retention(
  { queue, error }: Pick<Config, "queue" | "error">,
  now: number,
  days: number | null = null,
): { finishedBefore: number; failedBefore: number } {
  return {
    finishedBefore: now - (days ?? queue.clean_days) * DAY_MS,
    failedBefore: now - (days ?? error.clean_days) * DAY_MS,
  };
}
