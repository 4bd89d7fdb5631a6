/** The mode says who runs the tasks of a database, for commands that look at it. */
import { withFollowedMode } from "../../src/store/followed-mode.ts";
import type { Store } from "../../src/store/store.ts";
import type { AnyConfig } from "./program.ts";

export type Mode = "worker" | "no worker";

/** The other machine of --url says it for itself. */
export async function modeOf(store: Store, config: AnyConfig): Promise<Mode> {
  if (config.remote !== undefined) return "worker";
  const { queue } = await withFollowedMode(store, config);
  return queue.worker ? "worker" : "no worker";
}
