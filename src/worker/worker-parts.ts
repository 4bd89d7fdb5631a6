/** The parts of a worker, and how each hears of the others. The worker starts and stops them. */
import { RunStatistics } from "../run/run-statistics.ts";
import { shownStore } from "../store/shown/shown-store.ts";
import type { WorkerStore } from "../store/worker-store.ts";
import { Alerts } from "./alerts/alerts.ts";
import { CronSources } from "./cron-sources.ts";
import { ModelsKeeper } from "./models-keeper.ts";
import type { WorkerProcessOptions } from "./options.ts";
import { Pool, type PoolEvents } from "./pool.ts";
import { RescuedTasks } from "./rescued-tasks.ts";
import { SelfReport } from "./self-report.ts";
import { Problems } from "./started.ts";
import { ThreadTrouble } from "./thread-trouble.ts";
import { Timekeeping, type TimekeepingEvents } from "./timekeeping.ts";
import { Waking, type WakingEvents } from "./waking.ts";
import { Webhooks } from "./webhooks/webhooks.ts";

export interface WorkerPartsOptions extends WorkerProcessOptions {
  /** The worker's id. */
  readonly id: string;
  readonly store: WorkerStore;
  /** The files and folders of its models. */
  readonly models: readonly string[];
}

/** The events that may begin or end the life of the worker. */
export type WorkerPartsEvents = Pick<PoolEvents, "loaded" | "cannotStart" | "mustEnd" | "lost"> &
  Pick<TimekeepingEvents, "orphaned" | "lost"> &
  Pick<WakingEvents, "drained">;

export class WorkerParts {
  readonly statistics: RunStatistics;
  readonly rescued: RescuedTasks;
  readonly pool: Pool;
  readonly keeper: ModelsKeeper;
  readonly crons: CronSources;
  readonly timekeeping: Timekeeping;
  readonly waking: Waking;
  readonly alerts: Alerts;
  readonly webhooks: Webhooks;
  /** Why its threads cannot start. */
  readonly trouble: ThreadTrouble;
  /** The things in its settings that fit none of its models. */
  readonly problems: Problems;
  /** Its words about itself in the store. */
  readonly self: SelfReport;

  constructor(options: WorkerPartsOptions, events: WorkerPartsEvents) {
    const { id, config, store, models, report, listeners = null, drain } = options;
    const { exitWithParent = false, watch = false } = options;
    const shown = shownStore(store, config.admin.redact);
    this.statistics = new RunStatistics({ id, store });
    this.rescued = new RescuedTasks(report, this.statistics);
    this.crons = new CronSources({ id, config, store, report });
    this.trouble = new ThreadTrouble({
      report,
      canRun: () => this.pool.canRun,
      changed: () => this.self.check(),
    });
    this.keeper = new ModelsKeeper({
      models,
      watch,
      report,
      renew: (isAsked) => this.pool.renewModels(isAsked),
      canRun: () => this.pool.canRun,
      isLoading: () => this.pool.isLoading,
      endWait: () => store.condition.endWaitForModels(),
    });
    const { rescued, statistics, crons } = this;
    this.pool = new Pool(
      { id, config, store, shown, models, rescued, statistics, listeners, report },
      {
        met: (reason) => this.keeper.met(reason),
        accepted: (version) => this.keeper.accepted(version),
        refused: (error) => {
          this.keeper.refused(error);
          this.self.refused(error);
        },
        renewed: () => this.keeper.renewed(),
        serves: () => this.keeper.serves(),
        loads: () => this.keeper.loads(),
        loadsLong: (file) => this.trouble.loadsFor(file),
        loaded: (loaded) => events.loaded(loaded),
        cannotStart: (error) => events.cannotStart(error),
        mustEnd: (error, why) => events.mustEnd(error, why),
        lost: (error) => events.lost(error),
        lookAgain: () => this.waking.look(),
      },
    );
    const { pool } = this;
    this.self = new SelfReport({ id, store, config, models }, () => {
      const ready = Math.min(this.pool.ready, config.worker.threads); // more at a reload
      return { trouble: this.trouble.words, ready };
    });
    this.alerts = new Alerts({ id, config, store: shown, report, failed: () => this.failed });
    this.webhooks = new Webhooks({ config, store: shown, report });
    const choosers = [this.webhooks, this.alerts];
    this.problems = new Problems({ config, crons, choosers, report });
    this.timekeeping = new Timekeeping(
      { id, config, store, pool, rescued, statistics, crons, report, exitWithParent },
      {
        ticked: () => {
          this.waking.check();
          this.alerts.check();
          this.keeper.check();
          this.self.check();
        },
        tasksMoved: () => this.waking.look(),
        orphaned: () => events.orphaned(),
        lost: (error) => events.lost(error),
      },
    );
    this.waking = new Waking(
      { id, config, store, pool, drain, report },
      {
        looked: (allIdle, isCalm) => {
          this.pool.takeBackWhile(!allIdle);
          this.alerts.check();
          this.timekeeping.pace(isCalm);
          this.timekeeping.lookedForTasks();
        },
        draining: async () => (await this.timekeeping.catchUp()) || this.webhooks.catchUp(),
        drained: (held) => events.drained(held),
      },
    );
  }

  /** How many tasks have failed, those too that failed by the end of their thread. */
  get failed(): number {
    return this.pool.total("failed") + this.rescued.failed;
  }
}
