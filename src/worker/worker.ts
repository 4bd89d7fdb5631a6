/**
 * The life of a worker: it starts, stops, or loses its database. Its main thread never runs user code: it looks
 * after the threads that do.
 */
import { monotonicNow } from "../clock.ts";
import { messageOf, type TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import { openReporting } from "../new-queue.ts";
import { openWorkerStore } from "../open-store.ts";
import type { WorkerStore } from "../store/worker-store.ts";
import { isSameModels, type Loaded, type LoadedModels } from "./messages.ts";
import { modelsOf } from "./models-of.ts";
import type { Summary, WorkerProcessOptions } from "./options.ts";
import { startedEvent } from "./started.ts";
import { mostThreads } from "./succession.ts";
import { throughCuts } from "./through-cuts.ts";
import { withWebhookQueue } from "./webhooks/definitions.ts";
import { WorkerParts, type WorkerPartsOptions } from "./worker-parts.ts";

export class WorkerProcess {
  readonly id = Bun.randomUUIDv7();
  readonly store: WorkerStore;
  readonly stopped: Promise<Summary>;
  readonly #options: WorkerPartsOptions;
  readonly #parts: WorkerParts;
  readonly #stopped = Promise.withResolvers<Summary>();
  readonly #started = Promise.withResolvers<void>();
  #known: LoadedModels | null = null;
  /** Its threads may claim tasks. */
  #isGoing = false;
  #stopping = false;
  #isDrained = false;
  /** The error for which it cannot go on. */
  #failure: unknown = null;

  /** @throws TqError when it has no models, or the database cannot be opened. */
  constructor(given: WorkerProcessOptions) {
    const config = withWebhookQueue(given.config);
    const models = modelsOf(given);
    this.stopped = this.#stopped.promise;
    this.#started.promise.catch(() => {}); // a thread may refuse before `start` waits for it
    const { id } = this;
    const threads = mostThreads(config.worker.threads);
    const store = openReporting(config, given.report, (migrated) =>
      openWorkerStore(config, threads, migrated),
    );
    store.redactions.concealFailures(config.admin.redact);
    this.store = store;
    this.#options = { ...given, id, config, store, models };
    this.#parts = new WorkerParts(this.#options, {
      loaded: (loaded) => this.#loaded(loaded),
      cannotStart: (error) => this.#cannotStart(error),
      mustEnd: (error, why) => this.#mustEnd(error, why),
      orphaned: () => this.#stopItself("graceful", "the process that started it is gone"),
      lost: (error) => this.#databaseLost(error),
      drained: (held) => this.#drained(held),
    });
  }

  /** Why no task can run, though the worker lives; null where one can. */
  get trouble(): string | null {
    return this.#parts.trouble.words;
  }

  /** The models that its threads have loaded; null: none yet. */
  get models(): LoadedModels | null {
    return this.#known;
  }

  /**
   * Resolves when a thread is ready to work, or when the worker was stopped meanwhile.
   *
   * @throws TqError when the models cannot be loaded.
   */
  async start(): Promise<void> {
    if (this.#stopping) return;
    try {
      await this.#prepare();
    } catch (error) {
      const asked = this.#stopping;
      if (!asked) await this.#parts.alerts.cannotStart(error);
      await this.stop("now", "it cannot start");
      if (!asked) throw error;
    }
    if (this.#stopping) return;
    const { report, models } = this.#options;
    report(startedEvent(this.id, this.store.name, models, this.#options));
    await this.#parts.problems.say(this.#known?.catalog ?? {});
    await nextTurn(); // the log writes the start by then, before the threads write of their tasks
    if (!this.#stopping) this.#go();
  }

  async #prepare(): Promise<void> {
    const { pool, self, alerts, webhooks, timekeeping, crons } = this.#parts;
    const { config } = this.#options;
    const { threads, queues } = config.worker;
    pool.start();
    const worker = {
      id: this.id,
      pid: process.pid,
      threads,
      queues,
      missed: (why: string) => this.#missed(why),
      cameBack: () => this.#cameBack(),
    };
    const again = throughCuts(this.store, config);
    await again(() => this.store.register(worker));
    self.registered();
    await again(() => alerts.watch());
    await again(() => webhooks.watch());
    await this.#started.promise;
    // Not before: the follow-ups of its models count for the failures that it finds.
    if (!this.#stopping) await again(() => timekeeping.rescueDead());
    if (this.#known !== null) crons.load(this.#known);
  }

  /** Has the threads load the models anew, one at a time. Where they cannot be loaded all goes on with the old ones. */
  reloadModels(reason: string): void {
    if (!this.#stopping) this.#parts.keeper.reload(reason, true);
  }

  /** Not before the worker is registered: others would take what its threads claim for the tasks of a dead one. */
  #go(): void {
    const { pool, timekeeping, alerts, webhooks, waking, keeper } = this.#parts;
    this.#isGoing = true;
    pool.letClaim();
    timekeeping.start();
    alerts.start();
    webhooks.start();
    waking.look();
    keeper.start();
  }

  /**
   * Stops: "graceful" lets running tasks end within the grace, "now" interrupts them. No task is lost: one that
   * did not end is ready again.
   */
  async stop(how: "graceful" | "now" = "graceful", reason = "asked to stop"): Promise<void> {
    const { report, config } = this.#options;
    const { pool, alerts } = this.#parts;
    const { grace } = config.worker;
    if (!this.#stopping) {
      this.#stopping = true;
      const { running } = pool;
      report({ name: "worker.stopping", reason, grace: how === "now" ? 0 : grace, running });
      void this.#end(how === "now" ? 0 : grace);
    } else if (how === "now") {
      pool.terminate();
      alerts.cut();
    }
    await this.stopped;
  }

  async #end(grace: number): Promise<void> {
    const { pool, waking, keeper, timekeeping, webhooks, alerts, statistics } = this.#parts;
    this.#started.resolve(); // models may take for ever to load
    waking.stop();
    keeper.stop();
    timekeeping.stop();
    if (pool.running === 0) this.store.hurry?.();
    await webhooks.end();
    const started = monotonicNow();
    await pool.stop(grace);
    const rest = Math.max(grace - (monotonicNow() - started), 0);
    await alerts.end(rest, { heedsEvery: this.#isDrained || this.#failure !== null });
    timekeeping.end();
    await statistics.end();
    await this.#options.closing?.();
    try {
      await this.store.unregister(this.id);
    } catch (error) {
      this.#note(`Cannot sign off: ${String(error)}; another worker will do it`);
    }
    await this.store.close();
    this.#options.report({ name: "worker.stopped", worker: this.id });
    if (this.#failure !== null) return this.#stopped.reject(this.#failure);
    this.#stopped.resolve({ finished: pool.total("finished"), failed: this.#parts.failed });
  }

  #loaded(models: Loaded): void {
    this.store.failures.know(models.followUps);
    const old = this.#known;
    this.#known = models;
    this.#parts.trouble.gone();
    this.#parts.self.loaded(models);
    this.#started.resolve();
    if (this.#isGoing && !this.#stopping && !isSameModels(old, models)) void this.#takeUp(models);
  }

  /** Puts in force what new models say of recurring tasks, and says what in the settings does not fit them. */
  async #takeUp(models: LoadedModels): Promise<void> {
    const { crons, timekeeping, problems } = this.#parts;
    try {
      crons.reload(models);
      timekeeping.lookedForTasks();
      await problems.say(models.catalog);
    } catch (error) {
      this.#note(`Recurring tasks stay as they were: ${messageOf(error)}`);
    }
  }

  /** Where no thread has loaded its models yet, `start` throws the error. Later the pool tries again every second. */
  #cannotStart(error: TqError): void {
    this.#started.reject(error);
    if (this.#isGoing && !this.#stopping) this.#parts.trouble.cannotStart(error);
  }

  /** The running tasks end first. The next start has the models as they are now, and no file that a task has left open. */
  #mustEnd(error: TqError, why: string): void {
    this.#failure ??= error;
    this.#stopItself("graceful", why);
  }

  #drained(held: string | null): void {
    this.#isDrained = true;
    const but = held === null ? "" : ` but what is paused: ${held}`;
    this.#stopItself("graceful", `nothing is left to do${but}`);
  }

  /** Others may have taken it for dead, or may do so soon. */
  #missed(why: string): void {
    const { pool, self } = this.#parts;
    pool.endRuns(why);
    self.registered();
  }

  /** The database is reached again. */
  #cameBack(): void {
    const { pool } = this.#parts;
    pool.outage.works();
    for (const thread of pool.idleThreads) thread.wake();
  }

  /** A task may be the cause: the log names those that ran. */
  #databaseLost(error: unknown): void {
    const running = this.#parts.pool.threads.flatMap(
      ({ progress }) => progress.running()?.id ?? [],
    );
    if (this.#failure === null && running.length > 0) {
      const tasks = running.join(", task ");
      this.#note(`Running when the database was found lost, and ready again: task ${tasks}`);
    }
    this.#failure ??= error;
    this.#stopItself("now", "its database is lost");
  }

  #stopItself(how: "graceful" | "now", reason: string): void {
    this.stop(how, reason).catch(() => {}); // `stopped` rejects with the same error
  }

  #note(message: string): void {
    this.#options.report({ name: "log.note", level: "warn", message });
  }
}
