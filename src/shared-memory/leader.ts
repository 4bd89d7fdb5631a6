/**
 * Threads that only wait for each other's write lock are slower together than one of them alone: each warms up the
 * same code, and each change of writer costs. So of those that run quick tasks one leads, and who waits long for the
 * lock steps aside: until the leader meets something slow, has nothing more to do, or needs the lock for less.
 */
import type { TurnTimes } from "../store/worker-store.ts";
import type { Shared } from "./layout.ts";

/** So long it is measured: ms. */
const SPAN = 40;

/** Who waits for such a share of its time steps aside. Of two threads one does that need the lock for seven tenths of theirs. */
const WAITS = 0.3;

/** A leader that has the lock for a smaller share of its time, and waits for nobody, calls another one back. */
const NEEDS = 0.6;

/** A share of the time that is next to nothing. */
const HARDLY = 0.05;

/** However it is, who has stepped aside comes back after so long, and measures anew: ms. */
const REST = 5_000;

/** The number of the thread that leads is at this index; there is none 0. */
const LEADER = 0;
const NOBODY = 0;

/** One thread's part in it. */
export class Lead {
  readonly #words: Int32Array;
  readonly #thread: number;
  readonly #times: TurnTimes;
  /** Where the present span began; null: with the next round. */
  #span: { leader: number; since: number; waited: number; held: number } | null = null;
  /** The leader that it has stepped aside for. */
  #asideFor: number | null = null;

  constructor({ lead }: Pick<Shared, "lead">, thread: number, times: TurnTimes) {
    this.#words = lead;
    this.#thread = thread;
    this.#times = times;
  }

  /**
   * Call it at the end of each round of quick tasks. Whoever comes first leads.
   *
   * @param now monotonic, ms
   * @returns true when this thread is to step aside: it claims nothing more, and waits for `over`.
   */
  stepsAside(now: number): boolean {
    const leader = this.#take();
    const { waited, held } = this.#times;
    const span = this.#span;
    if (span?.leader === leader && now - span.since < SPAN) return false;
    this.#span = { leader, since: now, waited, held };
    if (span?.leader !== leader) return false;
    const length = now - span.since;
    const waits = (waited - span.waited) / length;
    const needs = (held - span.held) / length;
    if (leader !== this.#thread) {
      if (waits > WAITS) this.#asideFor = leader;
    } else if (waits < HARDLY && needs < NEEDS) Atomics.notify(this.#words, LEADER, 1);
    return this.isAside;
  }

  get isAside(): boolean {
    return this.#asideFor !== null;
  }

  /** Resolves when who has stepped aside may go on, or when it is woken. */
  async over(woken: Promise<void>): Promise<void> {
    const leader = this.#asideFor;
    this.#forget();
    if (leader === null) return;
    const waiting = Atomics.waitAsync(this.#words, LEADER, leader, REST);
    if (waiting.async) await Promise.race([waiting.value, woken]);
  }

  /** It runs no quick tasks now: if it leads, the others come back. */
  leave(): void {
    this.#forget();
    endLead(this.#words, this.#thread);
  }

  #forget(): void {
    this.#span = null;
    this.#asideFor = null;
  }

  #take(): number {
    const before = Atomics.compareExchange(this.#words, LEADER, NOBODY, this.#thread);
    return before === NOBODY ? this.#thread : before;
  }
}

/** If the thread leads, it does so no longer: for the main thread, when it is dead or does not come back. */
export function endLead(lead: Int32Array, thread: number): void {
  if (Atomics.compareExchange(lead, LEADER, thread, NOBODY) === thread)
    Atomics.notify(lead, LEADER);
}
