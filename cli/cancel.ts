/** `tq cancel ID...`, `tq cancel --ref TEXT`, `tq cancel --state ready`: a waiting task never runs, a running task commits nothing. */
import { MOVED_FROM } from "../src/tasks/moved-from.ts";
import { moveCommand } from "./command/move.ts";

export const cancel = moveCommand({
  name: "cancel",
  done: "cancelled",
  description: "Cancel ready, scheduled or running tasks",
  examples: [
    ["tq cancel 7", "One task, also while it runs"],
    ["tq cancel --state ready --queue print --dry-run", "First only how many"],
  ],
  from: MOVED_FROM.cancel,
  read: () => ({ kind: "cancel" }),
});
