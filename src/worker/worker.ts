/**
 * The life of a worker: it starts, stops, or loses its database. Its main thread never runs user code: it looks
 * after the threads that do.
 */
import { monotonicNow } from "../clock.ts";
import type { Config } from "../settings/config.ts";
import { messageOf, type TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import { openReporting, openWorkerStore } from "../open-store.ts";
import { shownStore } from "../store/shown/shown-store.ts";
import type { WorkerStore } from "../store/worker-store.ts";
import { Alerts } from "./alerts/alerts.ts";
import { CronSources } from "./cron-sources.ts";
import { isSameModels, type Loaded, type LoadedModels } from "./messages.ts";
import { ModelsKeeper } from "./models-keeper.ts";
import { modelsOf } from "./models-of.ts";
import { Pool } from "./pool.ts";
import type { Summary, WorkerProcessOptions } from "./options.ts";
import { RescuedTasks } from "./rescued-tasks.ts";
import { RunStatistics } from "../run/run-statistics.ts";
import { SelfReport } from "./self-report.ts";
import { Problems, startedEvent } from "./started.ts";
import { mostThreads } from "./succession.ts";
import { ThreadTrouble } from "./thread-trouble.ts";
import { throughCuts } from "./through-cuts.ts";
import { Timekeeping } from "./timekeeping.ts";
import { Waking } from "./waking.ts";
import { withWebhookQueue } from "./webhooks/definitions.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

export class WorkerProcess {
  readonly id = Bun.randomUUIDv7();
  readonly store: WorkerStore;
  readonly stopped: Promise<Summary>;
  readonly #options: WorkerProcessOptions;
  readonly #models: readonly string[];
  readonly #config: Config["worker"];
  readonly #statistics: RunStatistics;
  readonly #rescued: RescuedTasks;
  readonly #pool: Pool;
  readonly #waking: Waking;
  readonly #timekeeping: Timekeeping;
  readonly #alerts: Alerts;
  readonly #webhooks: Webhooks;
  readonly #stopped = Promise.withResolvers<Summary>();
  readonly #started = Promise.withResolvers<void>();
  readonly #crons: CronSources;
  readonly #keeper: ModelsKeeper;
  readonly #trouble: ThreadTrouble;
  readonly #self: SelfReport;
  readonly #problems: Problems;
  #known: LoadedModels | null = null;
  /** Its threads may claim tasks. */
  #isGoing = false;
  #stopping = false;
  #isDrained = false;
  /** The error for which it cannot go on. */
  #failure: unknown = null;

  /** @throws TqError when it has no models, or the database cannot be opened. */
  constructor(given: WorkerProcessOptions) {
    const options = { ...given, config: withWebhookQueue(given.config) };
    this.#options = options;
    const models = (this.#models = modelsOf(options));
    this.#config = options.config.worker;
    this.stopped = this.#stopped.promise;
    this.#started.promise.catch(() => {}); // a thread may refuse before `start` waits for it
    const { config, report, drain, exitWithParent = false, watch = false } = options;
    const threads = mostThreads(this.#config.threads);
    const store = openReporting(config, report, () => openWorkerStore(config, threads));
    this.store = store;
    const { id } = this;
    const canRun = () => this.#pool.canRun;
    this.#trouble = new ThreadTrouble({ report, canRun, changed: () => this.#self.check() });
    const shown = shownStore(store, config.admin.redact);
    store.redactions.concealFailures(config.admin.redact);
    this.#statistics = new RunStatistics({ id, store });
    this.#rescued = new RescuedTasks(report, this.#statistics);
    this.#crons = new CronSources({ id, config, store, report });
    const own = { rescued: this.#rescued, statistics: this.#statistics };
    const parts = { id, config, store, ...own, report };
    const renew = (isAsked: boolean) => this.#pool.renewModels(isAsked);
    const isLoading = () => this.#pool.isLoading;
    const endWait = () => store.condition.endWaitForModels();
    this.#keeper = new ModelsKeeper({ models, watch, report, renew, canRun, isLoading, endWait });
    this.#pool = new Pool(
      { ...parts, shown, models, listeners: options.listeners ?? null },
      {
        met: (reason) => this.#keeper.met(reason),
        accepted: (version) => this.#keeper.accepted(version),
        refused: (error) => (this.#keeper.refused(error), this.#self.refused(error)),
        renewed: () => this.#keeper.renewed(),
        serves: () => this.#keeper.serves(),
        loads: () => this.#keeper.loads(),
        loadsLong: (file) => this.#trouble.loadsFor(file),
        loaded: (models) => this.#loaded(models),
        cannotStart: (error) => this.#cannotStart(error),
        // The running tasks end first. The next start has the models as they are now, and no file that a task has left open.
        mustEnd: (error, why) => ((this.#failure ??= error), this.#stopItself("graceful", why)),
        lost: (error) => this.#databaseLost(error),
        lookAgain: () => this.#waking.look(),
      },
    );
    this.#self = new SelfReport({ id, store, config, models: this.#models }, () => {
      const ready = Math.min(this.#pool.ready, this.#config.threads); // more at a reload
      return { trouble: this.trouble, ready };
    });
    this.#alerts = new Alerts({ ...parts, store: shown, failed: () => this.#failed });
    this.#webhooks = new Webhooks({ ...parts, store: shown });
    const choosers = [this.#webhooks, this.#alerts];
    this.#problems = new Problems({ config, crons: this.#crons, choosers, report });
    const checked = [this.#alerts, this.#keeper, this.#self];
    this.#timekeeping = new Timekeeping(
      { ...parts, pool: this.#pool, crons: this.#crons, exitWithParent },
      {
        ticked: () => [this.#waking, ...checked].forEach((one) => one.check()),
        tasksMoved: () => this.#waking.look(),
        orphaned: () => this.#stopItself("graceful", "the process that started it is gone"),
        lost: (error) => this.#databaseLost(error),
      },
    );
    this.#waking = new Waking(
      { ...parts, pool: this.#pool, drain },
      {
        looked: (allIdle, isCalm) => {
          this.#pool.takeBackWhile(!allIdle);
          this.#alerts.check();
          this.#timekeeping.pace(isCalm);
          this.#timekeeping.lookedForTasks();
        },
        draining: async () => (await this.#timekeeping.catchUp()) || this.#webhooks.catchUp(),
        drained: (held) => {
          this.#isDrained = true;
          const but = held === null ? "" : ` but what is paused: ${held}`;
          return this.#stopItself("graceful", `nothing is left to do${but}`);
        },
      },
    );
  }

  /** Why no task can run, though the worker lives; null where one can. */
  get trouble(): string | null {
    return this.#trouble.words;
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
      if (!asked) await this.#alerts.cannotStart(error);
      await this.stop("now", "it cannot start");
      if (!asked) throw error;
    }
    if (this.#stopping) return;
    this.#options.report(startedEvent(this.id, this.store.name, this.#models, this.#options));
    await this.#problems.say(this.#known?.catalog ?? {});
    await nextTurn(); // the log writes the start by then, before the threads write of their tasks
    if (!this.#stopping) this.#go();
  }

  async #prepare(): Promise<void> {
    const { threads, queues } = this.#config;
    const missed = (why: string) => (this.#pool.endRuns(why), this.#self.registered());
    const { outage } = this.#pool;
    const cameBack = () => (outage.works(), this.#pool.idleThreads.forEach((it) => it.wake()));
    this.#pool.start();
    const worker = { id: this.id, pid: process.pid, threads, queues, missed, cameBack };
    const { store } = this;
    const again = throughCuts(store, this.#options.config);
    await again(() => store.register(worker));
    this.#self.registered();
    await again(() => this.#alerts.watch());
    await again(() => this.#webhooks.watch());
    await this.#started.promise;
    // Not before: the follow-ups of its models count for the failures that it finds.
    if (!this.#stopping) await again(() => this.#timekeeping.rescueDead());
    if (this.#known !== null) this.#crons.load(this.#known);
  }

  /** Has the threads load the models anew, one at a time. Where they cannot be loaded all goes on with the old ones. */
  reloadModels(reason: string): void {
    if (!this.#stopping) this.#keeper.reload(reason, true);
  }

  /** Not before the worker is registered: others would take what its threads claim for the tasks of a dead one. */
  #go(): void {
    this.#isGoing = true;
    this.#pool.letClaim();
    this.#timekeeping.start();
    this.#alerts.start();
    this.#webhooks.start();
    this.#waking.look();
    this.#keeper.start();
  }

  /**
   * Stops: "graceful" lets running tasks end within the grace, "now" interrupts them. No task is lost: one that
   * did not end is ready again.
   */
  async stop(how: "graceful" | "now" = "graceful", reason = "asked to stop"): Promise<void> {
    const { report } = this.#options;
    const { grace } = this.#config;
    if (!this.#stopping) {
      this.#stopping = true;
      const { running } = this.#pool;
      report({ name: "worker.stopping", reason, grace: how === "now" ? 0 : grace, running });
      void this.#end(how === "now" ? 0 : grace);
    } else if (how === "now") {
      this.#pool.terminate();
      this.#alerts.cut();
    }
    await this.stopped;
  }

  async #end(grace: number): Promise<void> {
    this.#started.resolve(); // models may take for ever to load
    this.#waking.stop();
    this.#keeper.stop();
    this.#timekeeping.stop();
    await this.#webhooks.end();
    const started = monotonicNow();
    await this.#pool.stop(grace);
    const rest = Math.max(grace - (monotonicNow() - started), 0);
    await this.#alerts.end(rest, { heedsEvery: this.#isDrained || this.#failure !== null });
    this.#timekeeping.end();
    await this.#statistics.end();
    await this.#options.closing?.();
    try {
      await this.store.unregister(this.id);
    } catch (error) {
      this.#note(`Cannot sign off: ${String(error)}; another worker will do it`);
    }
    await this.store.close();
    this.#options.report({ name: "worker.stopped", worker: this.id });
    if (this.#failure !== null) return this.#stopped.reject(this.#failure);
    this.#stopped.resolve({ finished: this.#pool.total("finished"), failed: this.#failed });
  }

  get #failed(): number {
    return this.#pool.total("failed") + this.#rescued.failed;
  }

  #loaded(models: Loaded): void {
    this.store.failures.know(models.followUps);
    const old = this.#known;
    this.#known = models;
    this.#trouble.gone();
    this.#self.loaded(models);
    this.#started.resolve();
    if (this.#isGoing && !this.#stopping && !isSameModels(old, models)) void this.#takeUp(models);
  }

  /** Puts in force what new models say of recurring tasks, and says what in the settings does not fit them. */
  async #takeUp(models: LoadedModels): Promise<void> {
    try {
      this.#crons.reload(models);
      this.#timekeeping.lookedForTasks();
      await this.#problems.say(models.catalog);
    } catch (error) {
      this.#note(`Recurring tasks stay as they were: ${messageOf(error)}`);
    }
  }

  /** Where no thread has loaded its models yet, `start` throws the error. Later the pool tries again every second. */
  #cannotStart(error: TqError): void {
    this.#started.reject(error);
    if (this.#isGoing && !this.#stopping) this.#trouble.cannotStart(error);
  }

  /** A task may be the cause: the log names those that ran. */
  #databaseLost(error: unknown): void {
    const running = this.#pool.threads.flatMap(({ progress }) => progress.running()?.id ?? []);
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
