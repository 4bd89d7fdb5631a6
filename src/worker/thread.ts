/** A worker thread: a small worker of its own, with its own connection. Started by `pool-thread.ts`. */
import { isTqError } from "../errors.ts";
import * as tq from "../index.ts";
import { systemClock } from "../clock.ts";
import { collectLater } from "../collect-later.ts";
import { saidLines } from "../log/said.ts";
import { Audience } from "../log/audience.ts";
import { Listened } from "../log/listened.ts";
import { goesToJournal } from "../log/journal.ts";
import { wantsColour } from "../log/log.ts";
import { takePrints } from "../log/prints.ts";
import { isTerminal } from "../log/terminal.ts";
import { originTask, taskPrints } from "../transaction/current-task.ts";
import { installModule } from "../registry/install.ts";
import { Load } from "../registry/model-version.ts";
import { declareModels } from "../registry/declared-models.ts";
import { redactionOf } from "../registry/marked-models.ts";
import { loadModels } from "../registry/load-models.ts";
import { modelCrons, recurringTasks } from "../registry/recurring.ts";
import { Registry } from "../registry/registry.ts";
import { enterRuntime, standardLog } from "../transaction/runtime.ts";
import { saidPolicies } from "../registry/said-policies.ts";
import { callHeads } from "../registry/signatures/heads.ts";
import { ensureTables } from "../registry/tables.ts";
import { type ErrorData, toErrorData } from "../outcome.ts";
import { noteOpenFilesLimit } from "../open-files.ts";
import { openThreadStore } from "../open-store.ts";
import { LeaderCandidate } from "../shared-memory/leader.ts";
import { Loop } from "../run/loop.ts";
import { childrenOf, endProcesses, systemThread } from "./child-processes.ts";
import type { ModelCrons } from "../cron/merge.ts";
import type { BackUp, FromThread, Init, ToThread } from "./messages.ts";
import { placeOf } from "../stack.ts";
import { lackedCall, requireModels } from "./lacking-models.ts";
import { NewerModels } from "./newer-models.ts";
import { OtherWorkers } from "./other-workers.ts";
import { PostedEvents } from "./posted-events.ts";
import { throughCuts } from "./through-cuts.ts";
import { takeServiceVariables } from "../service-variables.ts";
import { StrayWork } from "../run/stray-work.ts";
import type { Store } from "../store/store.ts";
import type { Report } from "../log/events.ts";
import type { Policy } from "../policies/table.ts";
import { hasFunction } from "../run/policy-trouble.ts";
import type { Redaction } from "../redaction/redaction.ts";
import { sayable } from "../run/sayable.ts";
import type { Claim } from "../task.ts";
import { Policies } from "../registry/policies.ts";
import { QuickMethods } from "../run/quick-methods.ts";
import { type PrintSaid, ThreadOutput } from "../run/thread-output.ts";
import { addWebhookFunction } from "./webhooks/function.ts";
import { flushSpans } from "../tracing/open-telemetry.ts";
import { openShared } from "../shared-memory/layout.ts";
import { RunCounters } from "../shared-memory/run-counters.ts";
import { Progress } from "../shared-memory/progress.ts";

declare const self: Worker;

let loop: Loop | undefined;
let collecting: Timer | null = null;
const going = Promise.withResolvers<void>();
let stopped = false;
let isOutdated = false;

self.onmessage = ({ data }: MessageEvent<ToThread>) => {
  if (data === "wake") loop?.wake();
  else if (data === "go") going.resolve();
  else if (data === "outdated") isOutdated = true;
  else if (data === "stop") {
    stopped = true;
    loop?.stop();
    going.resolve();
  } else if (data.type === "abort") loop?.abort(data.claim, data.cause);
  else if (data.type === "back_up") void makeBackup(data);
  else void start(data);
};

async function makeBackup(asked: BackUp): Promise<void> {
  const { backUp } = await import("./backup-thread.ts"); // the other threads start without it
  self.postMessage(await backUp(asked));
}

