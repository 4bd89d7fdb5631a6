/** `testQueue`: a queue for tests, with a database, a clock and models of its own. */
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { bindMethods } from "../bound-methods.ts";
import { TqError } from "../errors.ts";
import { openStoreWithClock } from "../open-store.ts";
import { inspected } from "../quote.ts";
import { loadModels } from "../registry/load-models.ts";
import { checkMarks } from "../registry/marked-models.ts";
import { modelOf } from "../registry/model-class.ts";
import { checkPolicies, unknownRules } from "../registry/policies.ts";
import { Registry } from "../registry/registry.ts";
import { parseSettings } from "../settings/config.ts";
import { unknownOption } from "../suggest.ts";
import { currentTask } from "../transaction/current-task.ts";
import { enterRuntime, type Runtime } from "../transaction/runtime.ts";
import { Transaction } from "../transaction/transaction.ts";
import { MovedClock } from "./clock.ts";
import { pushedSince, readWanted, waiting } from "./pushed.ts";
import { pushCron } from "./recurring.ts";
import { TestRunner } from "./runner.ts";
import { moveAll } from "../tasks/many.ts";
import type { DrainOptions, TestQueue, TestQueueOptions, TestRun } from "./types.ts";

/**
 * Makes a queue for a test: an empty database in a temporary folder, with a clock that the test moves. From here on what
 * this process pushes, reads and writes goes there, until the queue is closed; of several the one made last counts. No
 * worker runs its tasks, the test does.
 *
 * @throws TqError "invalid" for a wrong option or setting, "models" where the models cannot be loaded.
 * @example
 * await using queue = await testQueue({ models: [Label] });
 * await Label.__queue__.print(label);
 * const [run] = await queue.drain();
 */
