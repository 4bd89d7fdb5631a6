/** The recurring tasks of a test queue: no slot comes by itself, the test pushes the task of one. */
import type { CronDefinition } from "../cron/definition.ts";
import { mergeCrons } from "../cron/merge.ts";
import { taskOfSlot } from "../cron/slot-task.ts";
import { TqError } from "../errors.ts";
import { inspected } from "../quote.ts";
import { recurringTasks } from "../registry/recurring.ts";
import { didYouMean } from "../suggest.ts";
import type { Runtime } from "../transaction/runtime.ts";

/**
 * Pushes the task of a recurring task, as a worker does at a slot of now.
 *
 * @returns the id of the task
 * @throws TqError "not_found" where neither the models nor the settings have it.
 */
export async function pushCron(runtime: Runtime, name: unknown): Promise<number> {
  const { store } = runtime;
  const now = store.now();
  const [id = 0] = await store.push([taskOfSlot(definitionNamed(runtime, name), now, now, now)]);
  return id;
}

function definitionNamed({ registry, config }: Runtime, name: unknown): CronDefinition {
  const where = (of: string): string => `the recurring task ${of}`;
  const { merged } = mergeCrons([
    { origin: "models", kind: "model", definitions: recurringTasks(registry.all()), where },
    { origin: "settings", kind: "settings", definitions: config.cron, where },
  ]);
  const found = merged.find(({ definition }) => definition.name === name);
  if (found !== undefined) return found.definition;
  const names = merged.map(({ definition }) => definition.name);
  const near = typeof name === "string" ? didYouMean(name, names) : "";
  const known =
    names.length === 0 ? "; name its model in the option models" : `; there is ${names.join(", ")}`;
  const why = `the models and settings of this queue have no such recurring task${near || known}`;
  throw new TqError("not_found", `Cannot push ${inspected(name)}: ${why}`);
}
