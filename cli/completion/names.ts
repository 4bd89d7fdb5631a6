/** Names for completion, from the database and the models, here or on the machine of `--url`. */
import { homedir } from "node:os";
import type { KnownCall } from "../../src/call-patterns.ts";
import { callsOf } from "../../src/catalog.ts";
import { within } from "../../src/clock.ts";
import { isPattern } from "../../src/patterns.ts";
import { databaseExists } from "../../src/open-store.ts";
import { calledMethod, callName, DEFAULT_QUEUE } from "../../src/task.ts";
import type { Store } from "../../src/store/store.ts";
import { mergeFiles } from "../../src/tasks/cron/known.ts";
import { parseDuration } from "../../src/values/duration.ts";
import { COMMON_FLAGS, type Values } from "../command/flags.ts";
import { type AnyConfig, Program, toLook } from "../command/program.ts";
import { type ModelNames, namesOfModels } from "../command/models-process.ts";
import { WITH_URL } from "../command/with-url.ts";
import type { Candidate } from "./candidates.ts";
import type { Line } from "./place.ts";

export type NameKind =
  "QUEUE" | "MODEL" | "METHOD" | "CALL" | "MODEL.METHOD" | "RECURRING" | "TOKEN" | "ID";

/** Someone is waiting, and what is not found by then is left out: ms. */
const PATIENCE_MS = 2_000;

/** For those whose models take longer to load. */
function patience(): number {
  const { TQ_COMPLETION_PATIENCE: text } = process.env;
  return text ? parseDuration(text, "TQ_COMPLETION_PATIENCE") : PATIENCE_MS;
}

/** Never rejects: a shell in which someone types is no place for an error. */
export async function namesOf(kind: NameKind, command: string, line: Line): Promise<Candidate[]> {
  try {
    const config = configOf(command, line);
    const found =
      command === "resume" ? await paused(kind, config) : await find(kind, config, line);
    return [...new Map(found).entries()]; // each once
  } catch {
    return [];
  }
}

/** The settings that the command will have. */
function configOf(command: string, { given }: Line): AnyConfig {
  const flags = [...given].map(([name, value]) => [name, withHome(value)] as const);
  const values: unknown = { ...Object.fromEntries(flags), quiet: true, verbose: false, _: [] };
  const program = new Program(values as Values<typeof COMMON_FLAGS>, COMMON_FLAGS, command);
  return WITH_URL.includes(command) ? program.anyConfig() : program.config();
}

/** The shell has not read the word yet. */
function withHome(value: string | true): string | true {
  return typeof value === "string" ? value.replace(/^~(?=\/)/, homedir()) : value;
}

async function find(kind: NameKind, config: AnyConfig, line: Line): Promise<readonly Candidate[]> {
  switch (kind) {
    case "QUEUE":
      return [[DEFAULT_QUEUE, ""], ...(await fromStore(config, queues))];
    case "RECURRING":
      return recurring(config);
    case "TOKEN":
      return fromStore(config, async (store) => named(await store.tokens.list()));
    case "ID":
      return fromStore(config, newestTasks);
    case "MODEL":
    case "METHOD":
    case "CALL":
    case "MODEL.METHOD": {
      const models = ofModels(config);
      const known = fromStore(config, async (store) => (await store.names()).calls);
      return callWords(kind, [...callsOf((await models).catalog), ...(await known)], line);
    }
  }
}

/** Nothing where they cannot be loaded in time: those of tasks are known all the same. */
async function ofModels({ models }: AnyConfig): Promise<ModelNames> {
  const none = { catalog: {}, recurring: [] };
  return models === null ? none : namesOfModels(models, patience()).catch(() => none);
}

/** Nothing where there is no database, or it cannot be read in time. */
async function fromStore<T>(
  config: AnyConfig,
  read: (store: Store, config: AnyConfig) => Promise<readonly T[]>,
): Promise<readonly T[]> {
  if (config.remote === undefined && !databaseExists(config)) return [];
  const reading = toLook(config, (store) => read(store, config)).catch(() => []);
  return (await within(reading, patience())) ?? [];
}

/** The pauses that `tq resume` can end. */
function paused(kind: NameKind, config: AnyConfig): Promise<readonly Candidate[]> {
  const wanted = kind === "QUEUE" ? "queue" : "task";
  return fromStore(config, async (store) =>
    named((await store.pauses.list()).filter((pause) => pause.kind === wanted)),
  );
}

async function queues(store: Store): Promise<Candidate[]> {
  const { queues: ofTasks } = await store.names();
  const ofWorkers = (await store.workers()).flatMap((worker) => worker.queues);
  const names = [...ofTasks, ...ofWorkers].filter((name) => !isPattern(name));
  return names.sort().map((name) => [name, ""]);
}

/** Those of tq.toml and the models too, which no worker may have taken up yet. */
async function recurring(config: AnyConfig): Promise<Candidate[]> {
  const stored = fromStore(config, storedRecurring);
  if (config.remote !== undefined) return [...(await stored)];
  const models = await ofModels(config);
  const ofModelNames = models.recurring.map((name): Candidate => [name, ""]);
  return [...(await stored), ...named(mergeFiles([], config).all), ...ofModelNames];
}

async function storedRecurring(store: Store, { remote }: AnyConfig): Promise<Candidate[]> {
  if (remote === undefined) return named(await store.cron.rows());
  const { openRemote } = await import("../remote/open.ts");
  return named((await openRemote(remote).recurring.list()).tasks);
}

function named(rows: readonly { readonly name: string }[]): Candidate[] {
  return rows.map(({ name }) => [name, ""]);
}

/** Older ones are rarely meant. */
const MOST_TASKS = 20;

async function newestTasks(store: Store): Promise<Candidate[]> {
  const tasks = await store.list({ limit: MOST_TASKS });
  return tasks.map(({ id, state, ...task }) => [
    String(id),
    `${state} ${callName(task.model, calledMethod(task))}`,
  ]);
}

function callWords(
  kind: "MODEL" | "METHOD" | "CALL" | "MODEL.METHOD",
  calls: readonly KnownCall[],
  { positionals: [model], given }: Line,
): Candidate[] {
  const kindOf = ({ method }: KnownCall) => (method === null ? "function" : "model");
  if (kind === "MODEL") return calls.map((call) => [call.model, kindOf(call)]);
  if (kind !== "METHOD") return calls.map((call) => [callName(call.model, call.method), ""]);
  const of = model ?? given.get("model");
  return calls.flatMap((call) =>
    call.method === null || (of !== undefined && call.model !== of) ? [] : [[call.method, ""]],
  );
}
