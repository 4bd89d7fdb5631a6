/** `tq retry ID...`: runs ended tasks again. */
import { command } from "./terminal/command.ts";
import { moveEach } from "./terminal/move.ts";

export const retry = command({
  name: "retry",
  description: "Run finished, failed or cancelled tasks again; their history is kept",
  many: true,
  flags: { id: { type: "positional", description: "the ids of tasks" } },
  run: (values, program) => moveEach(values._, program, (store, id) => store.retry(id)),
});
