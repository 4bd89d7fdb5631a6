/**
 * Looks for tasks and wakes as many idle threads as can run one: after a commit by any process, when a scheduled
 * task comes due, and when a thread has become idle.
 */
import { monotonicNow } from "../clock.ts";
import type { Config } from "../settings/config.ts";
import type { Report } from "../log/events.ts";
import { LastingNote } from "../log/lasting-note.ts";
import { pauseWords } from "../store/pause-words.ts";
import { CLAIM_MS, type Watch, type WorkerStore } from "../store/worker-store.ts";
import { formatDuration } from "../values/duration.ts";
import { DueTasks } from "./due-tasks.ts";
import type { Pool } from "./pool.ts";
import type { PoolThread } from "./pool-thread.ts";

export interface WakingOptions {
  /** The worker's id. */
  readonly id: string;
  readonly config: Config;
  readonly store: WorkerStore;
  readonly pool: Pool;
  readonly report: Report;
  /** Which tasks must have ended before the worker counts as drained; undefined: it never does. */
  readonly drain: "ready" | "all" | undefined;
}

export interface WakingEvents {
  /**
   * A look has ended.
   *
   * @param allIdle no thread of this worker runs a task.
   * @param isCalm it is known that no worker holds a task.
   */
  looked(allIdle: boolean, isCalm: boolean): void;
  /** No task is left to run. @returns true where its end has pushed others */
  draining(): Promise<boolean>;
  /**
   * No task is left to run.
   *
   * @param held says what is paused; null: nothing is.
   */
  drained(held: string | null): void;
}

/** The pause after a look that failed. */
const AFTER_FAILURE_MS = 1_000;

/** A worker that drains says once that it waits for longer. */
const LONG_DRAIN_MS = 3_600_000;

export class Waking {
  readonly #options: WakingOptions;
  readonly #config: Config["worker"];
  readonly #events: WakingEvents;
  readonly #store: WorkerStore;
  readonly #pool: Pool;
  readonly #watch: Watch;
  readonly #due: DueTasks;
  readonly #failure: LastingNote;
  #looking = false;
  #lookAgain = false;
  #stopped = false;
  #saidLongDrain = false;

  constructor(options: WakingOptions, events: WakingEvents) {
    this.#options = options;
    this.#config = options.config.worker;
    this.#events = events;
    this.#store = options.store;
    this.#pool = options.pool;
    this.#watch = this.#store.watch({ look: () => this.look(), hint: () => this.#wakeEarly() });
    this.#failure = new LastingNote(options.report);
    this.#due = new DueTasks(this.#store, () => this.look());
  }

  /** Wakes as many idle threads as there are ready tasks; sets the timer for the next scheduled one. */
  look(): void {
    if (this.#stopped) return;
    this.#lookAgain = true;
    if (!this.#looking) void this.#lookUntilQuiet();
  }

  /** Finds commits that sent no event, and due tasks that busy threads have not made ready. Call it now and then. */
  check(): void {
    this.#watch.check();
    // While all threads are idle, the next look comes in time for the next due task.
    if (this.#pool.busyThreads.length > 0) this.#due.makeReady();
  }

  stop(): void {
    this.#stopped = true;
    this.#watch.disarm();
    this.#due.stop();
  }

  async #lookUntilQuiet(): Promise<void> {
    this.#looking = true;
    try {
      while (this.#lookAgain && !this.#stopped) {
        this.#lookAgain = false;
        await this.#lookOnce();
      }
      this.#failure.gone();
    } catch (error) {
      if (this.#stopped) return; // nothing is looked for any more
      this.#failure.say(`Cannot look for tasks: ${String(error)}`);
      this.#due.lookFor(null, AFTER_FAILURE_MS);
    } finally {
      this.#looking = false;
    }
  }

  async #lookOnce(): Promise<void> {
    const { idleThreads: idle, serving } = this.#pool;
    const allIdle = idle.length === serving.length;
    let othersHoldTasks = true; // not known while all threads are busy
    if (idle.length === 0) this.#watch.disarm();
    else othersHoldTasks = await this.#wakeSome(idle, allIdle);
    this.#events.looked(allIdle, allIdle && !othersHoldTasks);
  }

  /** @returns true while other workers hold tasks. */
  async #wakeSome(idle: readonly PoolThread[], allIdle: boolean): Promise<boolean> {
    this.#watch.arm(); // before the look: the watch tells only of later commits
    const { queues } = this.#config;
    const options = { queues, limit: idle.length, worker: this.#options.id };
    const asked = monotonicNow();
    const { due, ready, pauseEnds, othersHoldTasks } = await this.#store.look(options);
    const isDue = this.#due.isSoon(due);
    const wanted = Math.max(ready, isDue ? 1 : 0);
    const alreadyWoken = Math.min(wanted, this.#pool.wokenJustBefore(asked));
    for (const thread of idle.slice(0, wanted - alreadyWoken)) thread.wake();
    if (isDue) this.#due.makeReady();
    // A thread that was woken just now may have claimed already, and take none of these: look again once that is known.
    const next = pauseEnds === null ? due : Math.min(due ?? pauseEnds, pauseEnds);
    this.#due.lookFor(next, alreadyWoken > 0 ? CLAIM_MS : this.#config.poll_interval);
    if (ready === 0 && !isDue && allIdle) await this.#checkDrained(due);
    return othersHoldTasks;
  }

  /** Wakes one thread before the look: on a file even before the commit is visible, so that it claims once it is. */
  #wakeEarly(): void {
    if (!this.#stopped) this.#pool.idleThreads[0]?.wake();
  }

  /** @param due when the next scheduled task is due; null: none is. */
  async #checkDrained(due: number | null): Promise<void> {
    if (!this.#options.drain) return;
    if (await this.#hasWork()) return this.#sayLongDrain(due);
    // While it waited, what follows the ends of tasks may have pushed some as well.
    if ((await this.#events.draining()) || (await this.#hasWork())) return this.look();
    const [pauses, now] = [await this.#store.pauses.list(), this.#store.now()];
    const words = pauses.map((pause) => pauseWords(pause, now)).join("; ");
    this.#events.drained(words || null);
  }

  #hasWork(): Promise<boolean> {
    return this.#store.hasWork(this.#config.queues, this.#options.drain === "all");
  }

  /** Its user may not know of a task that is due in two days, and would wait without a word. */
  #sayLongDrain(due: number | null): void {
    const wait = due === null ? 0 : due - this.#store.now();
    if (this.#options.drain !== "all" || wait < LONG_DRAIN_MS || this.#saidLongDrain) return;
    this.#saidLongDrain = true;
    const message = `Draining waits for scheduled tasks too, and the next one is due in ${formatDuration(wait)}; --drain ends without them`;
    this.#options.report({ name: "log.note", level: "warn", message });
  }
}
