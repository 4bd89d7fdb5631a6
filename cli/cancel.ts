/** `tq cancel ID...`: ready and scheduled tasks never run, a running one commits nothing. */
import { command } from "./terminal/command.ts";
import { moveEach } from "./terminal/move.ts";

export const cancel = command({
  name: "cancel",
  description: "Cancel ready, scheduled or running tasks",
  many: true,
  flags: { id: { type: "positional", description: "the ids of tasks" } },
  run: (values, program) => moveEach(values._, program, (store, id) => store.cancel(id)),
});
