/** Starts the threads of one worker, replaces those that die, and stops them; `waking.ts` wakes them. */
import { clearTimeout, setTimeout } from "../clock.ts";
import type { Config } from "../settings/config.ts";
import { TqError, messageOf } from "../errors.ts";
import type { Listeners } from "../log/listeners.ts";
import { CLAIM_MS, type Lent, type WorkerStore } from "../store/worker-store.ts";
import { removeLeader } from "../shared-memory/leader.ts";
import { createShared, type Shared } from "../shared-memory/layout.ts";
import { Progress } from "../shared-memory/progress.ts";
import { type BurialOptions, Burials } from "./burial.ts";
import { LeftFiles, tooManyLeft } from "./left-files.ts";
import { Lockouts } from "./lockouts.ts";
import { initOf } from "./init.ts";
import { type ForPool, type Loaded, threwWords, toTqError } from "./messages.ts";
import { Outage } from "./outage.ts";
import { PoolThread } from "./pool-thread.ts";
import type { RunStatistics } from "../run/run-statistics.ts";
import { mostThreads, Succession } from "./succession.ts";
import type { SuccessionEvents } from "./succession-events.ts";
import { TakeBack } from "./take-back.ts";

export interface PoolOptions extends Omit<BurialOptions, "maxCrashes" | "store"> {
  readonly config: Config;
  /** The main thread's own, which lends a part to each thread. */
  readonly store: WorkerStore;
  readonly statistics: RunStatistics;
  /** The functions of the program around the worker. */
  readonly listeners: Listeners | null;
}

export interface PoolEvents extends Omit<SuccessionEvents, "start"> {
  /** A thread has loaded these models, which count from now on. */
  loaded(models: Loaded): void;
  /** The process must end once the running tasks have; a new one can go on. */
  mustEnd(error: TqError, why: string): void;
  /** A thread found the database lost for good. */
  lost(error: TqError): void;
  /** A thread has become idle, or claims were given back: idle threads may have something to claim, or nothing is left to do. */
  lookAgain(): void;
}

export class Pool {
  readonly outage: Outage;
  readonly #options: PoolOptions;
  readonly #config: Config["worker"];
  readonly #events: PoolEvents;
  readonly #shared: Shared;
  readonly #threads = new Map<number, PoolThread>();
  readonly #burials: Burials;
  readonly #lockouts: Lockouts;
  readonly #takeBack: TakeBack;
  readonly #leftFiles = new LeftFiles();
  readonly #succession: Succession;
  #stopping = false;

