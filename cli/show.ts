/** `tq show ID`, `tq show --ref TEXT`: shows one task with its errors. */
import { TqError } from "../src/errors.ts";
import { OPTIONS } from "../src/push/task-options.ts";
import { quote } from "../src/quote.ts";
import type { Store } from "../src/store/store.ts";
import type { Task } from "../src/task.ts";
import { command } from "./command/command.ts";
import { toLook } from "./command/program.ts";
import { taskBlock } from "./terminal/tasks.ts";
import { readId } from "./command/values.ts";

export const show = command({
  name: "show",
  description: "Show one task and its errors",
  flags: {
    id: { type: "positional", required: false, description: "The id of a task" },
    ref: {
      type: "string",
      valueHint: "TEXT",
      description: "Instead of an id, the ref of its push",
    },
  },
  run: async ({ id, ref }, program) => {
    const wanted = readWanted(id, ref);
    await toLook(program.config(), async (store) => {
      const task = await find(store, wanted);
      const errors = await store.errors(task.id);
      program.answer({ ...task, errors }, () => taskBlock(task, errors, program.terminal));
    });
  },
});

type Wanted = { readonly id: number } | { readonly ref: string };

function readWanted(id: string | undefined, ref: string | undefined): Wanted {
  if (id !== undefined && ref === undefined) return { id: readId(id) };
  if (id === undefined && ref !== undefined) {
    return { ref: OPTIONS.ref.kind.readText(ref, "--ref") };
  }
  const why =
    id === undefined ? "give the id of a task, or --ref" : "give an id or --ref, not both";
  throw new TqError("invalid", `Cannot show: ${why}`);
}

async function find(store: Store, wanted: Wanted): Promise<Task> {
  const task = "id" in wanted ? await store.get(wanted.id) : await store.getByRef(wanted.ref);
  if (task !== null) return task;
  const name = "id" in wanted ? `task ${wanted.id}` : `the task with the ref ${quote(wanted.ref)}`;
  throw new TqError(
    "not_found",
    `Cannot show ${name}: there is no such task; it may have been cleaned`,
  );
}
