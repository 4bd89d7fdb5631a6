/** The threads of one worker: started, replaced when they die, their tasks put back. */
import type { ModelCatalog } from "../catalog.ts";
import type { Config } from "../settings/config.ts";
import { formatDuration } from "../values/duration.ts";
import { type ErrorCode, TqError } from "../errors.ts";
import type { Report } from "../log/events.ts";
import type { ErrorData } from "../outcome.ts";
import type { RescuedTask, ThreadDeath } from "../store/rescue.ts";
import type { Owner } from "../store/session.ts";
import type { Lent, WorkerStore } from "../store/worker-store.ts";
import type { Claim } from "../task.ts";
import { endLead } from "../shared-memory/leader.ts";
import type { FromThread } from "./messages.ts";
import { standardError } from "../log/standard-error.ts";
import { PoolThread } from "./pool-thread.ts";
import { createShared } from "../shared-memory/layout.ts";
import { Progress } from "../shared-memory/progress.ts";

export interface PoolOptions {
  /** The worker's id. */
  readonly worker: string;
  readonly config: Config;
  readonly models: readonly string[];
  readonly report: Report;
}

export interface PoolEvents {
  loaded(catalog: ModelCatalog): void;
  /** A thread could not load its models, or open the database. */
  refused(error: TqError): void;
  /** A thread found the database lost for good. */
  lost(error: TqError): void;
  /** There may be something to do for an idle thread, or nothing left for any. */
  changed(): void;
}

/** A thread that runs one task for so long gives back what it has claimed behind it: ms. */
const HELD_UP = 50;

/** A thread that was woken so lately is taken to be about to claim one of the ready tasks: ms. */
export const LOOKING = 3;

/** Before a thread that could not load its models, or whose tasks could not be put back, is tried again: ms. */
const AGAIN = 1_000;

/** Who gets the write lock so soon did not wait for another program: ms. */
const AT_ONCE = 250;

export class Pool {
  readonly #options: PoolOptions;
  readonly #config: Config["worker"];
  readonly #events: PoolEvents;
  readonly #shared;
  readonly #threads = new Map<number, PoolThread>();
  #going = false;
  #store: WorkerStore | null = null;
  #stopping = false;
  #heldUpTimer: Timer | null = null;
  /** Claims that were taken back and are still to be given back. */
  #taken: Claim[] = [];
  #givingBack = false;
  #saidNotYet = false;
  /** Deaths are handled one after another. */
  #burials: Promise<void> = Promise.resolve();
  /** Threads that are locked out are ended one after another: only so it shows whose end frees the lock. */
  #lockouts: Promise<void> | null = null;
  /** Tasks that were set aside for their crashes: no thread lives to count them. */
  #poisoned = 0;

