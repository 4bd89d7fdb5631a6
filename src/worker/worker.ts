/**
 * The main thread of a worker. It never runs user code: it starts and replaces threads, wakes idle ones,
 * keeps time, and rescues what the dead left.
 */
import { randomUUIDv7 } from "bun";
import { type ModelCatalog, WHAT_MODELS_ARE } from "../catalog.ts";
import type { Config } from "../settings/config.ts";
import type { TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import { LONG_LOAD_MS, longLoadWords } from "../registry/long-load.ts";
import { nextTurn } from "../next-turn.ts";
import { openWorkerStore } from "../open-store.ts";
import { SOON } from "../store/store.ts";
import type { Watch, WorkerStore } from "../store/worker-store.ts";
import { Crowd } from "./due-tasks.ts";
import { Maintenance } from "./maintenance.ts";
import { endCancelled, watchLocks } from "./watch-threads.ts";
import type { PoolThread } from "./pool-thread.ts";
import { LOOKING, Pool } from "./pool.ts";

export interface WorkerOptions {
  readonly config: Config;
  readonly models: readonly string[];
  readonly report: Report;
  /** Stop when nothing is left to do: ready and running tasks, or all, also those for later. */
  readonly drain?: "ready" | "all" | undefined;
  /** Stop when the process that started this one is gone. */
  readonly exitWithParent?: boolean | undefined;
}

export interface Summary {
  readonly finished: number;
  readonly failed: number;
}

/** Between two looks for dead workers, cancelled tasks and a lost parent: ms. */
const TICK = 250;

/** After a look that failed: ms. */
const LOOK_AGAIN = 1_000;

/** A wall clock that moved so much against the monotonic one has been set, or the machine slept: ms. */
const JUMP = 1_000;

export class WorkerProcess {
  readonly id = randomUUIDv7();
  readonly store: WorkerStore;
  readonly stopped: Promise<Summary>;
  readonly #options: WorkerOptions;
  readonly #config: Config["worker"];
  readonly #pool: Pool;
  readonly #watch: Watch;
  readonly #crowd: Crowd;
  readonly #stopped = Promise.withResolvers<Summary>();
  readonly #started = Promise.withResolvers<void>();
  readonly #parent = process.ppid;
  #maintenance: Maintenance | null = null;
  #catalog: ModelCatalog | null = null;
  #stopping = false;
  #ended = false;
  /** Why it cannot go on. */
  #failure: unknown = null;
  /** Why a thread that replaces another could not start, as it was said last. */
  #refusal = "";
  #looking = false;
  #lookAgain = false;
  #dueTimer: Timer | null = null;
  #tickTimer: Timer | null = null;
  #tickWait = TICK;
  #lookingAfter = false;
  #clockOffset = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#config = options.config.worker;
    this.stopped = this.#stopped.promise;
    this.#started.promise.catch(() => {}); // a thread may refuse before anybody waits for it
    const { config, models, report } = options;
    this.#pool = new Pool(
      { worker: this.id, config, models, report },
      {
        loaded: (catalog) => {
          this.#catalog = catalog;
          this.#refusal = "";
          this.#started.resolve();
        },
        refused: (error) => this.#refused(error),
        lost: (error) => this.#lose(error),
        changed: () => this.#look(),
      },
    );
    this.store = openWorkerStore(config, this.#config.threads);
    this.#crowd = new Crowd(this.store);
    this.#watch = this.store.watch({
      look: () => this.#look(),
      hint: () => this.#wakeEarly(),
    });
  }

  /** The models and methods that its threads have loaded. */
  get catalog(): ModelCatalog | null {
    return this.#catalog;
  }

  /**
   * Resolves when a thread is ready to work, or when it was stopped meanwhile.
   *
   * @throws TqError when the models cannot be loaded.
   */
  async start(): Promise<void> {
    const { threads, queues } = this.#config;
    if (this.#stopping) return;
    const late = setTimeout(() => this.#sayLoading(), LONG_LOAD_MS);
    try {
      this.#pool.start(this.store);
      await this.store.register({ id: this.id, pid: process.pid, threads, queues });
      if (!this.#stopping) await this.#rescueDead();
      await this.#started.promise;
    } catch (error) {
      const asked = this.#stopping;
      await this.stop("now", "it cannot start");
      if (!asked) throw error;
    } finally {
      clearTimeout(late);
    }
    if (this.#stopping) return;
    this.#clockOffset = this.#offset();
    this.#tickLater(TICK);
    const { config, report, models } = this.#options;
    report({
      name: "worker.started",
      worker: this.id,
      threads,
      queues,
      database: this.store.name,
      models: models[0] ?? null,
      mode: config.queue.worker ? "worker" : "no worker",
    });
    if (Object.keys(this.#catalog ?? {}).length === 0) {
      this.#note(`No task can run: there is no model in ${models.join(", ")}; ${WHAT_MODELS_ARE}`);
    }
    await nextTurn(); // its log begins with that
    if (this.#stopping) return;
    this.#pool.go(); // not before it is registered: what an unknown worker has claimed, nobody could rescue
    this.#maintenance = new Maintenance(this.store, config, report);
    void this.#maintenance.mendPlaces().then(() => this.#look());
    this.#look();
  }

  #sayLoading(): void {
    const file = this.#pool.loading;
    if (file !== null) this.#note(longLoadWords(file));
  }

  /**
   * Stops: "graceful" lets what runs end within the grace, "now" interrupts it. Nothing is lost either way:
   * what did not end is ready again.
   */
  async stop(how: "graceful" | "now" = "graceful", reason = "asked to stop"): Promise<void> {
    const { report } = this.#options;
    const { grace } = this.#config;
    if (!this.#stopping) {
      this.#stopping = true;
      report({ name: "worker.stopping", reason, grace: how === "now" ? 0 : grace });
      void this.#end(how === "now" ? 0 : grace);
    } else if (how === "now") {
      this.#pool.terminate();
    }
    await this.stopped;
  }

  async #end(grace: number): Promise<void> {
    this.#started.resolve(); // nobody need wait for models that take long
    this.#watch.disarm();
    this.#crowd.stop();
    this.#maintenance?.stop();
    if (this.#dueTimer) clearTimeout(this.#dueTimer);
    await this.#pool.stop(grace);
    this.#ended = true;
    if (this.#tickTimer) clearTimeout(this.#tickTimer);
    try {
      await this.store.unregister(this.id);
    } catch (error) {
      this.#note(`Cannot sign off, the next worker will do it: ${String(error)}`);
    }
    await this.store.close();
    this.#options.report({ name: "worker.stopped", worker: this.id });
    if (this.#failure !== null) return this.#stopped.reject(this.#failure);
    const [finished, failed] = [this.#pool.count("finished"), this.#pool.count("failed")];
    this.#stopped.resolve({ finished, failed });
  }

  // Waking

  /** Wakes as many idle threads as there are ready tasks; sets the timer for the next scheduled one. */
  #look(): void {
    if (this.#stopping) return;
    this.#lookAgain = true;
    if (!this.#looking) void this.#lookUntilQuiet();
  }

  async #lookUntilQuiet(): Promise<void> {
    this.#looking = true;
    try {
      while (this.#lookAgain && !this.#stopping) {
        this.#lookAgain = false;
        await this.#lookOnce();
      }
    } catch (error) {
      this.#note(`Cannot look for tasks: ${String(error)}`);
      this.#lookLater(null, LOOK_AGAIN);
    } finally {
      this.#looking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const { idle, threads } = this.#pool;
    const allIdle = idle.length === threads.length;
    let calm = false;
    if (idle.length === 0) this.#watch.disarm();
    else calm = !(await this.#wakeSome(idle, allIdle)) && allIdle;
    this.#pool.watchHeldUp(!allIdle);
    this.#paceTick(calm);
  }

  /** @returns true while other workers run tasks. */
  async #wakeSome(idle: readonly PoolThread[], allIdle: boolean): Promise<boolean> {
    this.#watch.arm();
    const { queues } = this.#config;
    const look = await this.store.look({ queues, limit: idle.length, worker: this.id });
    const { due, ready } = look;
    const isDue = due !== null && due - this.store.now() <= SOON;
    const wanted = Math.max(ready, isDue ? 1 : 0);
    const looking = Math.min(wanted, this.#pool.looking);
    for (const thread of idle.slice(0, wanted - looking)) thread.wake();
    if (isDue) this.#crowd.look();
    this.#lookLater(due, looking > 0 ? LOOKING : this.#config.timeout);
    if (ready === 0 && !isDue && allIdle) await this.#drained();
    return look.othersRun;
  }

  /** A thread is ready to look by the time that the commit can be seen. */
  #wakeEarly(): void {
    if (!this.#stopping) this.#pool.idle[0]?.wake();
  }

  #lookLater(due: number | null, longest: number): void {
    if (this.#stopping) return;
    if (this.#dueTimer) clearTimeout(this.#dueTimer);
    const left = due === null ? Infinity : Math.max(due - this.store.now(), 0);
    const wait = left > SOON ? left - SOON : left; // a thread is awake by the time
    this.#dueTimer = setTimeout(() => this.#look(), Math.min(wait, longest));
  }

  async #drained(): Promise<void> {
    const { drain } = this.#options;
    if (!drain || (await this.store.hasWork(this.#config.queues, drain === "all"))) return;
    void this.stop("graceful", "nothing is left to do");
  }

  // Keeping time

  #tickLater(wait: number): void {
    if (this.#ended) return;
    this.#tickWait = wait;
    if (this.#tickTimer) clearTimeout(this.#tickTimer);
    this.#tickTimer = setTimeout(() => {
      this.#tick();
      this.#tickLater(this.#tickWait);
    }, wait);
  }

  /** Where nothing runs there is next to nothing to look after; that a worker claims a task wakes the others. */
  #paceTick(calm: boolean): void {
    const idleWait = this.store.traits.idleLookMs;
    const wait = calm && !this.#options.exitWithParent ? idleWait : TICK;
    if (wait !== this.#tickWait) this.#tickLater(wait);
  }

  #tick(): void {
    this.#watch.check();
    this.#crowd.look();
    watchLocks(this.#pool.threads, this.#config.lock_timeout, this.#options.report);
    if (this.#pool.writing) this.#tickWait = TICK;
    this.#followClock();
    if (this.#options.exitWithParent && !this.#stopping && this.#orphaned()) {
      void this.stop("graceful", "the process that started it is gone");
    }
    // It may wait for the lock that a task keeps; who ends such a task must not wait with it.
    if (!this.#lookingAfter) void this.#lookAfter();
  }

  #followClock(): void {
    const jump = this.#offset() - this.#clockOffset;
    this.#clockOffset += jump;
    if (Math.abs(jump) <= JUMP) return;
    this.#maintenance?.clockJumped();
    this.#look();
    if (jump < -JUMP) void this.#mendTimes();
  }

  async #mendTimes(): Promise<void> {
    await this.#maintenance?.mendTimes();
    this.#look();
  }

  async #lookAfter(): Promise<void> {
    this.#lookingAfter = true;
    await this.#lookAfterOthers();
    this.#lookingAfter = false;
  }

  async #lookAfterOthers(): Promise<void> {
    try {
      await this.store.check();
      if (!this.#stopping) await this.store.checkAlive(this.id);
    } catch (error) {
      return this.#lose(error);
    }
    try {
      await endCancelled(this.#pool.busy, this.store, this.#options.report);
      if (!this.#stopping) await this.#rescueDead();
    } catch (error) {
      this.#note(`Cannot look after other workers: ${String(error)}`);
    }
  }

  /** At the start it is the answer; later the thread is tried again and again, and somebody must mend it. */
  #refused(error: TqError): void {
    this.#started.reject(error);
    const isStart = this.#maintenance === null;
    if (isStart || this.#stopping || error.message === this.#refusal) return;
    this.#refusal = error.message;
    const message = `Cannot start a new thread, and try again every second: ${error.message}`;
    this.#options.report({ name: "log.note", level: "error", message });
  }

  #lose(error: unknown): void {
    this.#failure ??= error;
    this.stop("now", "its database is lost").catch(() => {}); // who waits for `stopped` learns why
  }

  #offset(): number {
    return this.store.now() - performance.now();
  }

  async #rescueDead(): Promise<void> {
    const { report } = this.#options;
    for (const { worker, tasks } of await this.store.rescueDead(this.#config.max_crashes)) {
      report({ name: "worker.rescued", worker: worker.id, pid: worker.pid, tasks: tasks.length });
      for (const task of tasks) this.#pool.reportRescued(task, null, "its worker process died");
    }
  }

  #orphaned(): boolean {
    if (process.ppid !== this.#parent) return true;
    try {
      process.kill(this.#parent, 0);
      return false;
    } catch {
      return true;
    }
  }

  #note(message: string): void {
    this.#options.report({ name: "log.note", level: "warn", message });
  }
}
