/** The threads of one worker: started, woken, replaced when they die. */
import type { ModelCatalog } from "../catalog.ts";
import type { Config } from "../settings/config.ts";
import { type ErrorCode, TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { ErrorData } from "../outcome.ts";
import type { Lent, WorkerStore } from "../store/worker-store.ts";
import { removeLeader } from "../shared-memory/leader.ts";
import { standardError } from "../log/standard-error.ts";
import { createShared, type Shared } from "../shared-memory/layout.ts";
import { Progress } from "../shared-memory/progress.ts";
import { Burials } from "./burial.ts";
import { Lockouts } from "./lockouts.ts";
import type { FromThread, Init } from "./messages.ts";
import { PoolThread } from "./pool-thread.ts";
import type { RescuedTasks } from "./rescued-tasks.ts";
import { TakeBack } from "./take-back.ts";

export interface PoolOptions {
  /** The worker's id. */
  readonly id: string;
  readonly config: Config;
  readonly models: readonly string[];
  /** The main thread's own, which lends a part to each thread. */
  readonly store: WorkerStore;
  readonly rescued: RescuedTasks;
  readonly report: Report;
}

export interface PoolEvents {
  loaded(catalog: ModelCatalog): void;
  /** A thread could not load its models, or open the database. */
  refused(error: TqError): void;
  /** A thread found the database lost for good. */
  lost(error: TqError): void;
  /** An idle thread may have a task to run, or no thread has one left. */
  changed(): void;
}

/** A thread that was woken less than this ago is about to claim one of the ready tasks. */
export const LOOKING_MS = 3;

/** The pause before a thread that could not start is tried again. */
const TRY_AGAIN_MS = 1_000;

export class Pool {
  readonly #options: PoolOptions;
  readonly #config: Config["worker"];
  readonly #events: PoolEvents;
  readonly #shared: Shared;
  readonly #threads = new Map<number, PoolThread>();
  readonly #burials: Burials;
  readonly #lockouts: Lockouts;
  readonly #takeBack: TakeBack;
  #going = false;
  #stopping = false;

  constructor(options: PoolOptions, events: PoolEvents) {
    this.#options = options;
    this.#config = options.config.worker;
    this.#events = events;
    this.#shared = createShared(this.#config.threads);
    const { max_crashes: maxCrashes, lock_timeout: lockTimeout } = this.#config;
    this.#lockouts = new Lockouts({ ...options, lockTimeout });
    this.#burials = new Burials(
      { ...options, maxCrashes },
      {
        refused: (thread, error) => this.#refuse(thread, error),
        buried: (thread, why) => this.#buried(thread, why),
      },
    );
    this.#takeBack = new TakeBack({
      ...options,
      leader: this.#shared.leader,
      threads: () => this.threads,
      gaveBack: () => events.changed(),
    });
  }

  get threads(): PoolThread[] {
    return [...this.#threads.values()];
  }

  /** The file of models that a thread is still loading. */
  get loading(): string | null {
    return this.threads.find(({ loaded }) => !loaded)?.loading ?? null;
  }

  get idle(): PoolThread[] {
    return this.threads.filter((thread) => thread.idle);
  }

  /** True while a thread holds the write lock, for a task or for something that a task has left behind. */
  get writing(): boolean {
    return this.threads.some(({ progress }) => progress.lock === "held");
  }

  get busy(): PoolThread[] {
    return this.threads.filter((thread) => !thread.idle);
  }

  /** How many threads were woken just now: each is about to claim a ready task, or has claimed one. */
  get looking(): number {
    const since = performance.now() - LOOKING_MS;
    return this.threads.filter(({ idle, wokenAt }) => !idle && wokenAt > since).length;
  }

  /** Starts the threads: they load their models, and wait for `go`. */
  start(): void {
    for (let thread = 1; thread <= this.#config.threads; thread++) this.#startThread(thread);
  }

  /** The worker is registered: its threads may claim. */
  go(): void {
    this.#going = true;
    for (const thread of this.threads) thread.go();
  }

  /** Lets running tasks end within the grace (ms), then interrupts them; resolves when no thread is left. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    this.#burials.stop();
    for (const thread of this.threads) {
      if (thread.loaded) thread.stop();
      else void thread.terminate("its worker was stopped"); // its models may take for ever
    }
    void this.#takeBack.takeAll();
    const limit = setTimeout(() => this.terminate(), grace);
    while (this.#threads.size > 0) {
      await Promise.all(this.threads.map(({ closed }) => closed));
      await this.#burials.done();
    }
    clearTimeout(limit);
    this.#takeBack.stop();
  }

  /** Ends all threads now. */
  terminate(): void {
    for (const thread of this.threads) void thread.terminate("its worker was stopped");
  }

  /** How many tasks its threads ended with this outcome. */
  count(outcome: "finished" | "failed"): number {
    let sum = 0;
    for (let thread = 1; thread <= this.#config.threads; thread++) {
      sum += new Progress(this.#shared, thread).counted(outcome);
    }
    return sum;
  }

  #startThread(number: number): void {
    const lent = this.#options.store.lend(number);
    try {
      this.#tryStartThread(number, lent);
    } catch (error) {
      lent[Symbol.dispose]();
      const reason = error instanceof Error ? error.message : String(error);
      const message = `Cannot start thread ${number}: ${reason}; give the worker fewer with --threads, or raise the limit of the system`;
      this.#events.refused(new TqError("invalid", message, { cause: error }));
      this.#startLater(number);
    }
  }

  /** @throws when the system gives no thread. */
  #tryStartThread(number: number, lent: Lent): void {
    const progress = new Progress(this.#shared, number);
    const thread = new PoolThread(this.#init(number, lent), progress, {
      message: (from, message) => this.#heard(from, message),
      closed: (from, reason) => this.#closed(from, lent, reason),
    });
    this.#threads.set(number, thread);
    if (this.#going) thread.go();
  }

  #init(thread: number, lent: Lent): Init {
    const { config, models, id: worker } = this.#options;
    const { threads, queues } = this.#config;
    return {
      type: "init",
      config,
      models,
      worker,
      thread,
      threads,
      queues,
      shared: this.#shared.buffer,
      standardError: standardError(),
      store: lent.part,
    };
  }

  /** Gives back at once what was lent: the burial of another thread may be waiting for its turn to write. */
  #closed(thread: PoolThread, lent: Lent, reason: string): void {
    const running = thread.progress.running();
    thread.progress.end();
    lent[Symbol.dispose]();
    removeLeader(this.#shared.leader, thread.number);
    this.#burials.bury(thread, running, reason);
  }

  #buried(thread: PoolThread, why: string | null): void {
    this.#threads.delete(thread.number);
    if (this.#stopping) return;
    if (why !== null) {
      this.#options.report({ name: "thread.replaced", thread: thread.number, reason: why });
    }
    if (thread.loaded) this.#startThread(thread.number);
    else this.#startLater(thread.number);
  }

  #startLater(number: number): void {
    setTimeout(() => !this.#stopping && this.#startThread(number), TRY_AGAIN_MS).unref();
  }

  #heard(thread: PoolThread, message: FromThread): void {
    if (message === "idle") return this.#events.changed();
    if (message === "retired" || message === "stopped") return void thread.terminate(message);
    switch (message.type) {
      case "loading":
        thread.loading = message.file;
        break;
      case "threw": {
        const { id, model, method } = message.task;
        thread.thrower = `task ${id} (${model}.${method})`;
        break;
      }
      case "loaded":
        this.#events.loaded(message.catalog);
        break;
      case "refused":
        this.#refuse(thread, toTqError(message));
        void thread.terminate(message.error.message);
        break;
      case "locked_out":
        this.#lockouts.end(thread, message.by);
        break;
      case "lost":
        thread.ending = message.error.message;
        this.#events.lost(toTqError(message));
        break;
    }
  }

  #refuse(thread: PoolThread, error: TqError): void {
    thread.ending = error.message;
    this.#events.refused(error);
  }

  /** While threads are busy: claims behind a slow task go to other threads. */
  watchHeldUp(busy: boolean): void {
    this.#takeBack.watch(busy);
  }
}

/** The error that a thread sent as data. */
function toTqError({ code, error }: { code: string; error: ErrorData }): TqError {
  return new TqError(code as ErrorCode, error.message);
}
