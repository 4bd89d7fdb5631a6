/** Where no worker is configured, a program runs the tasks that it pushed, after their commit. */
import { setTimeout, clearInterval, monotonicNow, setInterval } from "../clock.ts";
import { messageOf } from "../errors.ts";
import { randomUUIDv7 } from "bun";
import { originTask } from "../transaction/current-task.ts";
import type { Registry } from "../registry/registry.ts";
import { sayMode } from "./mode-note.ts";
import { declareNewModels } from "../registry/declared-models.ts";
import { redactionOf } from "../registry/marked-models.ts";
import { loadModels } from "../registry/load-models.ts";
import type { Runtime } from "../transaction/runtime.ts";
import { liveWorkers } from "../store/live-workers.ts";
import type { WorkerInfo } from "../store/looking.ts";
import type { Store } from "../store/store.ts";
import { setRunPushed } from "../transaction/transaction.ts";
import { type Outcome, toErrorData } from "../outcome.ts";
import type { ClaimedTask } from "../task.ts";
import { loneThread } from "./lone-thread.ts";
import { StrayWork } from "./stray-work.ts";
import { ThreadOutput } from "./thread-output.ts";
import { watchFailures } from "./alert-definitions.ts";
import { runAlone } from "./alone.ts";
import { sayHeld, sayingWhatWaits } from "./left-tasks.ts";
import { untilRunElsewhere } from "./run-elsewhere.ts";
import { reportOutcome, runOf } from "./run-events.ts";
import { sayableOutcome } from "./sayable.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";
import type { Progress } from "../shared-memory/progress.ts";
import { RunCounters, SeriesNumbers } from "../shared-memory/run-counters.ts";
import { RunStatistics } from "./run-statistics.ts";

/** The program waits this long before it tries again to settle a task. */
const SETTLE_AGAIN_MS = 1_000;

/** It looks this often whether a minute is over whose runs are to be written. */
const TICK_MS = 20_000;

/** The tasks of one commit, and those that they push in turn: its caller waits for these alone. */
class Group {
  readonly #done = Promise.withResolvers<void>();
  #left = 0;

  /** Resolves when none of them is left. */
  get done(): Promise<void> {
    return this.#done.promise;
  }

  add(count: number): void {
    this.#left += count;
  }

  endOne(): void {
    this.#left -= 1;
    if (this.#left === 0) this.#done.resolve();
  }
}

interface Waiting {
  readonly id: number;
  readonly group: Group;
}

/** Runs the tasks of one store, first in, first out: a task that a task pushes waits behind all others. */
class Lane {
  readonly #runtime: Runtime;
  readonly #waiting: Waiting[] = [];
  /** The group of the task that runs; null when none does. */
  #running: Group | null = null;
  /** The runtime of `runAlone`, as in a worker's thread; null until the program is registered. */
  #thread: Promise<ThreadRuntime> | null = null;
  /** Ends the statistics, which count from the registration on. */
  #endStatistics: (() => Promise<void>) | null = null;

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
  }

  /**
   * Runs these tasks after those that wait already; resolves when they, and those that they push, have run. From code that
   * a task has started, even if that has ended, it only queues them. Never throws.
   */
  async run(ids: readonly number[]): Promise<void> {
    if (this.#running && originTask()) {
      this.#wait(ids, this.#running); // they run after the task that pushed them, which must not wait for them
      return;
    }
    const group = new Group();
    this.#wait(ids, group);
    if (!this.#running) void this.#drain();
    await group.done;
  }

  /** Adds one at a time: a call with a million arguments overflows the stack. */
  #wait(ids: readonly number[], group: Group): void {
    group.add(ids.length);
    for (const id of ids) this.#waiting.push({ id, group });
  }

  async #drain(): Promise<void> {
    for (let next = this.#waiting.shift(); next !== undefined; next = this.#waiting.shift()) {
      const { id, group } = next;
      this.#running = group;
      const isTaken = await this.#runNext(id, group);
      if (!isTaken) group.endOne();
    }
    this.#running = null; // before any await: a task pushed from now on needs a new drain
  }

  /** @returns true: a worker has taken the task first, and its group waits for that run, while other tasks run here */
  async #runNext(id: number, group: Group): Promise<boolean> {
    try {
      const thread = await (this.#thread ??= this.#register());
      if (await runOne(thread, id)) return false;
      const waits = untilRunElsewhere(thread, id).catch((error: unknown) =>
        this.#say(id, error, "wait for"),
      );
      void waits.then(() => group.endOne());
      return true;
    } catch (error) {
      this.#say(id, error, "run");
      return false;
    }
  }

  #say(id: number, error: unknown, what: "run" | "wait for"): void {
    const message = `Cannot ${what} task ${id}: ${messageOf(error)}`;
    this.#runtime.report({ name: "log.note", level: "error", message });
  }

  /** Registers the program, so that the tasks it has claimed are rescued if it dies. */
  async #register(): Promise<ThreadRuntime> {
    const { store, config, report } = this.#runtime;
    const worker = randomUUIDv7();
    let others: readonly WorkerInfo[] = [];
    try {
      others = await liveWorkers(store);
      // Without threads it is no worker to others: it takes no tasks but its own.
      await store.register({ id: worker, pid: process.pid, threads: 0, queues: [] });
      await watchFailures(store, config); // no worker may have run yet: the first one tells what fails here
      await store.rescueDead(config.worker.max_crashes);
    } catch (error) {
      this.#thread = null; // the next task tries again
      throw error;
    }
    sayMode(report, others, config);
    const redaction = redactionOf(this.#runtime);
    const makeOutput = (progress: Progress): ThreadOutput => {
      const running = () => progress.running();
      const strays = new StrayWork({ store, report, running, justEnded: () => [], redaction });
      return new ThreadOutput(progress, store, null, {
        keep: config.worker.keep_output,
        leftBehind: (task, late) => strays.late(task, late),
      });
    };
    return {
      ...loneThread(this.#runtime, makeOutput, worker),
      counters: this.#countRuns(worker),
      report: sayingWhatWaits(report),
      // The tasks that the task's own transaction pushed. A transaction that the task starts itself calls `run`.
      pushed: (ids) => this.#running && this.#wait(ids, this.#running),
    };
  }

  #countRuns(worker: string): RunCounters {
    const statistics = new RunStatistics({ id: worker, store: this.#runtime.store });
    statistics.tick();
    const timer = setInterval(() => statistics.tick(), TICK_MS);
    timer.unref(); // a program that has nothing else to do ends, and signs off before
    this.#endStatistics = () => {
      clearInterval(timer);
      return statistics.end();
    };
    return new RunCounters(statistics.countersOf(0));
  }

  /** The program is about to end, and needs no proof of life any more. */
  async leave(): Promise<void> {
    const thread = await this.#thread;
    this.#thread = null;
    await this.#endStatistics?.(); // before the row of the worker goes, to which they belong
    this.#endStatistics = null;
    if (thread) await thread.store.unregister(thread.owner.worker);
  }
}

