/**
 * The tick of a worker: it looks for threads that hold up others, a clock that was set, a lost database, cancelled
 * tasks, dead workers and a dead parent.
 */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import { JUMP_MS } from "../cron/awake.ts";
import type { Config } from "../settings/config.ts";
import type { Report } from "../log/events.ts";
import { LastingNote } from "../log/lasting-note.ts";
import type { Store } from "../store/store.ts";
import { formatDuration } from "../values/duration.ts";
import { BACKUP, CLEAN } from "../cron/own.ts";
import { Backups } from "./backups.ts";
import { Cleaning } from "./cleaning.ts";
import type { OwnWork } from "./own-work.ts";
import { CronClock } from "./cron-clock.ts";
import type { CronSources } from "./cron-sources.ts";
import { Maintenance } from "./maintenance.ts";
import type { Pool } from "./pool.ts";
import { isFirstWorker, Recounting } from "./recounting.ts";
import type { RescuedTasks } from "./rescued-tasks.ts";
import type { RunStatistics } from "../run/run-statistics.ts";
import { endCancelled } from "./cancelled-runs.ts";
import { tellingWaits } from "./held-rows.ts";
import { watchThreads } from "./watch-threads.ts";

export interface TimekeepingOptions {
  /** The worker's id. */
  readonly id: string;
  readonly config: Config;
  readonly store: Store;
  readonly pool: Pool;
  readonly rescued: RescuedTasks;
  readonly statistics: RunStatistics;
  readonly crons: CronSources;
  readonly report: Report;
  readonly exitWithParent: boolean;
}

export interface TimekeepingEvents {
  ticked(): void;
  /** Tasks may have become ready or due: they were put back, their times were repaired, or the clock was set. */
  tasksMoved(): void;
  /** The process that started this one is gone. */
  orphaned(): void;
  /** The database is gone, or this worker cannot prove any more that it lives: it cannot go on. */
  lost(error: unknown): void;
}

const TICK_MS = 250;

/** More tasks of a dead worker are only counted. */
const MOST_NAMED = 20;

export class Timekeeping {
  readonly #options: TimekeepingOptions;
  readonly #events: TimekeepingEvents;
  readonly #store: Store;
  readonly #pool: Pool;
  readonly #parent = process.ppid;
  readonly #failure: LastingNote;
  #maintenance: Maintenance | null = null;
  #recounting: Recounting | null = null;
  #cron: CronClock | null = null;
  #timer: Timer | null = null;
  #wait = TICK_MS;
  /** Monotonic, ms. */
  #tickedAt = monotonicNow();
  #clockOffset = 0;
  #checking = false;
  #stopping = false;
  #ended = false;

  constructor(options: TimekeepingOptions, events: TimekeepingEvents) {
    this.#options = options;
    this.#events = events;
    this.#store = options.store;
    this.#pool = options.pool;
    this.#failure = new LastingNote(options.report);
  }

