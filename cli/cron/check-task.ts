/** Checks that a recurring task calls what there is. */
import type { CronDefinition } from "../../src/cron/definition.ts";
import { standardError } from "../../src/log/standard-stream.ts";
import { methodsOnRecords } from "../../src/registry/model-class.ts";
import type { Config } from "../../src/settings/config.ts";
import { checkCronTask } from "../../src/tasks/cron/check-task.ts";
import type { Program } from "../command/program.ts";
import { loadRegistry } from "../command/runtime.ts";

/** Checks the call where models are known; without any, another process may have them. */
export async function checkTask(
  definition: Pick<CronDefinition, "task" | "instances">,
  start: string,
  config: Config,
  program: Program,
): Promise<void> {
  if (config.models === null) {
    checkCronTask(definition, { catalog: null, onRecords: [] }, start);
    return;
  }
  const registry = await loadRegistry(config, program, standardError());
  const all = registry.all();
  const calls = { catalog: registry.catalog(), onRecords: methodsOnRecords(all) };
  checkCronTask(definition, calls, start);
}
