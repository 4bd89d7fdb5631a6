/** `tq cron run NAME`: pushes the task of a recurring task now, beside its schedule. */
import { definitionOf } from "../../src/cron/in-force.ts";
import { calledBy } from "../../src/cron/slot-task.ts";
import { checkCall } from "../../src/catalog.ts";
import { standardError } from "../../src/log/standard-stream.ts";
import { FUNCTION_METHOD } from "../../src/task.ts";
import { pushCron, rowNamed } from "../../src/tasks/cron/control.ts";
import { runPushed } from "../../src/transaction/transaction.ts";
import { command } from "../command/command.ts";
import { databaseExists } from "../../src/open-store.ts";
import { noDatabase } from "../command/program.ts";
import { endRuntime, loadRegistry, startRuntime } from "../command/runtime.ts";
import { whyUntaken } from "../command/untaken.ts";
import { takeUp } from "./known.ts";

export const run = command({
  name: "cron run",
  description: "Push the task of a recurring task now, beside its schedule, and print its id",
  flags: {
    name: { type: "positional", description: "The name of a recurring task" },
    force: {
      type: "boolean",
      description: "Also where the task before has not ended and its overlap is skip or wait",
    },
  },
  run: async ({ name, force = false }, program) => {
    const config = program.config();
    if (!databaseExists(config) && !config.cron.some((one) => one.name === name)) {
      throw noDatabase(config);
    }
    const registry = await loadRegistry(config, program, standardError());
    const runtime = await startRuntime(config, program, registry);
    const { store } = runtime;
    try {
      await takeUp(store, config, name);
      const { model, method } = calledBy(definitionOf(await rowNamed(store, name)));
      // As tq push does: without models it refuses only where this program would run the task.
      const catalog = config.models === null ? null : registry.catalog();
      if (catalog !== null || !config.queue.worker) {
        checkCall(catalog, model, method === FUNCTION_METHOD ? null : method);
      }
      const id = await pushCron(store, name, { force });
      await runPushed(runtime, [id]);
      program.answer(await store.get(id), () => String(id));
      const why = await whyUntaken(store, [id], false).catch(() => null); // it is pushed all the same
      if (why !== null) program.note(`Pushed, but ${why}`);
    } finally {
      await endRuntime(store);
    }
  },
});
