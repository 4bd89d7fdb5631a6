/** The states that many tasks may be moved from by hand. */
import { ENDED_STATES, type TaskState } from "../task.ts";

export const MOVED_FROM: Readonly<Record<"cancel" | "retry", readonly TaskState[]>> = {
  cancel: ["scheduled", "ready", "running"],
  retry: ENDED_STATES,
};
