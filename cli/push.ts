/** `tq push MODEL METHOD INSTANCES`, `tq push FUNCTION [ARGS]`: stores one call and prints the ids of its tasks, one per line. */
import { checkCall } from "../src/catalog.ts";
import { decode } from "../src/values/encoding.ts";
import { isTqError, TqError } from "../src/errors.ts";
import { standardError } from "../src/log/standard-stream.ts";
import { push as pushCall } from "../src/push/push.ts";
import {
  CALL,
  type CallOptions,
  type PushOptions,
  TASK_OPTIONS,
} from "../src/push/task-options.ts";
import { fileToFill } from "../src/new-queue.ts";
import { marksOfModels } from "../src/registry/marked-models.ts";
import { Registry } from "../src/registry/registry.ts";
import type { Config } from "../src/settings/config.ts";
import { shownStore } from "../src/store/shown/shown-store.ts";
import type { Store } from "../src/store/store.ts";
import type { Task } from "../src/task.ts";
import { command } from "./command/command.ts";
import { missingArgument } from "./command/line.ts";
import { readCall } from "./command/pushed-call.ts";
import { rowFlag } from "./command/row-flag.ts";
import { type Values, WORKER_FLAG } from "./command/flags.ts";
import { modeOf } from "./command/mode.ts";
import { type AnyConfig, type Program, toLook } from "./command/program.ts";
import { endRuntime, loadRegistry, startRuntime } from "./command/runtime.ts";
import { FollowView } from "./terminal/follow-view.ts";
import { errorTerminal, note, print, writeError } from "./terminal/terminal.ts";
import { printable } from "../src/printable.ts";
import { whyUntaken } from "./command/untaken.ts";
import { readObject } from "./command/values.ts";
import { waitForEnd } from "./command/wait.ts";
import { Interrupted, whileLooking } from "./command/while-looking.ts";

const flags = {
  model: { type: "positional", description: CALL.model.help },
  method: {
    type: "positional",
    required: false,
    description: "The name of one of its methods; for a function its arguments, as a JSON array",
  },
  instances: {
    type: "positional",
    required: false,
    description:
      "The ids of the records: 7, or 1,2,3, or a JSON array; - reads them from standard input",
  },
  args: rowFlag(CALL.args),
  user: rowFlag(CALL.user),
  context: rowFlag(CALL.context),
  ...Object.fromEntries(TASK_OPTIONS.map((option) => [option.flag, rowFlag(option)])),
  worker: WORKER_FLAG,
  wait: {
    type: "boolean",
    description:
      "Wait until all tasks have ended, through their retries: exit 0 if all finished, 1 if any failed or was cancelled",
  },
} as const;

const OF_METHOD = "tq push [flags] MODEL METHOD INSTANCES";

export const push = command({
  name: "push",
  description: "Push a task: the call of a method on instances of a model, or of a function",
  forms: ["MODEL METHOD INSTANCES", "FUNCTION [ARGS]"],
  examples: [
    ["tq push sale process 7,8 --queue mail", "A method of a model, on two records"],
    [`tq push send_mail '["ada@example.org"]' --wait`, "A function, until it has ended"],
  ],
  flags,
  run: async (values, program) => {
    const others = readOptions(values);
    const config = program.anyConfig();
    // Its tasks print to standard error, as standard output is for the answer.
    const registry = config.remote
      ? new Registry() // the other machine has the models
      : await loadRegistry(config, program, standardError());
    const catalog = config.models === null ? null : registry.catalog();
    const given = { ...values, verb: "push" } as const;
    const call = await readCall(given, catalog, (name) => missingArgument(push, name, OF_METHOD));
    // Without models it refuses only where this program would run it.
    if (catalog === null && (await runsItself(config))) {
      checkCall(null, call.model, call.method ?? null);
    }
    const options: PushOptions = { ...call, ...others };
    const { store, pushOne, end } = await pusherOf(config, program, registry);
    try {
      const wait = values.wait === true;
      if (config.remote && (wait || program.json)) await requireLook(store, wait);
      const ids = await pushOne(options);
      for (const line of momentLines(values, options)) program.note(line);
      const single = !Array.isArray(options.instances);
      if (ids.length === 0) program.note(NO_TASK);
      if (!program.json) printIds(ids);
      else if (!wait) await reportTasks(store, ids, single, program); // with --wait the one JSON answer is the end
      const sayUntaken = async () => {
        const why = await whyUntaken(store, ids, wait).catch(() => null); // the push is stored all the same
        if (why !== null) program.note(`${wait ? "Waiting" : "Pushed"}, but ${why}`);
      };
      if (wait) return await reportEnds(store, ids, { single, config, sayUntaken }, program);
      await sayUntaken();
      return 0;
    } finally {
      await end();
    }
  },
});

/** True where this program is to run what it pushes. */
async function runsItself(config: AnyConfig): Promise<boolean> {
  if (config.queue.worker || fileToFill(config) !== null) return !config.queue.worker;
  return (await toLook(config, (store) => modeOf(store, config))) === "no worker";
}

interface Pusher {
  readonly store: Store;
  readonly pushOne: (options: PushOptions) => Promise<number[]>;
  readonly end: () => Promise<void>;
}