export async function testQueue(options: TestQueueOptions = {}): Promise<TestQueue> {
  checkOptions(options);
  const clock = new MovedClock(options.now);
  const registry = await registryOf(options.models);
  registry.ifMissing = "give it to the test queue: testQueue({ models: [ … ] })";
  const folder = mkdtempSync(join(fastFolder(), "tq-test-"));
  try {
    return new OpenTestQueue(folder, clock, runtimeOf(folder, clock, registry, options));
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** A folder in memory on Linux: a new database on a disk takes some 50 ms. */
const IN_MEMORY = "/dev/shm";

function fastFolder(): string {
  try {
    accessSync(IN_MEMORY, constants.W_OK);
    return IN_MEMORY;
  } catch {
    return tmpdir();
  }
}

const OPTIONS = ["models", "now", "settings"] as const satisfies (keyof TestQueueOptions)[];

function checkOptions(options: unknown): void {
  if (typeof options !== "object" || options === null) {
    throw refused(`${inspected(options)} is no object of options, such as { models: [Label] }`);
  }
  const unknown = unknownOption(options, OPTIONS);
  if (unknown !== null) throw refused(unknown);
  const { settings = {} } = options as TestQueueOptions;
  if (typeof settings === "object" && settings !== null) return;
  throw refused(`settings cannot be ${inspected(settings)}; shape them as in a tq.toml`);
}

async function registryOf(models: unknown = []): Promise<Registry> {
  if (typeof models === "string") return loadModels(resolve(models));
  if (typeof models !== "object" || models === null) {
    throw refused(`models cannot be ${inspected(models)}; give a list of them, or a path`);
  }
  const registry = new Registry();
  for (const value of Object.values(models)) {
    const model = modelOf(value);
    if (model) {
      registry.add(model, null);
      checkPolicies(model);
      checkMarks(model);
    } else if (Array.isArray(models)) {
      throw refused(`${inspected(value)} among the models is no model, and no function of task()`);
    }
  }
  return registry;
}

function runtimeOf(
  folder: string,
  clock: MovedClock,
  registry: Registry,
  { settings = {}, models }: TestQueueOptions,
): Runtime {
  const { queue, database, ...others } = settings as Record<string, object | undefined>;
  const given = {
    ...others,
    queue: { worker: true, ...queue },
    database: { durability: "normal", min_free_mb: 0, ...database, path: join(folder, "tq.db") },
  };
  const config = parseSettings(given, "the settings of the test queue", folder);
  // Without a list the models come with the pushes, so nobody knows yet which names are misspelt.
  const wrong =
    models === undefined ? [] : unknownRules(config.tasks, registry.catalog(), "the settings");
  if (wrong[0] !== undefined) throw refused(wrong[0]);
  const store = openStoreWithClock(config, clock);
  // Its runs say how they ended, so no log is written.
  return { store, config, registry, report: () => {}, worker: true };
}

const DRAIN_LIMIT = 10_000;

const DRAIN_OPTIONS = ["scheduled", "throws", "limit"] as const satisfies (keyof DrainOptions)[];

/** The queues that no test has closed yet. */
const open = new Set<OpenTestQueue>();

function removeAll(): void {
  for (const queue of open) queue.remove();
}

class OpenTestQueue implements TestQueue {
  readonly clock: MovedClock;
  readonly #folder: string;
  readonly #runtime: Runtime;
  readonly #runner: TestRunner;
  readonly #leave: () => void;
  /** The last drain or run: the next one waits for it. */
  #last: Promise<unknown> = Promise.resolve();
  #closed = false;

  constructor(folder: string, clock: MovedClock, runtime: Runtime) {
    this.clock = clock;
    this.#folder = folder;
    this.#runtime = runtime;
    this.#runner = new TestRunner(runtime);
    this.#leave = enterRuntime(runtime);
    if (open.size === 0) process.once("exit", removeAll);
    open.add(this);
  }

  async drain(options: DrainOptions = {}): Promise<TestRun[]> {
    this.#check("drain the test queue", options);
    const { scheduled = false, throws = false, limit = DRAIN_LIMIT } = options;
    return this.#inTurn(async () => {
      const runs: TestRun[] = [];
      while (await this.#isDue(scheduled)) {
        if (runs.length >= limit) throw endless(runs);
        const run = await this.#runner.runFirst();
        if (run === null) break;
        runs.push(run);
        if (throws && this.#runner.hasFailed(run)) throw run.error;
      }
      return runs;
    });
  }

  async #isDue(scheduled: boolean): Promise<boolean> {
    const { isDue, at } = await this.#runner.next();
    if (isDue || !scheduled || at === null) return isDue;
    this.clock.moveTo(at);
    return true;
  }

  async runNow(task: number | { readonly id: number }): Promise<TestRun> {
    const id = typeof task === "number" ? task : task?.id;
    this.#check(`run task ${inspected(id)}`);
    const run = await this.#inTurn(() => this.#runner.runOne(id));
    if (this.#runner.hasFailed(run)) throw run.error;
    return run;
  }

  async pushCron(name: string): Promise<number> {
    this.#check(`push ${inspected(name)}`);
    return pushCron(this.#runtime, name);
  }

  // The declarations of `TestQueue` say which arguments there are.
  async pushed(model?: unknown, ...rest: readonly unknown[]): Promise<never[]> {
    this.#check("show what was pushed");
    return (await waiting(this.#runtime.store, readWanted(model, rest))) as never[];
  }

  async pushedBy(fn: () => unknown): Promise<never[]> {
    this.#check("show what was pushed");
    const { store } = this.#runtime;
    const [newest] = await store.list({ limit: 1 });
    await fn();
    return (await pushedSince(store, newest?.id ?? 0)) as never[];
  }

  async clear(): Promise<number> {
    this.#check("clear the test queue");
    const states = ["ready", "scheduled"] as const;
    const reason = "the test cleared its queue";
    return moveAll(this.#runtime.store, { kind: "cancel", reason }, { states });
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    await this.#last.catch(() => {});
    this.remove();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** Closes it at once, as at the end of the process. */
  remove(): void {
    this.#closed = true;
    open.delete(this);
    if (open.size === 0) process.off("exit", removeAll);
    this.#leave();
    void this.#runtime.store.close(); // on SQLite it is closed when the call returns
    rmSync(this.#folder, { recursive: true, force: true });
  }

  /** Runs one after another: two at once would tell each other's errors. */
  async #inTurn<T>(fn: () => Promise<T>): Promise<T> {
    const before = this.#last;
    const now = before.catch(() => {}).then(fn);
    this.#last = now.catch(() => {});
    return now;
  }

  #check(action: string, options: object = {}): void {
    const problem = this.#problem(options);
    if (problem === null) return;
    throw new TqError(problem.code, `Cannot ${action}: ${problem.why}`);
  }

  #problem(options: DrainOptions): { code: "conflict" | "invalid"; why: string } | null {
    if (this.#closed) return { code: "conflict", why: "it is closed; make another one" };
    const task = currentTask();
    if (task) return { code: "conflict", why: `task ${task.id} is running; let the test do it` };
    if (Transaction.currentIfAny?.unit.ended === false) {
      return { code: "conflict", why: "a transaction is open here; do it once that has committed" };
    }
    const unknown = unknownOption(options, DRAIN_OPTIONS);
    if (unknown !== null) return { code: "invalid", why: unknown };
    const { limit = 1 } = options;
    if (Number.isSafeInteger(limit) && limit > 0) return null;
    return { code: "invalid", why: `limit cannot be ${inspected(limit)}; give a number from 1 up` };
  }
}

bindMethods(OpenTestQueue, "drain", "runNow", "pushCron", "pushed", "pushedBy", "clear", "close");

function endless(runs: readonly TestRun[]): TqError {
  const { id, call } = runs.at(-1) ?? { id: 0, call: "" };
  const why = `${runs.length} tasks have run and more are due, the last was task ${id} (${call})`;
  const cure = "a task that pushes itself never ends; drain({ limit }) allows more";
  return new TqError("conflict", `Cannot drain the test queue: ${why}; ${cure}`);
}

function refused(why: string): TqError {
  return new TqError("invalid", `Cannot make a test queue: ${why}`);
}
