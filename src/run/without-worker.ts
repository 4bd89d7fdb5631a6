/** Where no worker is configured, a program runs the tasks that it pushed, after their commit. */
import { randomUUIDv7 } from "bun";
import { originTask } from "../transaction/current-task.ts";
import { loadModels } from "../registry/load-models.ts";
import type { Runtime } from "../transaction/runtime.ts";
import type { Store } from "../store/store.ts";
import { setRunPushed } from "../transaction/transaction.ts";
import { type Outcome, toErrorData } from "../outcome.ts";
import type { ClaimedTask } from "../task.ts";
import { QuickMethods } from "./quick-methods.ts";
import { runAlone } from "./alone.ts";
import { reportOutcome, runOf } from "./run-events.ts";
import type { ThreadRuntime } from "./thread-runtime.ts";
import { createShared } from "../shared-memory/layout.ts";
import { Progress } from "../shared-memory/progress.ts";

/** The program waits this long before it tries again to settle a task. */
const SETTLE_AGAIN_MS = 1_000;

/** Runs the tasks of one store, first in, first out: a task that a task pushes waits behind all others. */
class Lane {
  readonly #runtime: Runtime;
  readonly #waiting: number[] = [];
  #draining: Promise<void> | null = null;
  #running = false;
  #thread: Promise<ThreadRuntime> | null = null;

  constructor(of: Runtime) {
    this.#runtime = of;
  }

  /** Runs these tasks and those pushed meanwhile; resolves when none is left. Never throws. */
  async run(ids: readonly number[]): Promise<void> {
    this.#wait(ids);
    if (this.#running && originTask()) return; // it runs after the task that pushed it
    if (!this.#running) this.#draining = this.#drain();
    await this.#draining;
  }

  /** Adds one at a time: a call with a million arguments overflows the stack. */
  #wait(ids: readonly number[]): void {
    for (const id of ids) this.#waiting.push(id);
  }

  async #drain(): Promise<void> {
    this.#running = true;
    for (let id = this.#waiting.shift(); id !== undefined; id = this.#waiting.shift()) {
      try {
        this.#thread ??= this.#startThread();
        await runOne(await this.#thread, id);
      } catch (error) {
        const message = `Cannot run task ${id}: ${error instanceof Error ? error.message : String(error)}`;
        this.#runtime.report({ name: "log.note", level: "error", message });
      }
    }
    this.#running = false; // before any await: a task pushed from now on needs a new drain
  }

  /** Registers the program, so that the tasks it has claimed are rescued if it dies. */
  async #startThread(): Promise<ThreadRuntime> {
    const { store, config, report } = this.#runtime;
    const worker = randomUUIDv7();
    try {
      await store.register({ id: worker, pid: process.pid, threads: 0, queues: [] });
      await store.rescueDead(config.worker.max_crashes);
    } catch (error) {
      this.#thread = null; // the next task tries again
      throw error;
    }
    const message = "queue.worker is false: this program runs its own tasks, after their commit";
    report({ name: "log.note", level: "info", message });
    return {
      ...this.#runtime,
      methods: new QuickMethods(store.traits),
      progress: new Progress(createShared(1), 1),
      owner: { worker, thread: 0 },
      queues: [],
      pushed: (ids) => this.#wait(ids),
    };
  }

  /** The program is about to end, and needs no proof of life any more. */
  async leave(): Promise<void> {
    const thread = await this.#thread;
    this.#thread = null;
    if (thread) await thread.store.unregister(thread.owner.worker);
  }
}

async function runOne(thread: ThreadRuntime, id: number): Promise<void> {
  const { store, owner, report, registry, config } = thread;
  const task = await store.write((session) => session.claimOne(id, owner));
  if (!task) return; // a worker claimed it first, or it was cancelled
  try {
    const { scheduled_at: scheduledAt = null } = (await store.get(id)) ?? {};
    if (scheduledAt !== null && scheduledAt > store.now()) {
      report({ name: "task.inline", ...runOf(task), scheduledAt });
    }
    if (!registry.get(task.model) && config.models) {
      registry.addAll(await loadModels(config.models));
    }
  } catch (error) {
    await end(thread, task, { kind: "failed", error: toErrorData(error) });
    return;
  }
  try {
    await runAlone(thread, task, () => ({ handBack: [], claim: 0 }));
  } catch (error) {
    const reason = error instanceof Error ? error.message : String(error);
    const outcome: Outcome = { kind: "interrupted", reason };
    await end(thread, task, outcome).catch((again: unknown) => {
      endLater(thread, task, outcome);
      throw again;
    });
  }
}

/** Tries until the task is settled: no worker rescues a task from a program that is alive. */
function endLater(thread: ThreadRuntime, task: ClaimedTask, outcome: Outcome): void {
  const timer = setTimeout(() => {
    end(thread, task, outcome).catch(() => endLater(thread, task, outcome));
  }, SETTLE_AGAIN_MS);
  timer.unref(); // when the program ends first, a later process rescues the task
}

/** Settles a task whose run could not settle it. */
async function end(thread: ThreadRuntime, task: ClaimedTask, outcome: Outcome): Promise<void> {
  const kept = await thread.store.write((session) => session.settle(task, outcome));
  reportOutcome(thread.report, task, outcome, kept, 0);
}

const lanes = new Map<Store, Lane>();

function laneOf(of: Runtime): Lane {
  let lane = lanes.get(of.store);
  if (!lane) {
    if (lanes.size === 0) process.once("beforeExit", leaveAll);
    lanes.set(of.store, (lane = new Lane(of)));
  }
  return lane;
}

/** Stops running tasks of this store; call it before the store is closed. Never throws. */
export async function leave(store: Store): Promise<void> {
  const lane = lanes.get(store);
  lanes.delete(store);
  if (lanes.size === 0) process.off("beforeExit", leaveAll);
  await lane?.leave().catch(() => undefined); // the next worker rescues its tasks
}

function leaveAll(): void {
  for (const store of lanes.keys()) void leave(store);
}

setRunPushed((of, ids) => laneOf(of).run(ids));
