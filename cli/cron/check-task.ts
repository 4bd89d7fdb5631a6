/** Checks that a recurring task calls what there is. */
import { checkCall } from "../../src/catalog.ts";
import { callOf } from "../../src/cron/call.ts";
import type { CronDefinition } from "../../src/cron/definition.ts";
import { isTqError, TqError } from "../../src/errors.ts";
import { standardError } from "../../src/log/standard-stream.ts";
import type { Config } from "../../src/settings/config.ts";
import { FUNCTION_METHOD } from "../../src/task.ts";
import type { Program } from "../command/program.ts";
import { loadRegistry } from "../command/runtime.ts";

/** Checks the call where models are known; without any, another process may have them. */
export async function checkTask(
  definition: Pick<CronDefinition, "task" | "instances">,
  start: string,
  config: Config,
  program: Program,
): Promise<void> {
  if (config.models === null) return;
  const registry = await loadRegistry(config, program, standardError());
  const { model, method } = callOf(definition);
  try {
    checkCall(registry.catalog(), model, method === FUNCTION_METHOD ? null : method);
  } catch (cause) {
    if (!isTqError(cause)) throw cause;
    const why = cause.message.replace(/^Cannot/, "cannot");
    throw new TqError(cause.code, `${start}: ${why}`, { cause });
  }
}