/**
 * Loads the models of the settings for a task whose class no file has given: a file may have a class of the same
 * name that extends the one that pushed, as a worker would find it.
 */
async function loadModelsFor({ registry, config }: ThreadRuntime, name: string): Promise<void> {
  if (!config.models || registry.isFromFile(name)) return;
  if (loadedInto.has(registry) && registry.get(name) !== undefined) return;
  registry.addAll(await loadModels(config.models));
  loadedInto.add(registry);
}

/** The registries into which the models were loaded once; a name that is still unknown loads them again. */
const loadedInto = new WeakSet<Registry>();

const NO_NEXT_CLAIM = { handBack: [], claimUpTo: 0 };

/** @returns false where it could not claim the task: a worker has, or it was cancelled, or a pause holds it */
async function runOne(thread: ThreadRuntime, id: number): Promise<boolean> {
  const { store, owner } = thread;
  const task = await store.write((session) => session.claimOne(id, owner));
  if (task) await runClaimed(thread, task);
  else await sayHeld(thread, id);
  return task !== null;
}

async function runClaimed(thread: ThreadRuntime, task: ClaimedTask): Promise<void> {
  const { store, report } = thread;
  try {
    const { scheduled_at: scheduledAt = null } = (await store.get(task.id)) ?? {};
    if (scheduledAt !== null && scheduledAt > store.now()) {
      // It runs now, before its time: no program would come back for it.
      report({ name: "task.inline", ...runOf(task), scheduledAt });
    }
    await loadModelsFor(thread, task.model);
    await declareNewModels(store, thread.registry, thread.config);
  } catch (error) {
    await settle(thread, task, { kind: "failed", error: toErrorData(error) });
    return;
  }
  try {
    await runAlone(thread, task, () => NO_NEXT_CLAIM);
  } catch (error) {
    const reason = messageOf(error);
    const outcome: Outcome = { kind: "interrupted", reason };
    await settle(thread, task, outcome).catch((again: unknown) => {
      settleLater(thread, task, outcome);
      throw again;
    });
  }
}

/** Tries until the task is settled: no worker rescues a task from a program that is alive. */
function settleLater(thread: ThreadRuntime, task: ClaimedTask, outcome: Outcome): void {
  const timer = setTimeout(() => {
    settle(thread, task, outcome).catch(() => settleLater(thread, task, outcome));
  }, SETTLE_AGAIN_MS);
  timer.unref(); // when the program ends first, a later process rescues the task
}

/** Settles a task that did not run, as its models cannot be loaded, or whose run could not settle it. */
async function settle(thread: ThreadRuntime, task: ClaimedTask, outcome: Outcome): Promise<void> {
  const { store, counters } = thread;
  const kept = await store.write((session) => session.settle(task, outcome));
  if (kept) {
    counters?.committed(store.now());
    counters?.count(task, new SeriesNumbers(), outcome.kind, monotonicNow(), NaN); // no length is known
  }
  const duration = 0; // a task that failed here has not run; the event of an interrupted one has no duration
  const said = sayableOutcome(outcome, task, thread.redaction);
  reportOutcome(thread.report, task, said, kept, duration);
}

const lanes = new Map<Store, Lane>();

function laneOf(runtime: Runtime): Lane {
  let lane = lanes.get(runtime.store);
  if (!lane) {
    if (lanes.size === 0) process.once("beforeExit", leaveAll);
    lanes.set(runtime.store, (lane = new Lane(runtime)));
  }
  return lane;
}

/**
 * Signs the program off as one that runs tasks of this store; call it after they have run, before the store is closed.
 * Never throws.
 */
export async function leave(store: Store): Promise<void> {
  const lane = lanes.get(store);
  lanes.delete(store);
  if (lanes.size === 0) process.off("beforeExit", leaveAll);
  await lane?.leave().catch(() => undefined); // the next worker rescues its tasks
}

function leaveAll(): void {
  for (const store of lanes.keys()) void leave(store);
}

setRunPushed((runtime, ids) => laneOf(runtime).run(ids));