function send(message: FromThread): void {
  self.postMessage(message);
}

/**
 * An error that no code catches ends the thread: tells its line, and the task that began the code, as another one may
 * run by then.
 */
function tellThrower(progress: Progress): void {
  process.on("uncaughtExceptionMonitor", (error: unknown) => {
    if (process.listenerCount("uncaughtException") > 0) return; // by the models
    const origin = originTask();
    const isOther = origin !== undefined && origin.id !== progress.running()?.id;
    const { id, model, method } = origin ?? { id: 0, model: "", method: null };
    const place = placeOf(toErrorData(error).stack);
    const task = isOther ? { id, model, method } : null;
    send({ type: "threw", place, task, mayBeOthers });
  });
}

/** True: the error that ends the thread is of a promise, which an earlier task may have left behind. */
let mayBeOthers = false;

/** A promise that an ended task has left behind ends no thread: it is not the fault of the task that runs now. */
function watchStrayWork(
  store: Store,
  report: Report,
  progress: Progress,
  redaction: Redaction,
): StrayWork {
  const running = () => progress.running();
  const justEnded = () => loop?.justEnded ?? [];
  const strays = new StrayWork({ store, report, running, justEnded, redaction });
  process.on("unhandledRejection", (reason) => {
    const isHandled = process.listenerCount("unhandledRejection") > 1; // by the models
    if (strays.rejected(reason) || isHandled) return;
    mayBeOthers = true;
    throw reason;
  });
  return strays;
}

/** The main thread learns too late of a thread that ends by itself: which processes it had cannot be told then. */
function endChildrenAtTheEnd(): void {
  const end = () => endProcesses(childrenOf(systemThread()));
  process.on("exit", end);
  process.on("uncaughtExceptionMonitor", () => {
    if (process.listenerCount("uncaughtException") === 0) end();
  });
}

/** A function of the policy may never return: the main thread then has the error that it was asked about. */
function tellJudged(error: unknown, { id, claim }: Claim, policy: Policy): void {
  if (!hasFunction(policy)) return;
  send({ type: "judging", run: { id, claim }, error: toErrorData(error) });
}

/** The main thread says it once for all threads, also where this one is ended meanwhile. */
const tellOutage = (error: ErrorData | null): void => send({ type: "outage", error });

/** @returns the recurring tasks of each path. */
async function loadAll(
  models: readonly string[],
  registry: Registry,
  tell: (file: string) => void,
): Promise<ModelCrons[]> {
  const crons: ModelCrons[] = [];
  for (const path of models) {
    const loaded = await loadModels(path, tell);
    crons.push(modelCrons(path, loaded.all()));
    registry.addAll(loaded);
  }
  recurringTasks(registry.all()); // those of two paths may have one name
  return crons;
}

/** Posts the events of this thread; null: no program can listen. */
function postedEvents(
  { events }: Init,
  listened: Listened | null,
  log: Report,
): PostedEvents | null {
  if (events === null || listened === null) return null;
  const post = (list: string) => send({ type: "reported", events: list });
  const posted = new PostedEvents({ listened, unread: events.unread, post, log });
  // The thread of a task that calls `process.exit` or throws later ends without another turn.
  process.on("exit", () => posted.flush());
  process.on("uncaughtExceptionMonitor", () => posted.flush());
  return posted;
}

/** A flush may fail too, by what the task has broken. */
function sayBroken(error: unknown, broken: { readonly isBatch: boolean }, flush: () => void): void {
  try {
    flush();
  } finally {
    const { name, message } = toErrorData(error);
    const reason = `its thread cannot go on, as a task has broken it: ${name}: ${message}`;
    send({ type: "broken", reason, ...broken });
  }
}