async function pusherOf(config: AnyConfig, program: Program, registry: Registry): Promise<Pusher> {
  if (config.remote !== undefined) {
    const { openRemote } = await import("./remote/open.ts");
    const remote = openRemote(config.remote);
    const store = remote.asStore();
    return { store, pushOne: (options) => remote.pushCall(options), end: () => store.close() };
  }
  const { store: stored } = await startRuntime(config, program, registry);
  const store = shownStore(stored, config.admin.redact, marksOfModels(registry.all()));
  return { store, pushOne: pushCall, end: () => endRuntime(stored) };
}

const NO_TASK =
  "An empty list of instances makes no task; tq cron run NAME calls a static method without records, as its recurring task says";

function readOptions(values: Values<typeof flags>): Partial<CallOptions> {
  const { user, context } = values;
  return {
    ...(user === undefined ? {} : { user: CALL.user.kind.readText(user, "--user") }),
    ...(context === undefined ? {} : { context: readContext(context) }),
    ...placement(values),
  };
}

function placement(values: Readonly<Record<string, unknown>>): Partial<CallOptions> {
  const options: Record<string, unknown> = {};
  for (const { key, flag, kind } of TASK_OPTIONS) {
    const text = values[flag];
    if (typeof text === "string") options[key] = kind.readText(text, `--${flag}`);
  }
  return options;
}

/** Says which instant a point in time was taken as: without a zone it is the local time of this machine. */
function momentLines(
  values: Readonly<Record<string, unknown>>,
  options: Readonly<PushOptions>,
): string[] {
  return TASK_OPTIONS.flatMap(({ key, flag }) => {
    const value = options[key];
    return value instanceof Temporal.Instant
      ? [`--${flag} ${String(values[flag])} is ${String(value)}`]
      : [];
  });
}

/** Dates, decimals and the like come with their tags, as in the database. */
function readContext(text: string): Record<string, unknown> {
  readObject(text, "--context");
  return decode(text, "--context") as Record<string, unknown>;
}

async function reportTasks(
  store: Store,
  ids: readonly number[],
  single: boolean,
  program: Program,
): Promise<void> {
  const tasks = await lookAt(ids, () => Promise.all(ids.map((id) => store.get(id))));
  answerJson(tasks, single, program);
}

/** Call it only with --json: the text of this answer is empty. */
function answerJson(tasks: readonly (Task | null)[], single: boolean, program: Program): void {
  program.answer(single ? tasks[0] : tasks, () => "");
}

interface Wait {
  readonly single: boolean;
  readonly config: Config;
  readonly sayUntaken: () => Promise<void>;
}

/** @returns the exit status: 1 when a task did not finish */
async function reportEnds(
  store: Store,
  ids: readonly number[],
  { single, config, sayUntaken }: Wait,
  program: Program,
): Promise<number> {
  const shows = program.quiet ? {} : { shows: showsOf(store, config, program) };
  const tasks = await lookAt(ids, () =>
    whileLooking(async (signal) => {
      await sayUntaken();
      return waitForEnd(store, ids, (line) => program.note(line), { signal, ...shows });
    }),
  );
  if (tasks instanceof Interrupted) {
    const [first] = ids;
    program.note(
      ids.length === 1
        ? `Stopped waiting: task ${first} goes on, and tq watch ${first} follows it again`
        : `Stopped waiting: the tasks go on, and tq watch ${first} follows the first one`,
    );
    return tasks.status;
  }
  if (program.json) answerJson(tasks, single, program);
  const unfinished = tasks.filter((task) => task.state !== "finished");
  const notable = tasks.filter((task) => task.state !== "finished" || task.reason !== null);
  // Not `program.note`: this is the outcome that --wait asks for, and --quiet does not hide it.
  if (!program.json) for (const task of notable) note(`tq: ${endWords(task)}`);
  return unfinished.length === 0 ? 0 : 1;
}

/** The words of the tasks go to standard error; the runs of this program itself have printed theirs there already. */
function showsOf(store: Store, { queue }: Config, { json }: Program) {
  const view = new FollowView({ json, terminal: errorTerminal, write: writeError, brief: true });
  const from = async (id: number) =>
    queue.worker ? 1 : ((await store.get(id))?.attempts ?? 0) + 1;
  return { view, from };
}

/** No task has it. */
const NO_ID = 0;

/** @throws TqError "unauthorized" where the token may push, and may not look at what it has pushed. */
async function requireLook(store: Store, wait: boolean): Promise<void> {
  try {
    await store.get(NO_ID);
  } catch (cause) {
    if (!isTqError(cause) || cause.code !== "unauthorized") return; // there is no such task, or the push says why
    const flag = wait ? "--wait" : "--json";
    const message = `Nothing was pushed, as ${flag} looks at tasks: ${cause.message}`;
    throw new TqError(cause.code, message, { cause });
  }
}

/** Looks at tasks that are stored: a refusal must not read as if they were not. */
async function lookAt<T>(ids: readonly number[], look: () => Promise<T>): Promise<T> {
  try {
    return await look();
  } catch (cause) {
    if (!isTqError(cause)) throw cause;
    const message = `Pushed ${ids.join(", ")}, and cannot look further: ${cause.message}`;
    throw new TqError(cause.code, message, { cause });
  }
}

function printIds(ids: readonly number[]): void {
  if (ids.length > 0) print(ids.join("\n"));
}

function endWords({ id, state, reason }: Task): string {
  const why = reason === null ? "" : `: ${printable(reason)}`;
  return `Task ${id} ${state === "cancelled" ? "was cancelled" : state}${why}`;
}
