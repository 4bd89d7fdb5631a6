/** `tq try ID`, `tq try MODEL METHOD INSTANCES`: runs a task, shows what it would have changed, and rolls that back. */
import { checkCall } from "../src/catalog.ts";
import { TqError } from "../src/errors.ts";
import { standardError } from "../src/log/standard-stream.ts";
import { databaseExists, openTrialStore } from "../src/open-store.ts";
import { CALL } from "../src/push/task-options.ts";
import { callWords } from "../src/task.ts";
import { command } from "./command/command.ts";
import { rowFlag } from "./command/row-flag.ts";
import { missingArgument } from "./command/line.ts";
import { noDatabase } from "./command/program.ts";
import { readCall } from "./command/pushed-call.ts";
import { enterTrial, loadRegistry } from "./command/runtime.ts";
import { readId } from "./command/values.ts";
import { canAsk } from "./terminal/ask.ts";
import { note } from "./terminal/terminal.ts";
import { trialData, trialText } from "./terminal/trial.ts";

const OF_METHOD = "tq try [flags] MODEL METHOD INSTANCES";

export const tryTask = command({
  name: "try",
  description: "Run a task, show what it would have changed in the database, and roll that back",
  forms: ["ID", "MODEL METHOD INSTANCES", "FUNCTION [ARGS]"],
  flags: {
    model: {
      type: "positional",
      description: "The id of a task, or the name of a model or function",
    },
    method: {
      type: "positional",
      required: false,
      description: "The name of a method; for a function its arguments, as a JSON array",
    },
    instances: {
      type: "positional",
      required: false,
      description: "The ids of the records: 7, or 1,2,3, or a JSON array",
    },
    args: rowFlag(CALL.args),
    yes: { type: "boolean", description: "Do not ask on a terminal before the task runs" },
  },
  run: async ({ model, method, instances, args, yes }, program) => {
    const config = program.config();
    const isTask = method === undefined && /^[\d-]/.test(model);
    const id = isTask ? readId(model) : null;
    if (id !== null && args !== undefined) {
      throw new TqError("invalid", `Cannot try: task ${id} has its arguments; leave out --args`);
    }
    if (!databaseExists(config)) throw noDatabase(config);
    const { trialOutput, prepareTrial, push, redactionOf, shownTrial, taskPrints } =
      await import("./command/trial.ts");
    const registry = await loadRegistry(config, program, standardError(), taskPrints);
    const catalog = config.models === null ? null : registry.catalog();
    const given = { verb: "try", model, method, instances, args } as const;
    const call =
      id === null
        ? await readCall(given, catalog, (name) => missingArgument(tryTask, name, OF_METHOD))
        : null;
    if (call !== null) checkCall(catalog, call.model, call.method ?? null, "try");
    const store = await openTrialStore(config);
    const runtime = await enterTrial(config, program, registry, store);
    try {
      const tried = call === null ? { id: id ?? 0 } : { push: () => push(call) };
      const redaction = redactionOf(runtime);
      const trial = await prepareTrial(runtime, tried, (progress) =>
        trialOutput(progress, store, redaction),
      );
      const { task } = trial;
      const what = id === null ? callWords(task) : `task ${id}, ${callWords(task)}`;
      const warning = `This runs ${what}. The database stays as it is; what else the method does, such as mail, print and requests, does happen.`;
      if (yes !== true && canAsk()) {
        if (!program.ask(warning)) return 1;
      } else program.note(warning);
      const end = shownTrial(trial, await whileRunning(what, () => trial.run()), redaction);
      program.answer(trialData(trial, end, id), () => trialText(trial, end, program.terminal));
      return end.outcome.kind === "finished" || end.outcome.kind === "snoozed" ? 0 : 1;
    } finally {
      await store.close();
    }
  },
});

/** The method may end the process, or wait for what never comes. */
async function whileRunning<T>(what: string, run: () => Promise<T>): Promise<T> {
  let waits = false;
  const beforeExit = () => void (waits = true);
  const atExit = (code: number) => {
    const why = waits
      ? "its method waits for something that never comes"
      : `its method called process.exit(${code})`;
    note(`tq: Cannot try ${what}: ${why}; what it did in the database was rolled back`);
    process.exitCode = 1;
  };
  process.once("beforeExit", beforeExit);
  process.once("exit", atExit);
  try {
    return await run();
  } finally {
    process.off("beforeExit", beforeExit);
    process.off("exit", atExit);
  }
}
