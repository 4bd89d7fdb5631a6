/** The states that many tasks may be moved from by hand. Of the scheduled ones only those are retried that a run has put off. */
import { ENDED_STATES, type TaskState } from "../task.ts";

export const MOVED_FROM: Readonly<Record<"cancel" | "retry", readonly TaskState[]>> = {
  cancel: ["scheduled", "ready", "running"],
  retry: [...ENDED_STATES, "scheduled"],
};
