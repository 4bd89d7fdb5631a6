/** A thread's loop: claim, run, settle and claim again; when there is nothing, wait to be woken. */
import { isTqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import type { Lead } from "../shared-memory/leader.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import { runAlone } from "./alone.ts";
import { runBatch } from "./batch.ts";
import { Trouble } from "./database-trouble.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";

export class Loop {
  readonly #thread: ThreadRuntime;
  /** Where there are other threads that may step aside for this one. */
  readonly #lead: Lead | null;
  readonly #idle: () => void;
  readonly #maxTasks: number;
  readonly #trouble: Trouble;
  #stopping = false;
  #lost = false;
  #lockedOut = false;
  /** The task that runs, or has run last, by itself. */
  #alone: ClaimedTask | null = null;
  #ran = 0;
  /** Claimed and not begun, in their order. */
  #held: ClaimedTask[] = [];
  /** What the next claim asks for. */
  #size = 1;
  #wake = Promise.withResolvers<void>();

  /**
   * @param idle called each time there is nothing to do.
   * @param maxTasks ends after so many; 0: no limit.
   */
  constructor(thread: ThreadRuntime, idle: () => void, maxTasks: number, lead: Lead | null = null) {
    this.#thread = thread;
    this.#lead = lead;
    this.#idle = idle;
    this.#maxTasks = maxTasks;
    this.#trouble = new Trouble(thread.store.name, thread.report);
  }

  wake(): void {
    this.#wake.resolve();
  }

  /** True when it has ended because its database is lost for good. */
  get lost(): boolean {
    return this.#lost;
  }

  /**
   * True when it has ended because the database stayed locked. A connection of the last task's own may hold the lock,
   * where that one was alone.
   */
  get lockedOut(): { readonly by: Claim | null } | null {
    if (!this.#lockedOut) return null;
    return { by: this.#alone && { id: this.#alone.id, claim: this.#alone.claim } };
  }

  /** Claims nothing more; what runs ends, what has not begun goes back. */
  stop(): void {
    this.#stopping = true;
    this.wake();
  }

  /** Resolves when it was told to stop, or has run as many tasks as it may. @throws when it cannot go on. */
  async run(): Promise<"stopped" | "retired"> {
    while (!this.#stopping && !this.#tired()) {
      try {
        await this.#round();
        // Tasks that never wait would keep the thread from hearing "stop", and from its timers and its log.
        await nextTurn();
      } catch (error) {
        await this.#getOver(error);
      }
    }
    this.#lead?.leave();
    await this.#handBack();
    return this.#stopping ? "stopped" : "retired";
  }

  async #round(): Promise<void> {
    if (this.#held.length === 0) {
      if (this.#lead?.isAside) await this.#standAside();
      this.#hold(await this.#claim());
      this.#trouble.over();
    }
    const [first] = this.#held;
    if (!first) return this.#sleep();
    if (!this.#thread.progress.begin(first)) {
      this.#held = []; // taken back, as it waited too long
      return;
    }
    const batch = this.#takeBatch(first);
    this.#ran += batch.length;
    this.#alone = batch.length > 1 || this.#isQuick(first) ? null : first;
    if (this.#alone) this.#lead?.leave();
    const next = this.#alone
      ? await runAlone(this.#thread, first, () => this.#roundEnd(batch))
      : await runBatch(
          this.#thread,
          batch,
          () => this.#roundEnd(batch),
          () => this.#lead?.leave(),
        );
    this.#trouble.forget();
    this.#hold(next);
  }

  /** The quick tasks that come first, or the first one alone. */
  #takeBatch(first: ClaimedTask): ClaimedTask[] {
    let size = 1;
    if (this.#isQuick(first)) {
      const end = this.#held.findIndex((task) => !this.#isQuick(task));
      size = end === -1 ? this.#held.length : end;
    }
    return this.#held.splice(0, size);
  }

  /** A task whose last run did not end it is not expected to be quick this time. */
  #isQuick(task: ClaimedTask): boolean {
    return !task.suspect && !task.again && this.#thread.methods.of(task).isQuick;
  }

  /** Nothing waits behind a run that may be long: what is still held goes back, and is claimed anew. */
  #roundEnd(batch: readonly ClaimedTask[]): RoundEnd {
    const last = batch.at(-1);
    const best = last ? this.#thread.methods.of(last).batchSize : 1;
    this.#size = Math.min(best, batch.length * 2, this.#left());
    const aside = !this.#alone && this.#lead?.stepsAside(performance.now());
    const none = this.#stopping || aside;
    return { handBack: this.#held.splice(0), claim: none ? 0 : this.#size };
  }

  #left(): number {
    return this.#maxTasks > 0 ? Math.max(this.#maxTasks - this.#ran, 0) : Infinity;
  }

  #tired(): boolean {
    return this.#left() === 0 || this.#lockedOut;
  }

  #hold(tasks: ClaimedTask[]): void {
    this.#held = tasks;
    this.#thread.progress.hold(tasks);
  }

  async #claim(): Promise<ClaimedTask[]> {
    // The new promise first: a wake-up that comes while the store looks must not be lost.
    this.#wake = Promise.withResolvers<void>();
    if (this.#stopping) return [];
    const { store, queues, owner } = this.#thread;
    const limit = Math.max(Math.min(this.#size, this.#left()), 1);
    return store.claim({ owner, queues, limit });
  }

  async #standAside(): Promise<void> {
    this.#wake = Promise.withResolvers<void>();
    if (!this.#stopping) await this.#lead?.over(this.#wake.promise);
  }

  async #sleep(): Promise<void> {
    this.#lead?.leave();
    if (this.#stopping) return;
    this.#idle();
    await this.#wake.promise;
  }

  async #handBack(): Promise<void> {
    const held = this.#held.splice(0);
    if (held.length > 0) await this.#thread.store.write((session) => session.handBack(held));
  }

  /**
   * The database refused: nothing of the round is kept. Waits, and gives the round's claims back as soon as
   * that can be written.
   */
  async #getOver(error: unknown): Promise<void> {
    const { store, owner } = this.#thread;
    const since = performance.now();
    this.#lead?.leave();
    this.#hold([]);
    await this.#checkStore();
    for (let wait = this.#trouble.met(error); ;) {
      this.#wake = Promise.withResolvers<void>();
      await Promise.race([Bun.sleep(wait), this.#wake.promise]);
      try {
        await store.rescueThread(owner, { running: null, reason: "", maxCrashes: null });
        return;
      } catch (again) {
        if (this.#stopping) throw error;
        await this.#checkStore();
        if (this.#isLockedOut(again, since)) return;
        wait = this.#trouble.met(again);
      }
    }
  }

  /**
   * The lock may be held by a connection that a task has opened in this thread and forgotten: only the end of the
   * thread frees that one. A thread that has run nothing since it began holds none.
   */
  #isLockedOut(error: unknown, since: number): boolean {
    const limit = this.#thread.config.worker.lock_timeout;
    if (!isTqError(error) || error.code !== "busy" || limit === 0 || this.#ran === 0) return false;
    this.#lockedOut = performance.now() - since >= limit;
    // A transaction that some task of this thread has left behind: nobody knows which.
    if (this.#thread.progress.lock === "held") this.#alone = null;
    return this.#lockedOut;
  }

  async #checkStore(): Promise<void> {
    try {
      await this.#thread.store.check();
    } catch (error) {
      this.#lost = true;
      throw error;
    }
  }
}
