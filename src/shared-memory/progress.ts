/** A thread's progress, in memory that it shares with the main thread: no task needs a message. */
import { monotonicNow } from "../clock.ts";
import type { LockWatch } from "../store/worker-store.ts";
import type { Claim } from "../task.ts";
import type { Shared } from "./layout.ts";

/** The words of a thread's slot, and where each is. */
const WORD = {
  sequence: 0,
  /** The claim number of the run under way. */
  claim: 1,
  finished: 2,
  failed: 3,
  /** How many claims `setClaims` wrote, begun or not. */
  claimCount: 4,
  /** Which claims have not begun: see CURSOR_BASE. */
  cursor: 5,
  lock: 6,
  runInBatch: 7,
  lockSequence: 8,
  /** The longest time of a run, in ms, and the sequence of the run that has it. */
  timeout: 9,
  timeoutSequence: 10,
  /** The sequence of the run that uses its signal. */
  signalSequence: 11,
} as const;

/** How a thread's transaction stands to the database's write lock. */
const LOCKS = ["none", "awaited", "held"] as const;

export type Lock = (typeof LOCKS)[number];

/** In place of a run's sequence, for user code that runs outside any task; -1 means none in watch-threads.ts. */
const OUTSIDE_TASK = -2;

/** The most claims that a thread can hold at a time: its slot takes no more. */
export const MAX_CLAIMS = 500;

/** The words come first, then a number for each claim. */
export const SLOT_WORDS = Object.keys(WORD).length + MAX_CLAIMS;

/**
 * The id of the running task comes first, then that of each claim's task, then the delay of `setTimeout`, then the ms
 * that the thread has waited for the write lock.
 */
export const SLOT_IDS = 3 + MAX_CLAIMS;

/** The cursor is the round's number times this, plus how many of its claims have not begun, so it exceeds MAX_CLAIMS. */
const CURSOR_BASE = 1_024;

/** Rounds are numbered modulo this: the cursor stays within an Int32. */
const ROUNDS = 2_000_000;

/**
 * The run of one thread, its claims that have not begun, and how many of its runs finished or failed. The thread
 * writes; the main thread reads, takes back claims that have not begun, and ends the run of a dead thread.
 */
export class Progress implements LockWatch {
  readonly #slots: Int32Array;
  readonly #ids: Float64Array;
  readonly #at: number;
  readonly #idsAt: number;
  #round = 0;
  #unbegun = 0;
  /** Since when the thread waits for the write lock: monotonic, ms; null: it does not. */
  #awaitsSince: number | null = null;

  constructor({ slots, ids }: Shared, thread: number) {
    this.#slots = slots;
    this.#ids = ids;
    this.#at = thread * SLOT_WORDS;
    this.#idsAt = thread * SLOT_IDS;
  }

  /** Counts the begins and ends of runs: odd while a task runs, and another number for each run. */
  get sequence(): number {
    return this.#load("sequence");
  }

  /** The thread holds these claims now, and begins them in this order; those it held before have ended. */
  setClaims(claims: readonly Claim[]): void {
    if (claims.length > MAX_CLAIMS) {
      // One more claim would go into the next thread's slot.
      throw new RangeError(
        `A thread cannot hold ${claims.length} claims: the most is ${MAX_CLAIMS}`,
      );
    }
    this.#round = (this.#round + 1) % ROUNDS;
    this.#unbegun = claims.length;
    this.#store("cursor", this.#round * CURSOR_BASE); // until they are written, none can be taken back
    claims.forEach(({ id, claim }, index) => {
      this.#ids[this.#idsAt + 1 + index] = id;
      this.#slots[this.#at + SLOT_WORDS - MAX_CLAIMS + index] = claim;
    });
    this.#store("claimCount", claims.length);
    this.#store("cursor", this.#round * CURSOR_BASE + claims.length);
  }