  constructor(options: PoolOptions, events: PoolEvents) {
    this.#options = options;
    this.#config = options.config.worker;
    this.#events = events;
    this.outage = new Outage(options.store.name, options.report);
    this.#shared = createShared(mostThreads(this.#config.threads));
    const { max_crashes: maxCrashes, lock_timeout: lockTimeout } = this.#config;
    this.#lockouts = new Lockouts({ ...options, lockTimeout });
    this.#burials = new Burials(
      { ...options, maxCrashes },
      {
        cannotStart: (_, error) => this.#succession.failed(error),
        buried: (thread, why) => this.#buried(thread, why),
      },
    );
    this.#takeBack = new TakeBack({
      ...options,
      leader: this.#shared.leader,
      threads: () => this.threads,
      gaveBack: () => events.lookAgain(),
    });
    this.#succession = new Succession(
      { places: this.#config.threads, models: options.models, threads: () => this.threads },
      { ...events, start: (number) => this.#startThread(number) },
    );
  }

  /** All threads, also those that do not serve yet. */
  get threads(): PoolThread[] {
    return [...this.#threads.values()];
  }

  /** The threads that claim tasks, or end what they run. */
  get serving(): PoolThread[] {
    return this.threads.filter(({ serves }) => serves);
  }

  /** True where a thread can run tasks. */
  get canRun(): boolean {
    return this.ready > 0;
  }

  /** How many threads can run tasks. */
  get ready(): number {
    return this.threads.filter(({ loaded }) => loaded).length;
  }

  /** True while a thread loads its models. */
  get isLoading(): boolean {
    return this.threads.some(({ loaded, endReason }) => !loaded && endReason === null);
  }

  get idleThreads(): PoolThread[] {
    return this.serving.filter(({ idle, leaves }) => idle && !leaves);
  }

  /** True while a thread holds the write lock, for a task or for something that a task has left behind. */
  get writing(): boolean {
    return this.threads.some(({ progress }) => progress.lock === "held");
  }

  /** How many tasks run now. */
  get running(): number {
    return this.threads.filter(({ progress }) => progress.running() !== null).length;
  }

  get busyThreads(): PoolThread[] {
    return this.serving.filter(({ idle }) => !idle);
  }

  /** How many threads were woken just before this time, or since: each is about to claim a ready task, or has claimed one. */
  wokenJustBefore(monotonic: number): number {
    const since = monotonic - CLAIM_MS;
    return this.threads.filter(({ idle, wokenAt }) => !idle && wokenAt > since).length;
  }

  /** Starts the threads: they load their models, and wait for `letClaim`. */
  start(): void {
    process.on("exit", this.#endProcesses);
    this.#succession.start();
  }

  /** The worker is registered: its threads may claim. */
  letClaim(): void {
    this.#leftFiles.begin();
    this.#succession.letClaim();
  }

  /** Has all threads load the models anew, one at a time; what they run ends first. @param isAsked as in `Succession` */
  renewModels(isAsked: boolean): void {
    this.#succession.renew(isAsked);
  }

  /** Lets running tasks end within the grace (ms), then interrupts them; resolves when no thread is left that may have one. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    this.#burials.stop();
    this.#succession.stop();
    for (const thread of this.threads) {
      if (thread.loaded) thread.stop();
      else void thread.terminate("its worker was stopped"); // loading its models may take for ever
    }
    void this.#takeBack.takeAll();
    const limit = setTimeout(() => this.terminate(), grace);
    const told = setTimeout(
      () => this.threads.forEach((thread) => thread.tellToEnd("stop")),
      Math.max(grace - this.#config.timeout_grace, 0),
    );
    while (this.threads.some(({ isLeftBehind }) => !isLeftBehind)) {
      await Promise.all(this.threads.map(({ closed }) => closed));
      this.#options.store.hurry?.();
      await this.#burials.done();
    }
    clearTimeout(limit);
    clearTimeout(told);
    this.#takeBack.stop();
    process.off("exit", this.#endProcesses);
  }

  /** The process exits beside running tasks, which another worker runs again: their processes must not go on. */
  readonly #endProcesses = (): void => this.threads.forEach((thread) => thread.endProcesses());

  /** Ends all threads now. */
  terminate(): void {
    for (const thread of this.threads) void thread.terminate("its worker was stopped");
  }

  /** Ends the threads that run tasks, as others may be given these: new ones go on. */
  endRuns(reason: string): void {
    const running = this.busyThreads;
    for (const thread of running) void thread.terminate(reason);
    this.outage.missed(reason, { ended: running.length, isStopping: this.#stopping });
  }

  /** Turns on, while any thread is busy, the timer that takes claims back from threads with a slow task. */
  takeBackWhile(anyBusy: boolean): void {
    this.#takeBack.watch(anyBusy);
  }

  /** How many tasks all threads together ended with this outcome. */
  total(outcome: "finished" | "failed"): number {
    let sum = 0;
    for (let thread = 1; thread <= mostThreads(this.#config.threads); thread++) {
      sum += new Progress(this.#shared, thread).counted(outcome);
    }
    return sum;
  }

  /** @returns false where the system gives no thread */
  #startThread(number: number): boolean {
    const lent = this.#options.store.lend(number);
    try {
      this.#tryStartThread(number, lent);
      return true;
    } catch (error) {
      lent[Symbol.dispose]();
      const reason = messageOf(error);
      const message = `Cannot start thread ${number}: ${reason}; give the worker fewer with --threads, or raise the system's limit of threads (ulimit -u)`;
      this.#events.cannotStart(new TqError("invalid", message, { cause: error }));
      return false;
    }
  }

  /** @throws when the system gives no thread. */
  #tryStartThread(number: number, lent: Lent): void {
    const { part: store } = lent;
    const { generation, ...load } = this.#succession.next;
    const threads = mostThreads(this.#config.threads);
    const own = { thread: number, threads, store, ...load, shared: this.#shared.buffer };
    const init = initOf(this.#options, own);
    const thread = new PoolThread(init, generation, new Progress(this.#shared, number), {
      message: (from, message) => this.#heard(from, message),
      reported: (events) => events.forEach((event) => this.#options.listeners?.deliver(event)),
      outage: this.outage,
      closed: (from, reason) => this.#closed(from, lent, reason),
      isStopping: () => this.#stopping,
      cannotEnd: (from) => {
        this.#stopping = true; // the process exits: no thread is replaced
        return this.#burials.putAllBack(this.threads, from);
      },
    });
    this.#threads.set(number, thread);
  }

  #closed(thread: PoolThread, lent: Lent, reason: string): void {
    const running = thread.progress.running();
    thread.progress.end();
    lent[Symbol.dispose](); // first free the dead thread's turn to write: an earlier burial may wait for it
    removeLeader(this.#shared.leader, thread.number);
    this.#burials.bury(thread, running, reason);
  }

  #buried(thread: PoolThread, why: string | null): void {
    this.#threads.delete(thread.number);
    if (this.#stopping) return;
    const reason = why ?? (thread.leaves ? "it had older models" : null);
    if (reason !== null) {
      this.#options.report({ name: "thread.replaced", thread: thread.number, reason });
    }
    const full = this.#leftFiles.reasonToEnd();
    if (full !== null) this.#events.mustEnd(tooManyLeft(full), full);
    else this.#succession.gone();
  }

  #heard(thread: PoolThread, message: ForPool): void {
    if (message === "idle") return this.#events.lookAgain();
    // It has ended by itself, after its most tasks or as it was told: only the system's thread is left.
    if (message === "retired" || message === "stopped") return void thread.terminate(message);
    switch (message.type) {
      case "threw":
        thread.threw = threwWords(message);
        thread.thrower = message.task?.id ?? null;
        thread.isThrowerKnown = !message.mayBeOthers;
        break;
      case "loaded":
        if (this.#succession.loaded(thread, message.version, message.catalog)) {
          this.#events.loaded(message);
        }
        break;
      case "lacking":
        this.#succession.lacking(thread, message.call);
        break;
      case "torn":
        this.#succession.edited(thread, message.edited, message.files);
        break;
      case "cannot_start":
        void thread.terminate(message.error.message);
        this.#succession.failed(toTqError(message));
        break;
      case "locked_out":
        this.#lockouts.end(thread, message.by);
        break;
      case "lost":
        // The worker stops, which ends this thread: no task of it is to blame.
        thread.endReason = message.error.message;
        this.#events.lost(toTqError(message));
        break;
    }
  }
}
