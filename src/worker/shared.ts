/**
 * The memory that the threads of one worker share with its main thread: whose turn it is to write, and what
 * each thread is running. The main thread sees it without a message for every task.
 */
import type { Claim } from "../task.ts";

/** Per slot: ticket and grant of the turn, then the counters. */
const TURN_WORDS = 2;
const SLOT_WORDS = 6;

/** Words of one thread's slot. */
const WORD = { sequence: 0, claim: 1, finished: 2, failed: 3 } as const;

/** Slot 0 belongs to the main thread, the others to the threads 1, 2, … */
export interface Shared {
  readonly turn: Int32Array;
  readonly slots: Int32Array;
  /** Ids go beyond 32 bits. */
  readonly ids: Float64Array;
  readonly buffer: SharedArrayBuffer;
}

export function createShared(threads: number): Shared {
  return openShared(new SharedArrayBuffer(sizes(threads + 1).total), threads);
}

export function openShared(buffer: SharedArrayBuffer, threads: number): Shared {
  const { turnAt, slotsAt, slots } = sizes(threads + 1);
  return {
    buffer,
    ids: new Float64Array(buffer, 0, slots),
    turn: new Int32Array(buffer, turnAt, 2 + slots * TURN_WORDS),
    slots: new Int32Array(buffer, slotsAt, slots * SLOT_WORDS),
  };
}

function sizes(slots: number) {
  const turnAt = slots * Float64Array.BYTES_PER_ELEMENT;
  const slotsAt = turnAt + (2 + slots * TURN_WORDS) * Int32Array.BYTES_PER_ELEMENT;
  const total = slotsAt + slots * SLOT_WORDS * Int32Array.BYTES_PER_ELEMENT;
  return { slots, turnAt, slotsAt, total };
}

/** What one thread runs, and how its runs ended. Written by the thread, read by the main thread. */
export class Progress {
  readonly #slots: Int32Array;
  readonly #ids: Float64Array;
  readonly #thread: number;

  constructor({ slots, ids }: Shared, thread: number) {
    this.#slots = slots;
    this.#ids = ids;
    this.#thread = thread;
  }

  /** Odd while a task runs. */
  get sequence(): number {
    return Atomics.load(this.#slots, this.#at("sequence"));
  }

  begin({ id, claim }: Claim): void {
    this.#ids[this.#thread] = id;
    Atomics.store(this.#slots, this.#at("claim"), claim);
    Atomics.add(this.#slots, this.#at("sequence"), 1);
  }

  end(): void {
    if (this.sequence % 2 !== 0) Atomics.add(this.#slots, this.#at("sequence"), 1);
  }

  count(outcome: "finished" | "failed"): void {
    Atomics.add(this.#slots, this.#at(outcome), 1);
  }

  counted(outcome: "finished" | "failed"): number {
    return Atomics.load(this.#slots, this.#at(outcome));
  }

  /** The claim that is running now; null between two runs. */
  running(): Claim | null {
    for (;;) {
      const before = this.sequence;
      const claim = {
        id: this.#ids[this.#thread] ?? 0,
        claim: Atomics.load(this.#slots, this.#at("claim")),
      };
      if (before % 2 === 0) return null;
      if (before === this.sequence) return claim;
    }
  }

  #at(word: keyof typeof WORD): number {
    return this.#thread * SLOT_WORDS + WORD[word];
  }
}
