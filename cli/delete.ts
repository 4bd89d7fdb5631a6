/** `tq delete ID...`, `tq delete --state failed`: ended tasks with their history. */
import { moveCommand } from "./command/move.ts";

export const deleteTasks = moveCommand({
  name: "delete",
  done: "deleted",
  description: "Delete ended tasks, with their runs, errors and output; tq clean deletes by age",
  from: ["finished", "failed", "cancelled"],
  otherwise: "; cancel the others first",
  read: () => ({ kind: "delete" }),
});