async function start(init: Init): Promise<void> {
  takeServiceVariables(process.env); // it is a copy of what the process began with
  const { config, queues, worker, thread } = init;
  const log = standardLog(config, init.standardError);
  const listened = init.events && new Listened(init.events.listened);
  const posted = postedEvents(init, listened, log);
  const report: Report = posted ? (event) => (log(event), posted.add(event)) : log;
  const flush = () => {
    prints.flush();
    posted?.end();
    log.flush();
  };
  const form = {
    format: config.log.format,
    colour: config.log.format === "text" && wantsColour(isTerminal(1), process.env),
    journal: goesToJournal(1),
  };
  const prints = takePrints({
    output: init.standardOutput,
    error: init.standardError,
    colour: form.colour,
    report,
    hearer: taskPrints,
  });
  const registry = new Registry();
  const redaction = redactionOf({ registry, config });
  const print: PrintSaid = (task, level, said) => {
    const text = sayable(said, task.claimed, redaction);
    prints.lines(saidLines({ task, level, text, time: systemClock.now() }, form));
  };
  const shared = openShared(init.shared, init.threads);
  const progress = new Progress(shared, thread);
  tellThrower(progress);
  endChildrenAtTheEnd();
  noteOpenFilesLimit();
  send({ type: "here", systemThread: systemThread() });
  try {
    const store = openThreadStore(config, { thread, part: init.store, locks: progress });
    const runtime = { store, config, registry, report, worker: true };
    enterRuntime(runtime);
    installModule(tq);
    const tell = (file: string | null) => send({ type: "loading", file });
    const { models: paths, known, isLenient } = init;
    const load = new Load({ paths, known, isLenient });
    const loading = loadAll(init.models, registry, tell);
    await loading.catch(() => undefined);
    const { version, edited } = load.end();
    // An edit is told in place of the error that it may cause. The store learns nothing of such models.
    if (edited !== null) return send({ type: "torn", edited, files: Object.keys(version.files) });
    const crons = await loading;
    tell(null);
    const catalog = registry.catalog();
    requireModels(catalog, paths);
    const lacked = init.keep && lackedCall(init.keep, catalog);
    if (lacked !== null) return send({ type: "lacking", call: lacked });
    addWebhookFunction(registry, { config, store });
    const again = throughCuts(store, config);
    await again(() => ensureTables(store, registry, report));
    const followUps = await again(() => declareModels(store, registry, config));
    const policies = saidPolicies(registry.all(), config.tasks);
    const heads = callHeads(registry);
    send({ type: "loaded", catalog, policies, heads, crons, followUps, version });
    const newer = new NewerModels(version, paths);
    const others = new OtherWorkers(worker, store);
    const strays = watchStrayWork(store, report, progress, redaction);
    const live = store.liveOutput({ worker, thread });
    loop = new Loop(
      {
        ...runtime,
        methods: new QuickMethods(store.traits),
        policies: new Policies(config.tasks),
        audience: new Audience(config.log.level, listened),
        redaction,
        present: { task: null },
        progress,
        counters: new RunCounters(init.counters),
        output: new ThreadOutput(progress, store, live, {
          keep: config.worker.keep_output,
          print,
          leftBehind: (task, late) => strays.late(task, late),
        }),
        owner: { worker, thread },
        threw: tellJudged,
        ...(store.traits.isServer && { outage: tellOutage }),
        leaveToNewer: () => {
          if (isOutdated) loop?.stop();
          return isOutdated;
        },
        newerOnDisk: () => newer.difference(),
        otherWorker: (task) => others.withMethodOf(task),
        queues,
      },
      () => {
        send("idle");
        collecting ??= collectLater();
      },
      config.worker.max_tasks,
      store.turns && new LeaderCandidate(shared, thread, store.turns),
    );
    if (stopped) loop.stop();
    await going.promise;
    const how = await loop.run();
    await strays.flush();
    await flushSpans();
    flush();
    await store.close();
    const { lockedOut } = loop;
    send(lockedOut ? { type: "locked_out", ...lockedOut } : how);
  } catch (error) {
    if (loop?.broken) return sayBroken(error, loop.broken, flush);
    flush();
    const code = isTqError(error) ? error.code : "models";
    send({ type: loop?.lost ? "lost" : "cannot_start", code, error: toErrorData(error) });
  }
}
