/**
 * One thread leads among those that run quick tasks. Threads that only wait for each other's write lock are slower
 * together than one of them alone: each warms up the same code, and each change of writer costs. So a thread that
 * waits long for the lock parks until the leader meets a slow task, runs out of tasks, or needs the lock for less of
 * its time.
 */
import type { TurnTimes } from "../store/worker-store.ts";
import type { Shared } from "./layout.ts";

/** A thread measures its waiting over spans of this length. */
const SPAN_MS = 40;

/**
 * A thread that spends more than this share of its time waiting for the lock parks. Of two threads that each need the
 * lock for seven tenths of their time, one parks.
 */
const PARKING_SHARE = 0.3;

/** A leader that has the lock for less than this share of its time, and does not wait for it, wakes a parked thread. */
const NEEDED_SHARE = 0.6;

/** A leader that waits for less than this share of its time has the lock to itself. */
const UNDISTURBED_SHARE = 0.05;

/** A parked thread comes back after this long, whatever the leader does, and measures again. */
const LONGEST_PARKED_MS = 5_000;

/** The word with the number of the leading thread; threads count from 1. */
const LEADER = 0;
const NO_LEADER = 0;

/** One thread's part in choosing the leader. */
export class LeaderCandidate {
  readonly #words: Int32Array;
  readonly #thread: number;
  readonly #times: TurnTimes;
  /** The span that is being measured; null: the next round begins one. */
  #span: { leader: number; since: number; waited: number; held: number } | null = null;
  /** The leader that it parks for. */
  #parksFor: number | null = null;

  constructor({ leader }: Pick<Shared, "leader">, thread: number, times: TurnTimes) {
    this.#words = leader;
    this.#thread = thread;
    this.#times = times;
  }

  /**
   * Call it at the end of each round of quick tasks. The first thread to call it leads.
   *
   * @param now monotonic, in ms
   * @returns true when the thread is to claim nothing more, and to `park`.
   */
  measure(now: number): boolean {
    const leader = this.#leader();
    const { waited, held } = this.#times;
    const span = this.#span;
    if (span?.leader === leader && now - span.since < SPAN_MS) return false;
    this.#span = { leader, since: now, waited, held };
    if (span?.leader !== leader) return false;
    const length = now - span.since;
    const waitingShare = (waited - span.waited) / length;
    const neededShare = (held - span.held) / length;
    if (leader !== this.#thread) {
      if (waitingShare > PARKING_SHARE) this.#parksFor = leader;
    } else if (waitingShare < UNDISTURBED_SHARE && neededShare < NEEDED_SHARE) {
      Atomics.notify(this.#words, LEADER, 1);
    }
    return this.mustPark;
  }

  get mustPark(): boolean {
    return this.#parksFor !== null;
  }

  /** Resolves when the thread may go on: the leader has woken it or changed, or `woken` has resolved. */
  async park(woken: Promise<void>): Promise<void> {
    const leader = this.#parksFor;
    this.#forget();
    if (leader === null) return;
    const waiting = Atomics.waitAsync(this.#words, LEADER, leader, LONGEST_PARKED_MS);
    if (waiting.async) await Promise.race([waiting.value, woken]);
  }

  /** The thread runs no quick tasks now: if it leads, the parked threads come back. */
  resign(): void {
    this.#forget();
    removeLeader(this.#words, this.#thread);
  }

  #forget(): void {
    this.#span = null;
    this.#parksFor = null;
  }

  /** The leading thread: this one where there was none. */
  #leader(): number {
    const before = Atomics.compareExchange(this.#words, LEADER, NO_LEADER, this.#thread);
    return before === NO_LEADER ? this.#thread : before;
  }
}

/**
 * Ends the lead of this thread, if it has it, and wakes all parked threads. The main thread calls it too, when the
 * thread is dead or hangs.
 */
export function removeLeader(leader: Int32Array, thread: number): void {
  if (Atomics.compareExchange(leader, LEADER, thread, NO_LEADER) === thread) {
    Atomics.notify(leader, LEADER);
  }
}
