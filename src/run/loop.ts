/** A thread's loop: it claims, runs, settles and claims again; without tasks it waits to be woken. */
import { monotonicNow, sleep } from "../clock.ts";
import { isTqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import type { LeaderCandidate } from "../shared-memory/leader.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import { runAlone } from "./alone.ts";
import { runBatch } from "./batch.ts";
import { DatabaseTrouble, isOfDatabase } from "./database-trouble.ts";
import type { RoundEnd, ThreadRuntime } from "./thread-runtime.ts";
import type { AbortCause } from "../transaction/current-task.ts";
import { tellToEnd } from "./time-limit.ts";

const NONE: readonly ClaimedTask[] = [];

const ABORT_REASONS: Record<AbortCause, string> = {
  timeout: "its time is over",
  cancel: "its task was cancelled",
  stop: "its worker stops",
};

export class Loop {
  readonly #thread: ThreadRuntime;
  /** Null where threads do not wait for each other to write: none of them leads, and none parks. */
  readonly #candidate: LeaderCandidate | null;
  readonly #onIdle: () => void;
  readonly #maxTasks: number;
  readonly #trouble: DatabaseTrouble;
  #stopping = false;
  #lost = false;
  #lockedOut = false;
  #broken: { readonly isBatch: boolean } | null = null;
  /** The task that runs by itself, or did so last; null after a batch. */
  #alone: ClaimedTask | null = null;
  /** The tasks of the round under way, then of the last one, until the turn of the event loop after it. */
  #justEnded: readonly ClaimedTask[] = NONE;
  /** How many tasks were taken to be run; some of a batch may have gone back. */
  #taken = 0;
  /** Claimed tasks that have not begun, in their order. */
  #claims: ClaimedTask[] = [];
  /** How many tasks the next claim asks for. */
  #claimSize = 1;
  #wake = Promise.withResolvers<void>();

  /**
   * @param onIdle called each time the thread runs out of tasks.
   * @param maxTasks the loop ends after this many; 0: no limit.
   */
  constructor(
    thread: ThreadRuntime,
    onIdle: () => void,
    maxTasks: number,
    candidate: LeaderCandidate | null = null,
  ) {
    this.#thread = thread;
    this.#candidate = candidate;
    this.#onIdle = onIdle;
    this.#maxTasks = maxTasks;
    this.#trouble = new DatabaseTrouble(thread.store.name, thread.report, thread.outage);
  }

  wake(): void {
    this.#wake.resolve();
  }

  /** True when the loop ended because its database is lost for good. */
  get lost(): boolean {
    return this.#lost;
  }

  /**
   * Not null when the loop ended because the database stayed locked. `by` is the last task, where that ran by itself:
   * a connection that it opened may hold the lock.
   */
  get lockedOut(): { readonly by: Claim | null } | null {
    if (!this.#lockedOut) return null;
    return { by: this.#alone && { id: this.#alone.id, claim: this.#alone.claim } };
  }

  /** Not null when the loop ended because a task that it ran by itself, or one of a batch, has broken the thread. */
  get broken(): { readonly isBatch: boolean } | null {
    return this.#broken;
  }

  /** The tasks that ended in this turn of the event loop, once none of them runs. */
  get justEnded(): readonly ClaimedTask[] {
    return this.#justEnded;
  }

  /** The loop claims nothing more: the run under way ends, and claims that have not begun go back. */
  stop(): void {
    this.#stopping = true;
    const { progress, store } = this.#thread;
    if (progress.running() === null) store.hurry?.();
    this.wake();
  }

  /** Tells the run of this claim, while it is under way, to end by itself. */
  abort({ id, claim }: Claim, cause: AbortCause): void {
    const { present, progress } = this.#thread;
    const running = progress.running();
    if (running?.id !== id || running.claim !== claim || present.task?.id !== id) return;
    const reason = new DOMException(ABORT_REASONS[cause], "AbortError");
    tellToEnd(present.task, cause, reason, this.#thread);
  }

  /**
   * Resolves once the loop was told to stop, has run as many tasks as it may, or is locked out of the database: that
   * is "retired" too, and `lockedOut` tells it apart.
   *
   * @throws when the database is lost for good, or fails while the loop stops, or where the thread is `broken`.
   */
  async run(): Promise<"stopped" | "retired"> {
    while (!this.#stopping && !this.#mustRetire()) {
      try {
        await this.#round();
        // Tasks that never wait would keep the thread from its messages, its timers and its log.
        await nextTurn();
        this.#justEnded = NONE;
      } catch (error) {
        if (this.#taken > 0 && !isOfDatabase(error)) this.#break(error);
        await this.#recover(error);
      }
    }
    this.#candidate?.resign();
    await this.#handBack();
    return this.#stopping ? "stopped" : "retired";
  }

  /** A task has broken what the thread needs, such as `Promise`: here it would run again, without an end. */
  #break(error: unknown): never {
    if (this.#alone) this.#thread.progress.resume();
    this.#broken = { isBatch: this.#alone === null };
    throw error;
  }

  async #round(): Promise<void> {
    if (this.#claims.length === 0) {
      if (this.#candidate?.mustPark) await this.#park();
      this.#setClaims(await this.#claim());
      this.#trouble.end();
    }
    const [first] = this.#claims;
    if (!first) return this.#sleep();
    // It marks the first task of a batch as begun; `runBatch` marks the others.
    if (!this.#thread.progress.begin(first)) {
      this.#claims = []; // the main thread took them back: they waited too long
      return;
    }
    const batch = this.#takeBatch(first);
    this.#taken += batch.length;
    this.#justEnded = batch;
    this.#alone = this.#isQuick(first) ? null : first; // a single quick task is a batch too
    if (this.#alone) this.#candidate?.resign();
    const next = this.#alone
      ? await runAlone(this.#thread, first, () => this.#endRound(batch))
      : await runBatch(
          this.#thread,
          batch,
          () => this.#endRound(batch),
          () => this.#candidate?.resign(),
        );
    this.#trouble.resetWait();
    this.#setClaims(next);
  }

  /** The quick tasks at the front, or the first task alone. */
  #takeBatch(first: ClaimedTask): ClaimedTask[] {
    if (!this.#isQuick(first)) return this.#claims.splice(0, 1);
    const { methods } = this.#thread;
    const { isTrusted, mostInBatch } = methods.of(first);
    const goesAlong = (task: ClaimedTask) =>
      this.#isQuick(task) && methods.of(task).isTrusted === isTrusted;
    const end = this.#claims.findIndex((task) => !goesAlong(task));
    const size = end === -1 ? this.#claims.length : end;
    return this.#claims.splice(0, Math.min(size, mostInBatch));
  }

  /** A task that comes back from an earlier run (`again`) may be slow now, so it runs alone. */
  #isQuick(task: ClaimedTask): boolean {
    return !task.suspect && !task.again && this.#thread.methods.of(task).isQuick;
  }

  /**
   * Decides what the commit of this round does besides. It gives back all claims that have not begun, so that other
   * threads can take them (those behind a run under way the main thread takes back), and claims up to twice as many tasks
   * as this round ran; none when the thread stops or parks.
   */
  #endRound(batch: readonly ClaimedTask[]): RoundEnd {
    const last = batch.at(-1);
    const best = last ? this.#thread.methods.of(last).batchSize : 1;
    this.#claimSize = Math.min(best, batch.length * 2, this.#left());
    const parks = !this.#alone && this.#candidate?.measure(monotonicNow());
    const claimUpTo = this.#stopping || parks ? 0 : this.#claimSize;
    return { handBack: this.#claims.splice(0), claimUpTo };
  }

  #left(): number {
    return this.#maxTasks > 0 ? Math.max(this.#maxTasks - this.#taken, 0) : Infinity;
  }

  #mustRetire(): boolean {
    return this.#left() === 0 || this.#lockedOut;
  }

  #setClaims(tasks: ClaimedTask[]): void {
    this.#claims = tasks;
    this.#thread.progress.setClaims(tasks);
  }

  async #claim(): Promise<ClaimedTask[]> {
    // The promise comes first: a wake-up while the store looks must not be lost.
    this.#wake = Promise.withResolvers<void>();
    if (this.#stopping) return [];
    const { store, queues, owner } = this.#thread;
    const limit = Math.max(Math.min(this.#claimSize, this.#left()), 1);
    return store.claim({ owner, queues, limit });
  }

  async #park(): Promise<void> {
    this.#wake = Promise.withResolvers<void>();
    if (!this.#stopping) await this.#candidate?.park(this.#wake.promise);
  }

  async #sleep(): Promise<void> {
    this.#candidate?.resign();
    if (this.#stopping) return;
    this.#onIdle();
    await this.#wake.promise;
  }

  async #handBack(): Promise<void> {
    const claims = this.#claims.splice(0);
    if (claims.length > 0) await this.#thread.store.write((session) => session.handBack(claims));
  }

  /**
   * The round failed, and all that it did not commit is rolled back. The thread waits until it can write again, and
   * gives the round's claims back.
   */
  async #recover(error: unknown): Promise<void> {
    const { store, owner } = this.#thread;
    const since = monotonicNow();
    this.#candidate?.resign();
    this.#setClaims([]);
    await this.#checkStore();
    for (let wait = this.#trouble.record(error); ;) {
      this.#wake = Promise.withResolvers<void>();
      await Promise.race([sleep(wait), this.#wake.promise]);
      try {
        // Gives back whatever this living thread has claimed: no run is to blame, so the reason is stored nowhere.
        await store.rescueThread(owner, { running: null, reason: "", maxCrashes: null });
        return;
      } catch (again) {
        if (this.#stopping) throw error;
        await this.#checkStore();
        if (this.#recordLockout(again, since)) return;
        wait = this.#trouble.record(again);
      }
    }
  }

  /**
   * Returns true when the database was locked for `worker.lock_timeout`, and this thread must end: a task may have left
   * a connection with the lock, which only the thread's end closes. A thread that has run no task has no such
   * connection.
   */
  #recordLockout(error: unknown, since: number): boolean {
    const { config, store } = this.#thread;
    const limit = config.worker.lock_timeout;
    if (!store.traits.singleWriter) return false;
    if (!isTqError(error) || error.code !== "busy" || limit === 0 || this.#taken === 0)
      return false;
    this.#lockedOut = monotonicNow() - since >= limit;
    // A task of this thread left a transaction behind, and it need not be the last one.
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
