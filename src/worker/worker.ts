/**
 * The main thread of a worker. It never runs user code: it starts and replaces threads, wakes idle ones,
 * keeps time, and rescues what the dead left.
 */
import { randomUUIDv7 } from "bun";
import type { ModelCatalog } from "../catalog.ts";
import type { Config } from "../config.ts";
import { type ErrorCode, TqError } from "../errors.ts";
import { formatDuration } from "../duration.ts";
import type { Report } from "../events.ts";
import type { Claim } from "../task.ts";
import { openStore } from "../store/sqlite.ts";
import type { Owner, RescuedTask, Store, ThreadDeath } from "../store/store.ts";
import type { FromThread } from "./messages.ts";
import { Maintenance } from "./maintenance.ts";
import { PoolThread } from "./pool-thread.ts";
import { Progress, createShared } from "./shared.ts";
import { MainTurn } from "./turn.ts";
import { Wake } from "./wake.ts";

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
const TICK = 500;

/** The same while nothing runs and there is no other worker to look after. */
const IDLE_TICK = 5_000;

/** A thread that has the turn to write for so long with one task is named in the log: ms. */
const LOCK_HELD = 1_000;

/** A thread that runs one task for so long gives back what it has claimed behind it: ms. */
const HELD_UP = 50;

/** A wall clock that moved so much against the monotonic one has been set, or the machine slept: ms. */
const JUMP = 1_000;

/** Before a thread that could not load its models is tried again: ms. */
const RELOAD = 1_000;

export class WorkerProcess {
  readonly id = randomUUIDv7();
  readonly store: Store;
  readonly stopped: Promise<Summary>;
  readonly #options: WorkerOptions;
  readonly #config: Config["worker"];
  readonly #shared;
  readonly #turn: MainTurn;
  readonly #wake: Wake;
  readonly #threads = new Map<number, PoolThread>();
  readonly #stopped = Promise.withResolvers<Summary>();
  readonly #started = Promise.withResolvers<void>();
  readonly #parent = process.ppid;
  #maintenance: Maintenance | null = null;
  #catalog: ModelCatalog | null = null;
  #stopping = false;
  #ended = false;
  /** Why it cannot go on. */
  #failure: unknown = null;
  #looking = false;
  #lookAgain = false;
  #dueTimer: Timer | null = null;
  #tickTimer: Timer | null = null;
  #tickWait = TICK;
  #heldUpTimer: Timer | null = null;
  #clockOffset = 0;
  /** Tasks that it set aside for their crashes: no thread lives to count them. */
  #poisoned = 0;

