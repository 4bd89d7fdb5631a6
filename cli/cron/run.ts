/** `tq cron run NAME`: pushes the task of a recurring task now, beside its schedule. */
import { definitionOf } from "../../src/cron/in-force.ts";
import { callOf, noRecordsWords, recordsOfFunctionWords } from "../../src/cron/call.ts";
import { checkCall } from "../../src/catalog.ts";
import { standardError } from "../../src/log/standard-stream.ts";
import type { CronDefinition } from "../../src/cron/definition.ts";
import { isOwn } from "../../src/cron/own.ts";
import { methodsOnRecords } from "../../src/registry/model-class.ts";
import { TqError } from "../../src/errors.ts";
import type { Registry } from "../../src/registry/registry.ts";
import type { Config } from "../../src/settings/config.ts";
import { liveWorkers, NO_WORKER } from "../../src/store/live-workers.ts";
import { shownStore } from "../../src/store/shown/shown-store.ts";
import type { Store } from "../../src/store/store.ts";
import { FUNCTION_METHOD, type Task } from "../../src/task.ts";
import { pushCron, rowNamed } from "../../src/tasks/cron/control.ts";
import { isInFiles, takeUp } from "../../src/tasks/cron/known.ts";
import { runPushed } from "../../src/transaction/transaction.ts";
import { command } from "../command/command.ts";
import { WORKER_FLAG } from "../command/flags.ts";
import { NAME_FLAG } from "./key-flags.ts";
import { databaseExists } from "../../src/open-store.ts";
import { type Mode, modeOf } from "../command/mode.ts";
import { noDatabase, type Program, type Remote } from "../command/program.ts";
import { endRuntime, loadRegistry, startRuntime } from "../command/runtime.ts";
import { whyUntaken } from "../command/untaken.ts";
import { joined } from "./known.ts";

export const run = command({
  name: "cron run",
  description: "Push the task of a recurring task now, beside its schedule, and print its id",
  flags: {
    name: NAME_FLAG,
    force: {
      type: "boolean",
      description: "Also where the task before has not ended and its overlap is skip or wait",
    },
    worker: WORKER_FLAG,
  },
  run: async ({ name, force = false }, program) => {
    const config = program.anyConfig();
    if (config.remote !== undefined) return runThere(config.remote, name, force, program);
    const registry = await loadRegistry(config, program, standardError());
    const files = joined(config, registry);
    if (!databaseExists(config) && !isInFiles(files, name)) {
      throw noDatabase(config);
    }
    const runtime = await startRuntime(config, program, registry);
    const { store } = runtime;
    try {
      await takeUp(store, files, name);
      const definition = definitionOf(await rowNamed(store, name));
      const mode = await modeOf(store, config);
      if (!isOwn(name)) checkCallOf(name, definition, { ...config, mode }, registry);
      const id = await pushCron(store, name, { force });
      if (id === null) return await answerOwn(store, name, program);
      await runPushed(runtime, [id]);
      const shown = shownStore(store, config.admin.redact);
      await answerPushed(store, id, await shown.get(id), program);
    } finally {
      await endRuntime(store);
    }
  },
});

async function runThere(
  remote: Remote,
  name: string,
  force: boolean,
  program: Program,
): Promise<void> {
  const { openRemote } = await import("../remote/open.ts");
  const box = openRemote(remote);
  const task = await box.recurring.run(name, force);
  const store = box.asStore();
  if (task === null) return answerOwn(store, name, program);
  await answerPushed(store, task.id, task, program);
}

async function answerPushed(
  store: Store,
  id: number,
  task: Task | null,
  program: Program,
): Promise<void> {
  program.answer(task, () => String(id));
  const why = await whyUntaken(store, [id], false).catch(() => null); // it is pushed all the same
  if (why !== null) program.note(`Pushed, but ${why}`);
}

/** As tq push does: without models it refuses only where this program would run the task. */
function checkCallOf(
  name: string,
  definition: CronDefinition,
  { models, mode }: Pick<Config, "models"> & { readonly mode: Mode },
  registry: Registry,
): void {
  const why =
    recordsOfFunctionWords(definition) ??
    noRecordsWords(definition, methodsOnRecords(registry.all()));
  if (why !== null) throw new TqError("invalid", `Cannot run ${name}: ${why}`);
  const { model, method } = callOf(definition);
  const catalog = models === null ? null : registry.catalog();
  if (catalog === null && mode === "worker") return;
  checkCall(catalog, model, method === FUNCTION_METHOD ? null : method);
}

async function answerOwn(store: Store, name: string, program: Program): Promise<void> {
  program.answer({ name }, () => `A worker does ${name} at once; tq cron history ${name} tells`);
  if ((await liveWorkers(store)).length === 0) program.note(`It waits: ${NO_WORKER}`);
}
