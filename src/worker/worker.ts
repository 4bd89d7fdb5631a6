/**
 * The life of a worker: it starts, stops, or loses its database. Its main thread never runs user code: it looks
 * after the threads that do.
 */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import { randomUUIDv7 } from "bun";
import type { Config } from "../settings/config.ts";
import type { TqError } from "../errors.ts";
import { LONG_LOAD_MS, longLoadWords } from "../registry/long-load.ts";
import { nextTurn } from "../next-turn.ts";
import { openWorkerStore } from "../open-store.ts";
import { shownStore } from "../store/shown/shown-store.ts";
import type { WorkerStore } from "../store/worker-store.ts";
import { Alerts } from "./alerts/alerts.ts";
import { CronSources } from "./cron-sources.ts";
import type { Loaded, LoadedModels } from "./messages.ts";
import { modelsOf } from "./models-of.ts";
import { Pool } from "./pool.ts";
import type { WorkerProcessOptions } from "./options.ts";
import { RescuedTasks } from "./rescued-tasks.ts";
import { RunStatistics } from "../run/run-statistics.ts";
import { SelfReport } from "./self-report.ts";
import { noModels, startedEvent, uselessRules } from "./started.ts";
import { Timekeeping } from "./timekeeping.ts";
import { Waking } from "./waking.ts";
import { withWebhookQueue } from "./webhooks/definitions.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

export interface Summary {
  readonly finished: number;
  readonly failed: number;
}

export class WorkerProcess {
  readonly id = randomUUIDv7();
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
  readonly #self: SelfReport;
  #known: LoadedModels | null = null;
  /** Its threads may claim tasks. */
  #isGoing = false;
  #stopping = false;
  #isDrained = false;
  /** The error for which it cannot go on. */
  #failure: unknown = null;
  /** Why a thread could not start, or still loads its models, as last reported; "" once one has loaded them. */
  #refusal = "";

  /** @throws TqError when it has no models, or the database cannot be opened. */
  constructor(given: WorkerProcessOptions) {
    const options = { ...given, config: withWebhookQueue(given.config) };
    this.#options = options;
    this.#models = modelsOf(options);
    this.#config = options.config.worker;
    this.stopped = this.#stopped.promise;
    this.#started.promise.catch(() => {}); // a thread may refuse before `start` waits for it
    const { config, report, drain, exitWithParent = false } = options;
    this.store = openWorkerStore(config, this.#config.threads);
    const { id, store } = this;
    const shown = shownStore(store, config.admin.redact);
    store.redactions.concealFailures(config.admin.redact);
    this.#statistics = new RunStatistics({ id, store });
    this.#rescued = new RescuedTasks(report, this.#statistics);
    this.#crons = new CronSources({ id, config, store, report });
    const own = { rescued: this.#rescued, statistics: this.#statistics };
    const parts = { id, config, store, ...own, report };
    this.#pool = new Pool(
      { ...parts, shown, models: this.#models, listeners: options.listeners ?? null },
      {
        loaded: (models) => this.#loaded(models),
        cannotStart: (error) => this.#cannotStart(error),
        mustEnd: (error, why) => this.#mustEnd(error, why),
        lost: (error) => this.#databaseLost(error),
        lookAgain: () => this.#waking.look(),
      },
    );
    this.#self = new SelfReport({ id, store, config, models: this.#models }, () => {
      return { trouble: this.trouble, ready: this.#pool.ready };
    });
    this.#alerts = new Alerts({ ...parts, store: shown, failed: () => this.#failed });
    this.#webhooks = new Webhooks({ ...parts, store: shown });
    this.#timekeeping = new Timekeeping(
      { ...parts, pool: this.#pool, crons: this.#crons, exitWithParent },
      {
        ticked: () => (this.#waking.check(), this.#alerts.check(), this.#self.check()),
        timesChanged: () => this.#waking.look(),
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
        draining: () => this.#webhooks.catchUp(),
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
    return this.#refusal === "" || this.#pool.canRun ? null : this.#refusal;
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
    const late = setTimeout(() => this.#sayLoading(), LONG_LOAD_MS);
    try {
      await this.#prepare();
    } catch (error) {
      const asked = this.#stopping;
      if (!asked) await this.#alerts.cannotStart(error);
      await this.stop("now", "it cannot start");
      if (!asked) throw error;
    } finally {
      clearTimeout(late);
    }
    if (this.#stopping) return;
    this.#options.report(startedEvent(this.id, this.store.name, this.#models, this.#options));
    const { catalog = {} } = this.#known ?? {};
    const problems = [...uselessRules(this.#options.config, catalog), ...this.#crons.problems()];
    problems.push(...(await this.#webhooks.problems(catalog)));
    problems.push(...(await this.#alerts.problems(catalog)));
    for (const words of [...problems, ...noModels(this.#models, catalog)]) this.#note(words);
    await nextTurn(); // the log writes the start by then, before the threads write of their tasks
    if (!this.#stopping) this.#go();
  }

  async #prepare(): Promise<void> {
    const { threads, queues } = this.#config;
    this.#pool.start();
    await this.store.register({ id: this.id, pid: process.pid, threads, queues });
    this.#self.registered();
    await this.#alerts.watch();
    await this.#webhooks.watch();
    await this.#started.promise;
    // Not before: the follow-ups of its models count for the failures that it finds.
    if (!this.#stopping) await this.#timekeeping.rescueDead();
    if (this.#known !== null) this.#crons.load(this.#known);
  }

  /** Not before the worker is registered: tasks that an unknown worker has claimed cannot be rescued. */
  #go(): void {
    this.#isGoing = true;
    this.#pool.letClaim();
    this.#timekeeping.start();
    this.#alerts.start();
    this.#webhooks.start();
    this.#waking.look();
  }

  #sayLoading(): void {
    const file = this.#pool.loadingFile;
    if (file === null) return;
    this.#refusal = longLoadWords(file);
    this.#note(this.#refusal);
    this.#self.check();
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
    this.#known = models;
    this.#refusal = "";
    this.#self.loaded(models);
    this.#started.resolve();
  }

  /**
   * Where no thread has loaded its models yet, `start` throws the error. Later the pool tries again every second; the
   * log has each reason once, until a thread starts.
   */
  #cannotStart(error: TqError): void {
    this.#started.reject(error);
    if (!this.#isGoing || this.#stopping) return;
    const isKnown = error.message === this.#refusal;
    this.#refusal = error.message;
    this.#self.check();
    if (isKnown) return;
    const message = `Trying again every second: ${error.message}`;
    this.#options.report({ name: "log.note", level: "error", message });
  }

  /** The running tasks end first. The next start has the models as they are now, and no file that a task has left open. */
  #mustEnd(error: TqError, why: string): void {
    this.#failure ??= error;
    this.#stopItself("graceful", why);
  }

  /** A task may be the cause: the log names those that ran. */
  #databaseLost(error: unknown): void {
    const running = this.#pool.threads.flatMap(({ progress }) => progress.running()?.id ?? []);
    if (this.#failure === null && running.length > 0) {
      const tasks = running.map((id) => `task ${id}`).join(", ");
      this.#note(`Running when the database was found lost, and ready again: ${tasks}`);
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