  constructor(options: WorkerOptions) {
    this.#options = options;
    this.#config = options.config.worker;
    this.stopped = this.#stopped.promise;
    this.#shared = createShared(this.#config.threads);
    this.#turn = new MainTurn(this.#shared);
    this.store = openStore(options.config, { turn: this.#turn });
    this.#wake = new Wake(this.store, () => this.#look());
  }

  /** The models and methods that its threads have loaded. */
  get catalog(): ModelCatalog | null {
    return this.#catalog;
  }

  /** Resolves when a thread is ready to work. @throws TqError when the models cannot be loaded. */
  async start(): Promise<void> {
    const { threads, queues } = this.#config;
    try {
      // First of all: what an unknown worker has claimed, nobody could rescue.
      await this.store.register({ id: this.id, pid: process.pid, threads, queues });
      for (let thread = 1; thread <= threads; thread++) this.#startThread(thread);
      await this.#rescueDead();
      await this.#started.promise;
    } catch (error) {
      await this.stop("now");
      throw error;
    }
    this.#clockOffset = this.#offset();
    this.#tickLater(TICK);
    const { config, report, models } = this.#options;
    report({
      name: "worker.started",
      worker: this.id,
      threads,
      queues,
      database: this.store.path,
      models: models[0] ?? null,
      mode: config.queue.worker ? "worker" : "no worker",
    });
    this.#maintenance = new Maintenance(this.store, config, report);
    this.#look();
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
      this.#terminateAll();
    }
    await this.stopped;
  }

  async #end(grace: number): Promise<void> {
    this.#wake.disarm();
    this.#maintenance?.stop();
    if (this.#dueTimer) clearTimeout(this.#dueTimer);
    for (const thread of this.#threads.values()) thread.stop();
    void this.#takeBack(() => true);
    const limit = setTimeout(() => this.#terminateAll(), grace);
    await this.#allClosed();
    clearTimeout(limit);
    this.#ended = true;
    if (this.#tickTimer) clearTimeout(this.#tickTimer);
    if (this.#heldUpTimer) clearInterval(this.#heldUpTimer);
    try {
      await this.store.unregister(this.id);
    } catch (error) {
      this.#note(`Cannot sign off, the next worker will do it: ${String(error)}`);
    }
    await this.store.close();
    this.#options.report({ name: "worker.stopped", worker: this.id });
    if (this.#failure !== null) return this.#stopped.reject(this.#failure);
    const failed = this.#count("failed") + this.#poisoned;
    this.#stopped.resolve({ finished: this.#count("finished"), failed });
  }

  async #allClosed(): Promise<void> {
    while (this.#threads.size > 0) {
      await Promise.all([...this.#threads.values()].map(({ closed }) => closed));
      await this.#closing;
    }
  }

  #terminateAll(): void {
    for (const thread of this.#threads.values()) void thread.terminate("its worker was stopped");
  }

  #count(outcome: "finished" | "failed"): number {
    let sum = 0;
    for (let thread = 1; thread <= this.#config.threads; thread++) {
      sum += new Progress(this.#shared, thread).counted(outcome);
    }
    return sum;
  }

  // Threads

  #startThread(number: number): void {
    const { config, models } = this.#options;
    const { threads, queues } = this.#config;
    const shared = this.#shared.buffer;
    const thread = new PoolThread(
      { type: "init", config, models, worker: this.id, thread: number, threads, queues, shared },
      new Progress(this.#shared, number),
      {
        message: (from, message) => this.#heard(from, message),
        closed: (from, reason) => {
          const running = from.progress.running();
          from.progress.end();
          // At once: the burial of another thread may wait for the turn that this one had.
          this.#turn.forget(from.number);
          this.#closing = this.#closing.then(() => this.#buried(from, running, reason));
        },
      },
    );
    this.#threads.set(number, thread);
  }

  /** Deaths are handled one after another. */
  #closing: Promise<void> = Promise.resolve();

  #heard(thread: PoolThread, message: FromThread): void {
    switch (message.type) {
      case "loaded":
        this.#catalog = message.catalog;
        this.#started.resolve();
        break;
      case "idle":
        this.#look();
        break;
      case "refused":
        thread.ending = message.error.message;
        this.#started.reject(new TqError(message.code as ErrorCode, message.error.message));
        void thread.terminate(message.error.message);
        break;
      case "retired":
      case "stopped":
        void thread.terminate(message.type);
        break;
    }
  }

  /** A thread is gone: puts its tasks back, replaces it. */
  async #buried(thread: PoolThread, running: Claim | null, reason: string): Promise<void> {
    const wanted = thread.ending !== null && !thread.toBlame;
    await this.#putBack(
      { worker: this.id, thread: thread.number },
      {
        running,
        reason: thread.ending ?? reason,
        maxCrashes: wanted ? null : this.#config.max_crashes,
      },
    );
    this.#threads.delete(thread.number);
    if (this.#stopping) return;
    if (!wanted) this.#options.report({ name: "thread.replaced", thread: thread.number, reason });
    if (thread.loaded) this.#startThread(thread.number);
    else setTimeout(() => !this.#stopping && this.#startThread(thread.number), RELOAD);
  }

  /** Tries until it is written: the new thread of that number must not be taken for the dead one. */
  async #putBack(owner: Owner, death: ThreadDeath): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        const tasks = await this.store.rescueThread(owner, death);
        for (const task of tasks) this.#reportRescued(task, death.running, death.reason);
        return;
      } catch (error) {
        if (tries === 0) {
          this.#note(`Cannot put back the tasks of thread ${owner.thread} yet: ${String(error)}`);
        }
        if (this.#stopping) return; // another worker does, or the next one
        await Bun.sleep(RELOAD);
      }
    }
  }

  #reportRescued(task: RescuedTask, running: Claim | null, reason: string): void {
    const { report } = this.#options;
    const { id, attempt, model, method, queue, crashes } = task;
    const run = { task: id, attempt, model, method, queue };
    if (task.state === "failed") {
      this.#poisoned += 1;
      report({ name: "task.poisoned", ...run, crashes });
    } else if (task.crashed) report({ name: "task.crashed", ...run, reason, crashes });
    else if (id === running?.id) report({ name: "task.interrupted", ...run, reason });
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
    } finally {
      this.#looking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const idle = [...this.#threads.values()].filter((thread) => thread.idle);
    this.#watchHeldUp(idle.length < this.#threads.size);
    await this.#paceTick(idle.length === this.#threads.size);
    if (idle.length === 0) return this.#wake.disarm();
    this.#wake.arm();
    const { queues } = this.#config;
    const due = await this.store.nextDue();
    const isDue = due !== null && due <= this.store.now();
    const ready = await this.store.countReady(queues, idle.length, this.id);
    for (const thread of idle.slice(0, Math.max(ready, isDue ? 1 : 0))) thread.wake();
    this.#lookLater(due);
    if (ready === 0 && !isDue && idle.length === this.#threads.size) await this.#drained();
  }

  #lookLater(due: number | null): void {
    if (this.#dueTimer) clearTimeout(this.#dueTimer);
    const { timeout } = this.#config;
    const wait = due === null ? timeout : Math.min(Math.max(due - this.store.now(), 0), timeout);
    this.#dueTimer = setTimeout(() => this.#look(), wait);
  }

  async #drained(): Promise<void> {
    const { drain } = this.#options;
    if (!drain || (await this.store.hasWork(this.#config.queues, drain === "all"))) return;
    void this.stop("graceful", "nothing is left to do");
  }

  // What a slow task holds up

  #watchHeldUp(busy: boolean): void {
    if (busy && !this.#heldUpTimer) {
      this.#heldUpTimer = setInterval(() => {
        void this.#takeBack(({ progress, seenBusy }) => progress.sequence === seenBusy);
      }, HELD_UP);
    } else if (!busy && this.#heldUpTimer) {
      clearInterval(this.#heldUpTimer);
      this.#heldUpTimer = null;
    }
  }

  /** Gives back what these threads have claimed and not begun, so that other threads can run it. */
  async #takeBack(from: (thread: PoolThread) => boolean): Promise<void> {
    const claims: Claim[] = [];
    for (const thread of this.#threads.values()) {
      if (thread.progress.unbegun > 0 && from(thread)) claims.push(...thread.progress.takeBack());
      thread.seenBusy = thread.progress.sequence;
    }
    if (claims.length === 0) return;
    try {
      await this.store.write((session) => session.handBack(claims));
      this.#look();
    } catch (error) {
      this.#note(`Cannot give back ${claims.length} claims yet: ${String(error)}`);
    }
  }

  // Keeping time

  #tickLater(wait: number): void {
    if (this.#ended) return;
    this.#tickWait = wait;
    if (this.#tickTimer) clearTimeout(this.#tickTimer);
    this.#tickTimer = setTimeout(() => {
      void this.#tick().then(() => this.#tickLater(this.#tickWait));
    }, wait);
  }

  /** An idle worker without company has next to nothing to look after. */
  async #paceTick(idle: boolean): Promise<void> {
    const alone = idle && !this.#options.exitWithParent && (await this.store.workers()).length <= 1;
    const wait = alone ? IDLE_TICK : TICK;
    if (wait !== this.#tickWait) this.#tickLater(wait);
  }

  async #tick(): Promise<void> {
    this.#wake.check();
    this.#watchLock();
    if (Math.abs(this.#offset() - this.#clockOffset) > JUMP) this.#look();
    this.#clockOffset = this.#offset();
    try {
      await this.store.check();
    } catch (error) {
      this.#failure = error;
      this.stop("now", "its database is gone").catch(() => {}); // who waits for `stopped` learns why
      return;
    }
    try {
      await this.#endCancelled();
      if (!this.#stopping) await this.#rescueDead();
    } catch (error) {
      this.#note(`Cannot look after other workers: ${String(error)}`);
    }
    if (this.#options.exitWithParent && !this.#stopping && this.#orphaned()) {
      void this.stop("graceful", "the process that started it is gone");
    }
  }

  /** A task that holds the write lock for long holds up everybody: it is named, and in the end stopped. */
  #watchLock(): void {
    const now = performance.now();
    for (const thread of this.#threads.values()) {
      const { progress, lock } = thread;
      const claim = progress.locks ? progress.running() : null;
      const { sequence } = progress;
      if (!claim || sequence !== lock.sequence) {
        thread.lock = { sequence: claim ? sequence : -1, since: now, said: false };
        continue;
      }
      const held = now - lock.since;
      if (!lock.said && held >= LOCK_HELD) {
        lock.said = true;
        this.#note(
          `Task ${claim.id} holds the write lock for over ${formatDuration(LOCK_HELD)} and holds up all others; call Transaction.current.commit() before it waits`,
        );
      }
      const limit = this.#config.lock_timeout;
      if (limit > 0 && held >= limit) {
        thread.toBlame = true;
        void thread.terminate(`it held the write lock for over ${formatDuration(limit)}`);
      }
    }
  }

  #offset(): number {
    return Date.now() - performance.now();
  }

  /** A task that was cancelled while it runs commits nothing; its thread need not wait for its end. */
  async #endCancelled(): Promise<void> {
    for (const thread of this.#threads.values()) {
      const { sequence } = thread.progress;
      const claim = thread.progress.running();
      const sameAsBefore = sequence === thread.seen;
      thread.seen = sequence;
      if (!claim || !sameAsBefore || thread.ending !== null) continue;
      if ((await this.store.stillHeld([claim])).length > 0) continue;
      if (thread.progress.sequence !== sequence) continue;
      const reason = "its claim was lost: the task was cancelled";
      this.#options.report({ name: "task.cancelled", task: claim.id, reason });
      void thread.terminate(reason);
    }
  }

  async #rescueDead(): Promise<void> {
    const { report } = this.#options;
    for (const { worker, tasks } of await this.store.rescueDead(this.#config.max_crashes)) {
      report({ name: "worker.rescued", worker: worker.id, pid: worker.pid, tasks: tasks.length });
      for (const task of tasks) this.#reportRescued(task, null, "its worker process died");
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
