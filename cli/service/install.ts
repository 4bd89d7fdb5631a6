/** `tq service install`: has the system run tq. */
import { TqError } from "../../src/errors.ts";
import { modelsOf } from "../../src/worker/models-of.ts";
import type { Config } from "../../src/settings/config.ts";
import { command } from "../command/command.ts";
import type { Program } from "../command/program.ts";
import { readNames } from "../command/values.ts";
import { isOfTq, readDefinition, removeDefinition, writeDefinition } from "./files.ts";
import { SERVICE_FLAGS } from "./flags.ts";
import { printable } from "../../src/printable.ts";
import type { Manager, ServiceState } from "./manager.ts";
import { MANAGER_NAMES, namedManager, ownManager } from "./managers.ts";
import { labelOf, planOf } from "./plan.ts";
import { isOfAnother, otherProject } from "./project.ts";
import { isWell, stateOnceStarted } from "./started.ts";
import { stateWords } from "./words.ts";

export const install = command({
  name: "service install",
  description: "Have the system run a worker of this project, now and after each start",
  flags: {
    ...SERVICE_FLAGS,
    as: {
      type: "string",
      valueHint: "USER",
      description: "The user as whom it runs (default: the owner of the database, unless root)",
    },
    queue: {
      type: "string",
      valueHint: "NAME",
      multiple: true,
      description: "Queue to run, of which there may be several (default: worker.queues, else all)",
    },
    serve: {
      type: "boolean",
      description: "Run tq serve, the API alone, in place of a worker",
    },
    print: {
      type: "boolean",
      description: "Print the definition, and install nothing",
    },
    for: {
      type: "string",
      valueHint: MANAGER_NAMES.join("|"),
      description: "With --print: for another system (default: this one)",
    },
  },
  run: async (values, program) => {
    const { name, user, as, print = false, serve = false } = values;
    const scope = user === true ? "user" : "system";
    const manager = values.for === undefined ? ownManager(scope) : namedManager(values.for, scope);
    checkFlags(values);
    const config = program.config();
    const label = labelOf(name, () => config, serve);
    const refusal = print ? null : manager.refusal("install");
    if (refusal !== null) throw refusal;
    if (!serve) modelsOf({ config }); // without models the worker could not start
    const queues = values.queue === undefined ? [] : readNames(values.queue, "--queue");
    const plan = planOf(config, { scope, label, as, queues, serves: serve });
    const [file, text] = [manager.file(label), manager.definition(plan)];
    noteVariables(config, program);
    if (print) return program.answer({ service: label, file, text }, () => text.trimEnd());
    const isNew = isToWrite(label, { manager, text, config });
    if (isNew) writeNew(label, manager, text);
    else if (manager.state(label).state !== "running") manager.start(label);
    const state = await stateOnceStarted(label, manager);
    return answer(label, { manager, isNew, state }, program);
  },
});

function checkFlags(values: { [key: string]: unknown }): void {
  const wrong = (why: string) => new TqError("invalid", `Cannot use both: ${why}`);
  if (values["for"] !== undefined && values["print"] !== true) {
    throw new TqError("invalid", "--for prints the definition for another system: add --print");
  }
  if (values["user"] === true && values["as"] !== undefined) {
    throw wrong("with --user it runs as you, and --as names somebody else; leave one out");
  }
  if (values["serve"] === true && values["queue"] !== undefined) {
    throw wrong("--serve runs no tasks, and --queue says which; leave one out");
  }
}

/** Settings of this environment, which the service does not have. */
function noteVariables({ origins }: Config, program: Program): void {
  const set = [...new Set(Object.values(origins))].filter((origin) => origin.startsWith("TQ_"));
  if (set.length === 0) return;
  program.note(
    `The service does not have ${set.join(", ")} of this environment: write such settings into tq.toml, or into the file that EnvironmentFile names`,
  );
}

interface Wanted {
  readonly manager: Manager;
  readonly text: string;
  readonly config: Config;
}

/** @throws TqError "conflict" where another definition is there. */
function isToWrite(label: string, { manager, text, config }: Wanted): boolean {
  const file = manager.file(label);
  const found = readDefinition(file);
  if (found === null) return true;
  if (found === text) return false;
  const other = otherProject(found, manager, config);
  if (other !== null) {
    throw isOfAnother(`Cannot install ${label}`, other, "--name gives this one another name");
  }
  const what = isOfTq(found)
    ? "is installed already, and other than these flags and settings make it: tq service remove takes it away first"
    : "is there already, and tq has not made it";
  throw new TqError(
    "conflict",
    `Cannot install ${label}: ${file} ${what}; --name takes another name`,
  );
}

/** A definition that the system refuses is taken away again. */
function writeNew(label: string, manager: Manager, text: string): void {
  const file = manager.file(label);
  writeDefinition(file, text);
  try {
    manager.start(label);
  } catch (error) {
    removeDefinition(file);
    throw error;
  }
}

interface Installed {
  readonly manager: Manager;
  readonly isNew: boolean;
  readonly state: ServiceState;
}

function answer(label: string, { manager, isNew, state }: Installed, program: Program): number {
  const well = isWell(state);
  const file = manager.file(label);
  const lines = well ? [] : manager.lastLines(label);
  program.answer({ service: label, file, written: isNew, ...state, log: lines }, () =>
    [
      `${label} ${isNew ? "is installed" : "was installed already"}: ${stateWords(state)}`,
      `its definition: ${file}`,
      `its log:        ${manager.logCommand(label)}`,
      ...(well ? [] : ["", "It does not start; it is tried again every 5 s. It says:"]),
      ...lines.map((line) => `  ${printable(line)}`),
    ].join("\n"),
  );
  for (const note of manager.notes(label)) program.note(note);
  return well ? 0 : 1;
}