  start(): void {
    const { id, config, crons: sources, report } = this.#options;
    this.#clockOffset = this.#offset();
    this.#tickLater(TICK_MS);
    const maintenance = (this.#maintenance = new Maintenance(this.#store, report));
    void maintenance.repairOrder().then(() => this.#events.tasksMoved());
    const cleaning = new Cleaning(this.#store, config, () => maintenance.tidy());
    const own = new Map<string, OwnWork>([[CLEAN, cleaning]]);
    if (config.backup.folder !== null) {
      own.set(BACKUP, new Backups({ config, store: this.#store, report }));
    }
    this.#cron = new CronClock(this.#store, report, { id, sources, own });
    this.#cron.start();
    this.#recounting = new Recounting(this.#store, () => isFirstWorker(this.#store, id));
    this.#recounting.start();
  }

  /** The database may have changed: so may recurring tasks. */
  lookedForTasks(): void {
    this.#cron?.check();
  }

  /** Waits until the slots that came before the start are decided. @returns true where that may have pushed tasks */
  async catchUp(): Promise<boolean> {
    return (await this.#cron?.catchUp()) ?? false;
  }

  /** The worker stops. Until `end` the tick goes on for the tasks that its own threads still run. */
  stop(): void {
    this.#stopping = true;
    this.#maintenance?.stop();
    this.#recounting?.stop();
    this.#cron?.stop();
    if (this.#timer) this.#setPace(TICK_MS); // no look sees any more what runs
  }

  end(): void {
    this.#ended = true;
    if (this.#timer) clearTimeout(this.#timer);
  }

  /**
   * Slows the tick while no worker holds a task, unless this one watches its parent. On a file the commit of a claim wakes
   * the others, which tick faster then; on a server their next look finds it.
   */
  pace(isCalm: boolean): void {
    const isSlow = isCalm && !this.#options.exitWithParent && !this.#pool.writing;
    const wait = isSlow ? this.#store.traits.idleLookMs : TICK_MS;
    if (wait === this.#wait) return isSlow ? this.#tickWithLook() : undefined;
    this.#setPace(wait);
  }

  /** Short tasks that come now and then must not put the tick off each time. */
  #setPace(wait: number): void {
    this.#wait = wait;
    this.#tickLater(Math.max(this.#tickedAt + wait - monotonicNow(), TICK_MS));
  }

  /** The process is awake: where a tick is due soon, it does not wake it once more. */
  #tickWithLook(): void {
    if (monotonicNow() - this.#tickedAt < this.#wait - 2 * TICK_MS) return;
    this.#tick();
    this.#tickLater(this.#wait);
  }

  /** Puts back the tasks of workers whose processes have died. @returns true where there were some */
  async rescueDead(): Promise<boolean> {
    const { config, rescued, report } = this.#options;
    const rescues = await this.#store.rescueDead(config.worker.max_crashes);
    for (const { worker, tasks } of rescues) {
      const ids = tasks.slice(0, MOST_NAMED).map(({ id }) => id);
      const { id, pid } = worker;
      report({ name: "worker.rescued", worker: id, pid, tasks: tasks.length, ids });
      // null: it is not known which of them ran.
      for (const task of tasks) rescued.add(task, null, "its worker process died");
    }
    return rescues.some(({ tasks }) => tasks.length > 0);
  }

  #tickLater(wait: number): void {
    if (this.#ended) return;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#tick();
      this.#cron?.check(); // a look does that by itself
      this.#tickLater(this.#wait);
    }, wait);
  }

  #tick(): void {
    this.#tickedAt = monotonicNow();
    const { config, report, exitWithParent } = this.#options;
    this.#events.ticked();
    if (!this.#stopping) this.#options.statistics.tick();
    const { store } = this.#options;
    const { isServer } = store.traits;
    const limits = { ...config.worker, isServer };
    watchThreads(this.#pool.threads, limits, isServer ? tellingWaits(store, report) : report);
    // Without a task the lock may be held by code that a task left behind: that is watched at full pace too.
    if (this.#pool.writing) this.#wait = TICK_MS;
    this.#followClock();
    if (exitWithParent && !this.#stopping && this.#isOrphaned()) this.#events.orphaned();
    // It may wait for the lock that a task keeps; the tick, which ends such a task, must not wait with it.
    if (!this.#checking) void this.#checkAndRescue();
  }

  #followClock(): void {
    const jump = this.#offset() - this.#clockOffset;
    this.#clockOffset += jump;
    if (Math.abs(jump) <= JUMP_MS) return;
    this.#sayClockSet(jump);
    this.#maintenance?.clockJumped();
    this.#cron?.look();
    this.#events.tasksMoved();
    if (jump < -JUMP_MS) void this.#repairTimes();
  }

  #sayClockSet(jump: number): void {
    const far = formatDuration(Math.round(Math.abs(jump) / 1_000) * 1_000);
    const message =
      jump > 0
        ? `The clock was set forward by ${far}, or the machine slept`
        : `The clock was set back by ${far}; a slot of a recurring task that is decided does not come again`;
    this.#options.report({ name: "log.note", level: "info", message });
  }

  async #repairTimes(): Promise<void> {
    await this.#maintenance?.repairTimes();
    this.#events.tasksMoved();
  }

  #isOrphaned(): boolean {
    if (process.ppid !== this.#parent) return true;
    try {
      process.kill(this.#parent, 0);
      return false;
    } catch (error) {
      return (error as { code?: string }).code !== "EPERM"; // it lives, and belongs to another user
    }
  }

  async #checkAndRescue(): Promise<void> {
    this.#checking = true;
    if (await this.#isSound()) await this.#endCancelledAndRescue();
    this.#checking = false;
  }

  async #isSound(): Promise<boolean> {
    try {
      await this.#store.check();
      if (!this.#ended) await this.#store.checkAlive(this.#options.id);
      return true;
    } catch (error) {
      this.#events.lost(error);
      return false;
    }
  }

  async #endCancelledAndRescue(): Promise<void> {
    const { timeout_grace: grace } = this.#options.config.worker;
    try {
      await endCancelled(this.#pool.busyThreads, this.#store, this.#options, grace);
      if (!this.#stopping && (await this.rescueDead())) this.#events.tasksMoved();
      this.#failure.gone();
    } catch (error) {
      this.#failure.say(`Cannot end cancelled tasks or rescue dead workers: ${String(error)}`);
    }
  }

  /** The lead of the wall clock over the monotonic one. */
  #offset(): number {
    return this.#store.now() - monotonicNow();
  }
}
