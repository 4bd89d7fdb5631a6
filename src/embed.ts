/** Starts a worker, with its admin API, inside this process: for `startWorker` and for `tq worker`. */
import { resolve } from "node:path";
import type { Health } from "./admin/health.ts";
import type { AdminServer } from "./admin/serve.ts";
import { type Config, loadConfig } from "./settings/config.ts";
import { standingFolder } from "./settings/standing-folder.ts";
import { TqError } from "./errors.ts";
import type { Report, WorkerEvent, WorkerEventName } from "./log/events.ts";
import { Listeners } from "./log/listeners.ts";
import { Registry } from "./registry/registry.ts";
import { settleMode } from "./store/followed-mode.ts";
import type { Store } from "./store/store.ts";
import { enterEmbedded, standardLog } from "./transaction/runtime.ts";
import { VERSION } from "./version.ts";
import { quote } from "./quote.ts";
import { didYouMean, unknownOption } from "./suggest.ts";
import type { WorkerProcessOptions } from "./worker/options.ts";
import { modeIn } from "./worker/started.ts";
import type { Summary } from "./worker/options.ts";
import { isUnanswered, throughCuts } from "./worker/through-cuts.ts";
import { WorkerProcess } from "./worker/worker.ts";

/** Where the admin API listens. */
interface AdminListen {
  /** `HOST:PORT`; port 0 picks a free one. Or `unix:PATH`. Default: the setting `admin.listen`. */
  readonly listen?: string | undefined;
  /** Allows an address that is not loopback. */
  readonly insecure?: boolean | undefined;
}

/** The options of `startWorker`. One that is left out comes from tq.toml and the environment, as for `tq worker`. */
export interface WorkerOptions {
  /** Path of a tq.toml. Default: tq.toml in the current folder, if there is one. */
  readonly config?: string;
  /** Path of the database. Default: the setting `database.path`. */
  readonly database?: string;
  /** Path of a file or a folder of models, or a list of them. Default: the setting `models`. */
  readonly models?: string | readonly string[];
  /** Names and patterns of the queues to run. Default, also for an empty list: the setting `worker.queues`. */
  readonly queues?: readonly string[];
  /** Threads that run tasks. Default: the setting `worker.threads`. */
  readonly threads?: number;
  /** Serves the admin API as well. Default: false. */
  readonly admin?: boolean | AdminListen;
  /** true: the worker stops once no task is ready or running. "all": it waits for scheduled tasks as well. */
  readonly drain?: boolean | "all";
  /** Loads the models anew, thread by thread, as soon as their files have changed. Default: false. */
  readonly watch?: boolean;
  /** Stops the worker once the process that started this one has ended. */
  readonly exitWithParent?: boolean;
  /**
   * Receives the events of the worker and of its threads: its start and stop, and of each run its start and its end.
   * Without it, the worker's own go to the log on standard error, where the threads write theirs in any case.
   */
  readonly report?: (event: WorkerEvent) => void;
}

export interface EmbeddedWorker {
  /** The URL of the admin API; null without one. */
  readonly url: string | null;
  /**
   * Resolves once the worker has stopped, by itself or by `stop`, with counts of its tasks.
   *
   * @throws TqError "database" when the database is lost.
   */
  readonly stopped: Promise<Summary>;
  /**
   * Stops the worker: it claims no more tasks, lets running tasks end within the setting `worker.grace` ("now":
   * interrupts them at once), and puts back those that did not end. Never rejects.
   */
  stop(this: void, how?: "graceful" | "now"): Promise<void>;
  /**
   * Has the threads load the models anew, one after another: what runs ends first. Where they cannot be loaded, the
   * threads go on with those that they have. The events `models.loaded` and `models.refused` tell which.
   */
  reload(this: void): void;
  /**
   * Calls the listener with each event of this name, of the worker and of its threads, in this process.
   *
   * @returns a function that ends that.
   * @example worker.on("task.failed", ({ task, error }) => console.error(`task ${task}: ${error.message}`));
   */
  on<N extends WorkerEventName>(
    this: void,
    name: N,
    listener: (event: WorkerEvent<N>) => void,
  ): () => void;
}

