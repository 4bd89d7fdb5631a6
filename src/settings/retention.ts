/** How long ended tasks are kept, as times. */
import { DAY_MS } from "../values/duration.ts";
import type { Config } from "./config.ts";

/**
 * Before which moments ended tasks may be deleted: ms since 1970 UTC.
 *
 * @param days to keep, for all of them; null: as `queue.clean_days` and `error.clean_days` say.
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
