/** `tq show ID`: shows one task with its errors. */
import { TqError } from "../src/errors.ts";
import { command } from "./command/command.ts";
import { withExisting } from "./command/program.ts";
import { taskBlock } from "./terminal/tasks.ts";
import { readId } from "./command/values.ts";

export const show = command({
  name: "show",
  description: "Show one task and its errors",
  flags: { id: { type: "positional", description: "The id of a task" } },
  run: async (values, program) => {
    const id = readId(values.id);
    await withExisting(program.config(), async (store) => {
      const task = await store.get(id);
      if (task === null) {
        throw new TqError(
          "not_found",
          `Cannot show task ${id}: there is no such task; it may have been cleaned`,
        );
      }
      const errors = await store.errors(id);
      program.answer({ ...task, errors }, () => taskBlock(task, errors, program.terminal));
    });
  },
});