  /** Begins the next claim; false when the main thread has taken it back, with all behind it. */
  begin({ id, claim }: Claim): boolean {
    const before = this.#round * CURSOR_BASE + this.#unbegun;
    if (this.#exchange("cursor", before, before - 1) !== before) return false;
    this.#unbegun -= 1;
    const { sequence } = this;
    const even = sequence % 2 === 0 ? sequence : sequence + 1;
    // Readers see that nothing runs; a reader that began before sees the change, and reads again.
    this.#store("sequence", even);
    this.#ids[this.#idsAt] = id;
    this.#store("claim", claim);
    this.#store("sequence", even + 1);
    return true;
  }

  /** Records that nothing runs now. */
  end(): void {
    this.setRunInBatch(0);
    const { sequence } = this;
    if (sequence % 2 !== 0) this.#store("sequence", sequence + 1);
  }

  /** The run that ended last is under way again: how it would end is what ends its thread. */
  resume(): void {
    const { sequence } = this;
    if (sequence % 2 === 0) this.#store("sequence", sequence + 1);
  }

  /**
   * Says how long the present run may take.
   *
   * @param retryAfter the ms after which its task is tried again where it takes longer; null: the task then fails.
   */
  setTimeout(ms: number, retryAfter: number | null): void {
    this.#ids[this.#idsAt + SLOT_IDS - 2] = retryAfter ?? -1;
    this.#store("timeout", ms);
    this.#store("timeoutSequence", this.sequence);
  }

  /** The longest time of the present run, and the delay of its task's next run; null: it has no limit. */
  get timeout(): { readonly ms: number; readonly retryAfter: number | null } | null {
    if (this.#load("timeoutSequence") !== this.sequence) return null;
    const retryAfter = this.#ids[this.#idsAt + SLOT_IDS - 2] ?? -1;
    return { ms: this.#load("timeout"), retryAfter: retryAfter < 0 ? null : retryAfter };
  }

  /** The present run uses its signal: it may end by itself once it is told to. */
  signalTaken(): void {
    this.#store("signalSequence", this.sequence);
  }

  get usesSignal(): boolean {
    return this.#load("signalSequence") === this.sequence;
  }

  /** Takes back the claims that have not begun: from now on the thread cannot begin them. */
  takeBack(): Claim[] {
    const cursor = this.#load("cursor");
    const unbegun = cursor % CURSOR_BASE;
    if (unbegun === 0) return [];
    const claims = this.#lastClaims(unbegun);
    return this.#exchange("cursor", cursor, cursor - unbegun) === cursor ? claims : [];
  }

  get lock(): Lock {
    return LOCKS[this.#load("lock")] ?? "none";
  }

  #setLock(lock: Lock): void {
    this.#store("lock", LOCKS.indexOf(lock));
  }

  /** A transaction of the thread waits for the write lock. */
  lockAwaited(now = monotonicNow()): void {
    this.#awaitsSince = now;
    this.#setLock("awaited");
  }

  /** The ms that threads of this number have waited for the write lock, without a wait that goes on: compare two readings. */
  get awaited(): number {
    return this.#ids[this.#idsAt + SLOT_IDS - 1] ?? 0;
  }

  /** The same for this thread, with a wait that goes on. */
  get awaitedSoFar(): number {
    const since = this.#awaitsSince;
    return this.awaited + (since === null ? 0 : monotonicNow() - since);
  }

  #endWait(now: number): void {
    if (this.#awaitsSince === null) return;
    this.#ids[this.#idsAt + SLOT_IDS - 1] = this.awaited + now - this.#awaitsSince;
    this.#awaitsSince = null;
  }

  /**
   * A transaction of the thread has the write lock.
   *
   * @param outsideTask true for user code that runs outside any task; false for runs, and for the engine itself.
   */
  lockTaken(outsideTask: boolean, now = monotonicNow()): void {
    this.#endWait(now);
    if (outsideTask) this.#store("lockSequence", OUTSIDE_TASK);
    else this.assignLock();
    this.#setLock("held");
  }

  /** The thread neither has the write lock nor waits for it. */
  lockReleased(now = monotonicNow()): void {
    this.#endWait(now);
    this.#setLock("none");
  }

  /** The run that began last has the lock, or is about to take it. */
  assignLock(): void {
    this.#store("lockSequence", this.sequence);
  }

  /** The thread's sequence when the lock was taken, or given to a run; OUTSIDE_TASK for code outside any task. */
  get lockSequence(): number {
    return this.#load("lockSequence");
  }

  /** True when the lock belongs to a transaction that was left behind: the present run did not take it. */
  get lockIsLeft(): boolean {
    return this.lock === "held" && this.lockSequence !== this.sequence;
  }

  /** Sets which run of the batch is being executed, counted from 1; 0: none is. */
  setRunInBatch(begun: number): void {
    this.#store("runInBatch", begun);
  }

  /**
   * True while the run keeps others waiting: earlier runs of its batch, whose commit waits for it, or every other
   * writer. A run that itself waits for the lock does not count.
   */
  get holdsUpBatch(): boolean {
    const begun = this.#load("runInBatch");
    const { lock } = this;
    return begun > 0 && (lock === "held" || (lock === "none" && begun > 1));
  }

  /** How many claims have not begun. */
  get unbegun(): number {
    return this.#load("cursor") % CURSOR_BASE;
  }

  /** The claim of the run under way; null between two runs. */
  running(): Claim | null {
    for (;;) {
      const before = this.sequence;
      const claim = { id: this.#ids[this.#idsAt] ?? 0, claim: this.#load("claim") };
      if (before % 2 === 0) return null;
      if (before === this.sequence) return claim;
    }
  }

  count(outcome: "finished" | "failed"): void {
    Atomics.add(this.#slots, this.#at + WORD[outcome], 1);
  }

  counted(outcome: "finished" | "failed"): number {
    return this.#load(outcome);
  }

  #lastClaims(count: number): Claim[] {
    const claims = this.#load("claimCount");
    return Array.from({ length: count }, (_, index) => {
      const place = claims - count + index;
      return {
        id: this.#ids[this.#idsAt + 1 + place] ?? 0,
        claim: this.#slots[this.#at + SLOT_WORDS - MAX_CLAIMS + place] ?? 0,
      };
    });
  }

  #load(word: keyof typeof WORD): number {
    return Atomics.load(this.#slots, this.#at + WORD[word]);
  }

  #store(word: keyof typeof WORD, value: number): void {
    Atomics.store(this.#slots, this.#at + WORD[word], value);
  }

  #exchange(word: keyof typeof WORD, expected: number, value: number): number {
    return Atomics.compareExchange(this.#slots, this.#at + WORD[word], expected, value);
  }
}