/** The body of `startWorker`, which loads this file when it is called. */
export async function startEmbedded(options: WorkerOptions): Promise<EmbeddedWorker> {
  checkOptions(options);
  const { config: file, database, models, queues, threads, drain, admin = false } = options;
  const cwd = standingFolder();
  const paths =
    models === undefined ? undefined : [models].flat().map((path) => resolve(cwd, path));
  const config = loadConfig({
    cwd,
    env: process.env,
    file,
    flags: {
      "database.path": database,
      "worker.queues": queues && queues.length > 0 ? queues : undefined,
      "worker.threads": threads === undefined ? undefined : String(threads),
    },
    nameOf: (setting) => `the option ${OPTION_OF[setting] ?? setting}`,
  });
  const log = standardLog(config);
  const listeners = new Listeners(log);
  if (options.report) listeners.onAll(options.report as Report);
  const report: Report = (event) => {
    if (!options.report) log(event);
    listeners.deliver(event);
  };
  const { store, stopped, ...worker } = await startConfigured({
    config,
    models: paths,
    drain: drain === true ? "ready" : drain || undefined,
    watch: options.watch,
    exitWithParent: options.exitWithParent,
    report,
    listeners,
    embedded: true,
    ...(admin !== false && { admin: admin === true ? {} : admin }),
  });
  // From here on this program pushes to the worker's database.
  const runtime = { store, config, registry: new Registry(), report, worker: true };
  const leaveRuntime = enterEmbedded(runtime);
  return {
    ...worker,
    stopped: stopped.finally(leaveRuntime),
    on: (name, listener) => listeners.on(name, listener),
  };
}

/** The options that set a setting of another name. */
const OPTION_OF: Readonly<Record<string, keyof WorkerOptions>> = {
  "database.path": "database",
  "worker.queues": "queues",
  "worker.threads": "threads",
};

const isText = (value: unknown) => typeof value === "string";
const isList = (value: unknown) => Array.isArray(value) && value.every(isText);
const isFlag = (value: unknown) => typeof value === "boolean";

/** The values that each option takes: a test, and the words for it. */
const OPTIONS: Readonly<
  Record<keyof WorkerOptions, readonly [isRight: (value: unknown) => boolean, words: string]>
> = {
  config: [isText, "the path of a tq.toml"],
  database: [isText, "the path of a file"],
  models: [(value) => isText(value) || isList(value), "a path or a list of paths"],
  queues: [isList, "a list of names and patterns"],
  threads: [(value) => typeof value === "number", "a number"],
  admin: [
    (value) => isFlag(value) || (typeof value === "object" && value !== null),
    'true, false or an object like { listen: "127.0.0.1:0" }',
  ],
  drain: [(value) => isFlag(value) || value === "all", 'true, false or "all"'],
  watch: [isFlag, "true or false"],
  exitWithParent: [isFlag, "true or false"],
  report: [(value) => typeof value === "function", "a function that takes an event"],
};

const ADMIN_OPTIONS = ["listen", "insecure"] as const satisfies (keyof AdminListen)[];

