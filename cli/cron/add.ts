/** `tq cron add NAME`: makes a recurring task in the database. */
import { checkCall } from "../../src/catalog.ts";
import { type CronDefinition, readCron } from "../../src/cron/definition.ts";
import { DATABASE_ORIGIN } from "../../src/cron/ledger.ts";
import { callOf } from "../../src/cron/call.ts";
import { takenWords } from "../../src/cron/origin.ts";
import { isTqError, TqError } from "../../src/errors.ts";
import { standardError } from "../../src/log/standard-stream.ts";
import { fieldOf } from "../../src/policies/table.ts";
import type { Config } from "../../src/settings/config.ts";
import { FUNCTION_METHOD } from "../../src/task.ts";
import { recurringTask } from "../../src/tasks/cron/recurring.ts";
import { command } from "../command/command.ts";
import { type Program, withStore } from "../command/program.ts";
import { loadRegistry } from "../command/runtime.ts";
import { comesWords } from "../terminal/recurring.ts";
import { keyFlags, readKeys } from "./key-flags.ts";

export const add = command({
  name: "cron add",
  description: "Make a recurring task in the database",
  flags: {
    name: { type: "positional", description: "A name of your choosing" },
    ...keyFlags,
  },
  run: async (values, program) => {
    const { name } = values;
    const said = readKeys(values);
    const definition = readCron(name, said, `Cannot add ${name}`, fieldOf, ": ");
    const config = program.config();
    const ofFile = config.cron.find((one) => one.name === name);
    if (ofFile !== undefined) {
      const origin = config.file ?? DATABASE_ORIGIN;
      throw new TqError("conflict", takenWords({ name, origin, removedAt: null }));
    }
    await checkTask(name, definition, config, program);
    await withStore(config, async (store) => {
      const row = await store.cron.add(DATABASE_ORIGIN, { name, definition: definition.text });
      const task = await recurringTask(store, row);
      program.answer(task, () => `Added ${name}: ${comesWords(task)}`);
    });
  },
});

/** Checks the call where models are known; without any, another process may have them. */
async function checkTask(
  name: string,
  definition: CronDefinition,
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
    throw new TqError(cause.code, `Cannot add ${name}: ${why}`, { cause });
  }
}
