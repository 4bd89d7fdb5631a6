/**
 * Whose turn it is to write, among the threads of one worker: a lock in shared memory, first come first
 * served. It is handed over directly, so a turn given to a thread that dies at that moment is not lost: the
 * main thread frees it after the thread's `close`.
 */
import { LocalTurn, type Turn } from "../store/turn.ts";
import type { Shared } from "./shared.ts";

const OWNER = 0;
const NEXT = 1;

/** Slot `s` waits with a ticket (0: does not wait) until its grant is 1. The owner is stored as `s + 1`. */
function ticketAt(slot: number): number {
  return 2 + slot * 2;
}

function grantAt(slot: number): number {
  return 3 + slot * 2;
}

/** Takes the turn at once when it is free; otherwise leaves a ticket and returns false. */
function takeOrQueue(words: Int32Array, slot: number): boolean {
  Atomics.store(words, grantAt(slot), 0);
  Atomics.store(words, ticketAt(slot), nextTicket(words));
  if (Atomics.compareExchange(words, OWNER, 0, slot + 1) !== 0) return false;
  Atomics.store(words, ticketAt(slot), 0);
  return true;
}

/** Never 0, which says that nobody waits: the counter wraps after four billion turns. */
function nextTicket(words: Int32Array): number {
  return (Atomics.add(words, NEXT, 1) + 1) | 0 || nextTicket(words);
}

function tryTake(words: Int32Array, slot: number): boolean {
  return Atomics.compareExchange(words, OWNER, 0, slot + 1) === 0;
}

function firstWaiting(words: Int32Array): number {
  let first = -1;
  let ticket = 0;
  for (let slot = 0; ticketAt(slot) < words.length; slot++) {
    const waiting = Atomics.load(words, ticketAt(slot));
    // By difference, so that the order survives the counter's wrap.
    if (waiting !== 0 && (first === -1 || ((waiting - ticket) | 0) < 0)) {
      first = slot;
      ticket = waiting;
    }
  }
  return first;
}

function grant(words: Int32Array, slot: number): void {
  Atomics.store(words, ticketAt(slot), 0);
  Atomics.store(words, grantAt(slot), 1);
  Atomics.notify(words, grantAt(slot));
}

/** Hands the turn to who waits longest, or leaves it free. */
function free(words: Int32Array): void {
  const next = firstWaiting(words);
  if (next !== -1) {
    Atomics.store(words, OWNER, next + 1);
    return grant(words, next);
  }
  Atomics.store(words, OWNER, 0);
  // Somebody may have queued since we looked.
  const late = firstWaiting(words);
  if (late !== -1 && Atomics.compareExchange(words, OWNER, 0, late + 1) === 0) grant(words, late);
}

/** The turn as a worker thread takes it: it blocks, having nothing else to do. */
export class ThreadTurn implements Turn {
  readonly #words: Int32Array;
  readonly #slot: number;

  constructor({ turn }: Shared, thread: number) {
    this.#words = turn;
    this.#slot = thread;
  }

  take(): void {
    if (takeOrQueue(this.#words, this.#slot)) return;
    while (Atomics.load(this.#words, grantAt(this.#slot)) === 0) {
      Atomics.wait(this.#words, grantAt(this.#slot), 0);
    }
  }

  /** It may wait, so it always gets it. */
  tryTake(): boolean {
    this.take();
    return true;
  }

  free(): void {
    free(this.#words);
  }
}

/** The turn as the main thread takes it: its own transactions in a row, and never blocking. */
export class MainTurn implements Turn {
  readonly #words: Int32Array;
  readonly #local = new LocalTurn();

  constructor({ turn }: Shared) {
    this.#words = turn;
  }

  async take(): Promise<void> {
    await this.#local.take();
    if (takeOrQueue(this.#words, 0)) return;
    while (Atomics.load(this.#words, grantAt(0)) === 0) {
      const wait = Atomics.waitAsync(this.#words, grantAt(0), 0);
      if (wait.async) await wait.value;
    }
  }

  tryTake(): boolean {
    if (!this.#local.tryTake()) return false;
    if (tryTake(this.#words, 0)) return true;
    this.#local.free();
    return false;
  }

  free(): void {
    free(this.#words);
    this.#local.free();
  }

  /** The thread whose turn it is; 0 for the main thread, or nobody. */
  get owner(): number {
    return Math.max(Atomics.load(this.#words, OWNER) - 1, 0);
  }

  /** Frees what a dead thread had or waited for; call it only after the thread's `close`. */
  forget(thread: number): void {
    Atomics.store(this.#words, ticketAt(thread), 0);
    if (Atomics.load(this.#words, OWNER) === thread + 1) free(this.#words);
  }
}