  constructor(options: PoolOptions, events: PoolEvents) {
    this.#options = options;
    this.#config = options.config.worker;
    this.#events = events;
    this.#shared = createShared(this.#config.threads);
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

  /** True while one of them holds the write lock, also by what goes on after its tasks. */
  get writing(): boolean {
    return this.threads.some(({ progress }) => progress.lock === "held");
  }

  get busy(): PoolThread[] {
    return this.threads.filter((thread) => !thread.idle);
  }

  /** How many threads were woken just now: each may take one of the ready tasks, or has taken another. */
  get looking(): number {
    const since = performance.now() - LOOKING;
    return this.threads.filter(({ idle, wokenAt }) => !idle && wokenAt > since).length;
  }

  /**
   * Starts the threads: they load their models, and wait for `go`.
   *
   * @param store the main thread's own, which lends a part to each thread.
   */
  start(store: WorkerStore): void {
    this.#store = store;
    for (let thread = 1; thread <= this.#config.threads; thread++) this.#startThread(thread);
  }

  /** The worker is registered: its threads may claim. */
  go(): void {
    this.#going = true;
    for (const thread of this.threads) thread.go();
  }

  /** Lets what runs end within the grace (ms), then interrupts it; resolves when no thread is left. */
  async stop(grace: number): Promise<void> {
    this.#stopping = true;
    for (const thread of this.threads) {
      if (thread.loaded) thread.stop();
      else void thread.terminate("its worker was stopped"); // its models may take for ever
    }
    void this.#takeBack(() => true);
    const limit = setTimeout(() => this.terminate(), grace);
    while (this.#threads.size > 0) {
      await Promise.all(this.threads.map(({ closed }) => closed));
      await this.#burials;
    }
    clearTimeout(limit);
    this.#taken = []; // the worker signs off, and gives back all that it has
    this.watchHeldUp(false);
  }

  /** Ends all threads now. */
  terminate(): void {
    for (const thread of this.threads) void thread.terminate("its worker was stopped");
  }

  /** Tasks that its threads ended so. */
  count(outcome: "finished" | "failed"): number {
    let sum = outcome === "failed" ? this.#poisoned : 0;
    for (let thread = 1; thread <= this.#config.threads; thread++) {
      sum += new Progress(this.#shared, thread).counted(outcome);
    }
    return sum;
  }

  #startThread(number: number): void {
    const lent = this.#use().lend(number);
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

  /** @throws where the system gives no thread. */
  #tryStartThread(number: number, lent: Lent): void {
    const { config, models, worker } = this.#options;
    const { threads, queues } = this.#config;
    const shared = this.#shared.buffer;
    const thread = new PoolThread(
      {
        type: "init",
        config,
        models,
        worker,
        thread: number,
        threads,
        queues,
        shared,
        standardError: standardError(),
        store: lent.part,
      },
      new Progress(this.#shared, number),
      {
        message: (from, message) => this.#heard(from, message),
        closed: (from, reason) => {
          const running = from.progress.running();
          from.progress.end();
          // At once: the burial of another thread may wait for the turn that this one had.
          lent[Symbol.dispose]();
          endLead(this.#shared.lead, from.number);
          this.#burials = this.#burials.then(() => this.#buried(from, running, reason));
        },
      },
    );
    this.#threads.set(number, thread);
    if (this.#going) thread.go();
  }

  #startLater(number: number): void {
    setTimeout(() => !this.#stopping && this.#startThread(number), AGAIN).unref();
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
        this.#lockedOut(thread, message.by);
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

  /** A thread is gone: puts its tasks back, replaces it. */
  async #buried(thread: PoolThread, ran: Claim | null, reason: string): Promise<void> {
    const locker = await thread.lockout;
    if (locker) thread.toBlame = true;
    const running = locker ?? ran;
    if (!thread.loaded && thread.ending === null) {
      const models = this.#options.models.join(", ");
      this.#refuse(thread, new TqError("models", `Cannot load models from ${models}: ${reason}`));
    }
    const wanted = thread.ending !== null && !thread.toBlame;
    // It has given back what it had, or never had any; the worker signs off with the rest.
    if (this.#stopping && (thread.ending === "stopped" || !thread.loaded))
      return void this.#threads.delete(thread.number);
    await this.#putBack(
      { worker: this.#options.worker, thread: thread.number },
      {
        running,
        reason: thread.ending ?? reason,
        maxCrashes: wanted ? null : this.#config.max_crashes,
      },
    );
    this.#threads.delete(thread.number);
    if (this.#stopping) return;
    if (!wanted) {
      const why = thread.ending ?? reason;
      this.#options.report({ name: "thread.replaced", thread: thread.number, reason: why });
    }
    if (thread.loaded) this.#startThread(thread.number);
    else this.#startLater(thread.number);
  }

  #lockedOut(thread: PoolThread, by: Claim | null): void {
    const before = this.#lockouts;
    const lockout = (thread.lockout = this.#endLockedOut(thread, by, before));
    const over = lockout.then(() => {
      if (this.#lockouts === over) this.#lockouts = null;
    });
    this.#lockouts = over;
  }

  /** @returns the task that held the lock: where the end of its thread has freed it. */
  async #endLockedOut(
    thread: PoolThread,
    by: Claim | null,
    before: Promise<void> | null,
  ): Promise<Claim | null> {
    await before;
    // The end of another one may have freed it meanwhile.
    const innocent = by === null || (before !== null && (await this.#gotLock()) !== null);
    const limit = formatDuration(this.#config.lock_timeout);
    const own = by === null ? "" : ", maybe by a connection of a task's own";
    const reason = `the database was locked for over ${limit}${own}`;
    this.#note(`Thread ${thread.number} is replaced: ${reason}`);
    await thread.terminate(reason);
    if (innocent) return null;
    const waited = await this.#gotLock();
    return waited !== null && waited <= AT_ONCE ? by : null;
  }

  /** How long it took to get the write lock: ms; null when somebody keeps it. */
  async #gotLock(): Promise<number | null> {
    const asked = performance.now();
    try {
      return await this.#use().write(() => Promise.resolve(performance.now() - asked));
    } catch {
      return null;
    }
  }

  /** Tries until it is written: the new thread of that number must not be taken for the dead one. */
  async #putBack(owner: Owner, death: ThreadDeath): Promise<void> {
    for (let tries = 0; ; tries++) {
      try {
        const tasks = await this.#use().rescueThread(owner, death);
        for (const task of tasks) this.reportRescued(task, death.running, death.reason);
        return;
      } catch (error) {
        if (tries === 0) {
          this.#note(`Cannot put back the tasks of thread ${owner.thread} yet: ${String(error)}`);
        }
        if (this.#stopping) return; // another worker does, or the next one
        await Bun.sleep(AGAIN);
      }
    }
  }

  /** Says what became of a task that was put back. */
  reportRescued(task: RescuedTask, running: Claim | null, reason: string): void {
    const { report } = this.#options;
    const { id, attempt, model, method, queue, crashes } = task;
    const run = { task: id, attempt, model, method, queue };
    if (task.state === "failed") {
      this.#poisoned += 1;
      report({ name: "task.poisoned", ...run, crashes });
    } else if (task.crashed) report({ name: "task.crashed", ...run, reason, crashes });
    else if (id === running?.id) report({ name: "task.interrupted", ...run, reason });
  }

  /** While threads are busy: what one holds up goes to the others. */
  watchHeldUp(busy: boolean): void {
    if (busy && !this.#heldUpTimer) {
      this.#heldUpTimer = setInterval(() => {
        void this.#takeBack(({ progress, seenBusy }) => progress.sequence === seenBusy);
      }, HELD_UP);
    } else if (!busy && this.#heldUpTimer && this.#taken.length === 0) {
      clearInterval(this.#heldUpTimer);
      this.#heldUpTimer = null;
    }
  }

  /** Gives back what these threads have claimed and not begun, so that other threads can run it. */
  async #takeBack(from: (thread: PoolThread) => boolean): Promise<void> {
    for (const thread of this.threads) {
      if (from(thread)) {
        endLead(this.#shared.lead, thread.number);
        if (thread.progress.unbegun > 0) this.#taken.push(...thread.progress.takeBack());
      }
      thread.seenBusy = thread.progress.sequence;
    }
    if (this.#taken.length === 0 || this.#givingBack) return;
    this.#givingBack = true;
    const claims = this.#taken;
    this.#taken = [];
    try {
      await this.#use().write((session) => session.handBack(claims));
      this.#saidNotYet = false;
    } catch (error) {
      this.#taken.push(...claims); // at the next look
      if (!this.#saidNotYet) {
        this.#note(`Cannot give back ${claims.length} claims yet: ${String(error)}`);
      }
      this.#saidNotYet = true;
    } finally {
      this.#givingBack = false;
    }
    if (!this.#saidNotYet) this.#events.changed();
  }

  #use(): WorkerStore {
    if (this.#store) return this.#store;
    throw new Error("The pool has not been started");
  }

  #note(message: string): void {
    this.#options.report({ name: "log.note", level: "warn", message });
  }
}

/** The error that a thread sent as data. */
function toTqError({ code, error }: { code: string; error: ErrorData }): TqError {
  return new TqError(code as ErrorCode, error.message);
}
