/** `tq show ID`, `tq show --ref TEXT`: shows one task with its errors. */
import { TqError, isTqError, noSuchTask } from "../src/errors.ts";
import { Policies } from "../src/registry/policies.ts";
import type { Config } from "../src/settings/config.ts";
import { standardError } from "../src/log/standard-stream.ts";
import { OPTIONS } from "../src/push/task-options.ts";
import { quote } from "../src/quote.ts";
import type { Store } from "../src/store/store.ts";
import type { Task } from "../src/task.ts";
import { command } from "./command/command.ts";
import { type Program, toLook } from "./command/program.ts";
import { loadRegistry } from "./command/runtime.ts";
import { policyTable } from "./terminal/history.ts";
import { print } from "./terminal/terminal.ts";
import { taskBlock } from "./terminal/tasks.ts";
import { readId } from "./command/values.ts";

export const show = command({
  name: "show",
  description: "Show one task, its runs, its errors and its policy",
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
    const config = program.config();
    const task = await toLook(config, async (store) => {
      const found = await find(store, wanted);
      const [errors, attempts] = [await store.errors(found.id), await store.attempts(found.id)];
      program.answer({ ...found, runs: attempts, errors }, () =>
        taskBlock(found, attempts, errors, program.terminal),
      );
      return found;
    });
    if (!program.json) await showPolicy(task, config, program);
  },
});

/** Last, as the models are user code: it may refuse to load, or end the process. */
async function showPolicy(task: Task, config: Config, program: Program): Promise<void> {
  if (config.models === null) return;
  try {
    const registry = await loadRegistry(config, program, standardError());
    const model = registry.require(task.model, "show its policy");
    const pushed = task.policy === null ? null : JSON.stringify(task.policy);
    const policy = new Policies(config.tasks).sourced(model, task.method, pushed);
    print(`\n${policyTable(policy, program.terminal)}`);
  } catch (error) {
    if (!isTqError(error)) throw error;
    program.note(`The policy cannot be shown: ${error.message}`);
  }
}

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
  throw noSuchTask(`show ${name}`);
}