function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw refused(`${quote(options)} is no object of options`);
  }
  for (const [key, value] of Object.entries(options)) {
    if (!Object.hasOwn(OPTIONS, key)) {
      const near = didYouMean(key, Object.keys(OPTIONS));
      throw refused(`${key} is not an option of startWorker${near}`);
    }
    const [isRight, words] = OPTIONS[key as keyof WorkerOptions];
    if (value !== undefined && !isRight(value)) {
      throw refused(`${key} cannot be ${quote(value)}; it must be ${words}`);
    }
  }
  const { admin } = options as WorkerOptions;
  if (typeof admin !== "object") return;
  const unknown = unknownOption(admin, ADMIN_OPTIONS);
  if (unknown !== null) throw refused(`admin: ${unknown}`);
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot start a worker: ${why}`);
}

export interface ConfiguredOptions extends Omit<WorkerProcessOptions, "report"> {
  /** Default: the log on standard error. */
  readonly report?: Report | undefined;
  readonly admin?: AdminListen | undefined;
  /** True where the program around the worker pushes to it. */
  readonly embedded?: boolean;
  /** Called before the worker starts: it can be stopped from then on. */
  readonly starting?: ((worker: Startable) => void) | undefined;
}

/** A worker that may not have started yet. */
export type Startable = Pick<WorkerProcess, "stop" | "reloadModels">;

interface ConfiguredWorker extends Omit<EmbeddedWorker, "on"> {
  readonly store: Store;
}

/** Starts a worker with these settings. Only its threads run user code. */
export async function startConfigured(options: ConfiguredOptions): Promise<ConfiguredWorker> {
  const { config, admin, embedded = false } = options;
  const report = options.report ?? standardLog(config);
  let server: AdminServer | undefined;
  // The worker calls `closing` before it closes the store: a stored push would else be answered with an error.
  let mode = modeIn(config);
  const closing = async () => server?.stop();
  const worker = new WorkerProcess({ ...options, report, closing, mode: () => mode });
  const startTried = Promise.withResolvers<void>();
  try {
    options.starting?.(worker);
    mode = await settledMode(worker, config, report);
    if (admin) server = await serve({ config, admin, worker, report, mode }, startTried.promise);
    if (mode === "no worker" && !config.queue.worker) {
      const origin = config.origins["queue.worker"];
      report({ name: "config.worker_off", file: config.file, embedded, origin });
    }
    await worker.start();
  } catch (error) {
    void server?.stop();
    await worker.stop("now", "it cannot start");
    throw error;
  } finally {
    startTried.resolve();
  }
  return {
    url: server?.url ?? null,
    store: worker.store,
    stopped: worker.stopped,
    // An error that ends the worker is told by `stopped`, once.
    stop: (how) => worker.stop(how).catch(() => undefined),
    reload: () => worker.reloadModels("the program has asked for it"),
  };
}

/** Whom the programs of the database follow; what this worker's settings say is remembered, unless another said it. */
async function settledMode({ store }: WorkerProcess, config: Config, report: Report) {
  try {
    const again = throughCuts(store, config);
    const { worker, note } = await again(() => settleMode(store, config, true));
    if (note !== null) report({ name: "log.note", level: "warn", message: note });
    return worker ? "worker" : "no worker";
  } catch (error) {
    if (store.traits.isServer && isUnanswered(error)) throw error; // the start would wait as long once more
    return modeIn(config); // the start of the worker says what the database refuses
  }
}

interface Serving {
  readonly config: Config;
  readonly admin: AdminListen;
  readonly worker: WorkerProcess;
  readonly report: Report;
  readonly mode: Health["mode"];
}

async function serve(
  { config, admin, worker, report, mode }: Serving,
  startTried: Promise<void>,
): Promise<AdminServer> {
  const { listen = config.admin.listen, insecure = false } = admin;
  const { serveAdmin } = await import("./admin/serve.ts"); // a worker without the API does not load it
  return serveAdmin({
    store: worker.store,
    config,
    catalog: () => worker.models?.catalog ?? null,
    crons: () => worker.models?.crons ?? [],
    policies: () => worker.models?.policies ?? {},
    signature: async (call) => {
      // A form alone needs the reader of sources.
      const { signatureOf } = await import("./registry/signatures/signatures.ts");
      return worker.models && signatureOf(call, worker.models);
    },
    trouble: () => worker.trouble,
    mode,
    version: VERSION,
    listen,
    insecure,
    tls: { cert: config.admin.tls_cert, key: config.admin.tls_key },
    hosts: config.admin.hosts,
    pushable: config.admin.push,
    batchSize: config.queue.batch_size,
    report,
    ready: startTried,
  });
}
