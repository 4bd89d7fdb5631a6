/**
 * What one thread is doing, in memory that it shares with the main thread: no message is needed for every task.
 */
import type { Claim } from "../task.ts";
import type { Shared } from "./layout.ts";

/** Words of one thread's slot. */
const WORD = {
  sequence: 0,
  claim: 1,
  finished: 2,
  failed: 3,
  held: 4,
  cursor: 5,
  lock: 6,
  batch: 7,
  lockedIn: 8,
} as const;

/** What a thread's transaction has of the database's write lock. */
const LOCKS = ["none", "awaited", "held"] as const;

export type Lock = (typeof LOCKS)[number];

/** No sequence. */
const STRAY = -2;

/** The most claims that a thread can hold at a time: its slot has room for no more. */
export const MAX_HELD = 500;

/** The claims that a thread holds follow the words: the numbers here, the ids in `ids`. */
export const SLOT_WORDS = 9 + MAX_HELD;
export const SLOT_IDS = 1 + MAX_HELD;

/** The cursor is the round's number and, in its lowest bits, how many claims have not begun. */
const ROUND = 1_024;
const ROUNDS = 2_000_000;

/**
 * What one thread runs, what it has claimed and not begun, and how its runs ended. The thread writes; the
 * main thread reads, and takes back what has not begun.
 */
export class Progress {
  readonly #slots: Int32Array;
  readonly #ids: Float64Array;
  readonly #at: number;
  readonly #idsAt: number;
  #round = 0;
  #held = 0;

  constructor({ slots, ids }: Shared, thread: number) {
    this.#slots = slots;
    this.#ids = ids;
    this.#at = thread * SLOT_WORDS;
    this.#idsAt = thread * SLOT_IDS;
  }

  /** Odd while a task runs. */
  get sequence(): number {
    return this.#load("sequence");
  }

  /** The thread has claimed these, to begin them in this order; the claims it held before have ended. */
  hold(claims: readonly Claim[]): void {
    if (claims.length > MAX_HELD) {
      // One more would be written into the slot of the next thread.
      throw new RangeError(`A thread cannot hold ${claims.length} claims: the most is ${MAX_HELD}`);
    }
    this.#round = (this.#round + 1) % ROUNDS;
    this.#held = claims.length;
    this.#store("cursor", this.#round * ROUND); // nobody takes back what is being written
    claims.forEach(({ id, claim }, index) => {
      this.#ids[this.#idsAt + 1 + index] = id;
      this.#slots[this.#at + SLOT_WORDS - MAX_HELD + index] = claim;
    });
    this.#store("held", claims.length);
    this.#store("cursor", this.#round * ROUND + claims.length);
  }

  /** The next claim begins; false when it was taken back, and all behind it. */
  begin({ id, claim }: Claim): boolean {
    const before = this.#round * ROUND + this.#held;
    if (this.#exchange("cursor", before, before - 1) !== before) return false;
    this.#held -= 1;
    const { sequence } = this;
    const still = sequence % 2 === 0 ? sequence : sequence + 1;
    this.#store("sequence", still); // who reads meanwhile reads again
    this.#ids[this.#idsAt] = id;
    this.#store("claim", claim);
    this.#store("sequence", still + 1);
    return true;
  }

  /** Nothing runs now. */
  end(): void {
    this.setBatch(0);
    const { sequence } = this;
    if (sequence % 2 !== 0) this.#store("sequence", sequence + 1);
  }

  /** Takes back the claims that have not begun: from here on the thread will not begin them. */
  takeBack(): Claim[] {
    const cursor = this.#load("cursor");
    const unbegun = cursor % ROUND;
    if (unbegun === 0) return [];
    const claims = this.#lastHeld(unbegun);
    return this.#exchange("cursor", cursor, cursor - unbegun) === cursor ? claims : [];
  }

  get lock(): Lock {
    return LOCKS[this.#load("lock")] ?? "none";
  }

  #setLock(lock: Lock): void {
    this.#store("lock", LOCKS.indexOf(lock));
  }

  /** A transaction of the thread waits for the write lock. */
  awaited(): void {
    this.#setLock("awaited");
  }

  /** A transaction of the thread has the write lock. @param stray true when it belongs to no task. */
  held(stray: boolean): void {
    if (stray) this.#store("lockedIn", STRAY);
    else this.claimLock();
    this.#setLock("held");
  }

  /** The thread has nothing to do with the write lock. */
  free(): void {
    this.#setLock("none");
  }

  /** The transaction that holds the lock, or is about to, is that of the run that has begun last. */
  claimLock(): void {
    this.#store("lockedIn", this.sequence);
  }

  /** The sequence at which the lock was taken. */
  get lockedIn(): number {
    return this.#load("lockedIn");
  }

  /** True when the lock was taken before the present run began, or by none: something that was left behind has it. */
  get lockIsLeft(): boolean {
    return this.lock === "held" && this.lockedIn !== this.sequence;
  }

  /** How many runs of one transaction have begun, while the last of them has not come back; 0: none. */
  setBatch(begun: number): void {
    this.#store("batch", begun);
  }

  /** True while others of its batch, or all who want to write, wait for the run to come back. */
  get holdsUpBatch(): boolean {
    const begun = this.#load("batch");
    const { lock } = this;
    return begun > 0 && (lock === "held" || (lock === "none" && begun > 1));
  }

  /** How many claims have not begun. */
  get unbegun(): number {
    return this.#load("cursor") % ROUND;
  }

  /** The claim that is running now; null between two runs. */
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

  #lastHeld(count: number): Claim[] {
    const held = this.#load("held");
    return Array.from({ length: count }, (_, index) => {
      const place = held - count + index;
      return {
        id: this.#ids[this.#idsAt + 1 + place] ?? 0,
        claim: this.#slots[this.#at + SLOT_WORDS - MAX_HELD + place] ?? 0,
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
