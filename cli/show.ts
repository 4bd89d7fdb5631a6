/** `tq show ID`, `tq show --ref TEXT`: shows one task with its errors. */
import { isTqError } from "../src/errors.ts";
import { isFunction } from "../src/registry/model-class.ts";
import { Policies } from "../src/registry/policies.ts";
import type { Config } from "../src/settings/config.ts";
import { standardError } from "../src/log/standard-stream.ts";
import { type Task, WEBHOOK_CALL } from "../src/task.ts";
import { withPaused } from "../src/store/pauses.ts";
import { command } from "./command/command.ts";
import { heldBy } from "./command/pausing.ts";
import { type Program, toLook } from "./command/program.ts";
import { loadRegistry } from "./command/runtime.ts";
import { policyTable } from "./terminal/history.ts";
import { print } from "./terminal/terminal.ts";
import { taskBlock } from "./terminal/tasks.ts";
import { findWanted, readWanted, REF_FLAG } from "./command/wanted.ts";

export const show = command({
  name: "show",
  description: "Show one task, its runs, its errors and its policy",
  flags: {
    id: { type: "positional", required: false, description: "The id of a task" },
    ref: REF_FLAG,
  },
  run: async ({ id, ref }, program) => {
    const wanted = readWanted("show", id, ref);
    const config = program.anyConfig();
    const task = await toLook(config, async (store) => {
      const found = await findWanted(store, wanted, "show");
      const [errors, attempts] = [await store.errors(found.id), await store.attempts(found.id)];
      const pauses = await store.pauses.list();
      const shown = withPaused(found, pauses);
      program.answer({ ...shown, runs: attempts, errors }, () => {
        const held = heldBy(pauses, found, store.now());
        return taskBlock({ task: shown, held, attempts, errors }, program.terminal);
      });
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
    if (task.model === WEBHOOK_CALL) {
      const { addWebhookFunction } = await import("../src/worker/webhooks/function.ts");
      addWebhookFunction(registry, null);
    }
    const model = registry.require(task.model, "show its policy");
    const pushed = task.policy === null ? null : JSON.stringify(task.policy);
    const policies = new Policies(config.tasks, (name) => {
      const found = registry.get(name);
      return found !== undefined && isFunction(found);
    });
    const policy = policies.sourced(model, task.method, pushed);
    print(`\n${policyTable(policy, program.terminal)}`);
  } catch (error) {
    if (!isTqError(error)) throw error;
    program.note(`The policy cannot be shown: ${error.message}`);
  }
}
