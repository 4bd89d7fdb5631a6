/**
 * Whose turn it is to write, among the threads of one worker: a lock in shared memory, first come first
 * served, but for the main thread, which goes first. It is handed over directly. A thread may die between any two of its steps: what it left undone the
 * main thread ends after the thread's `close`.
 */
import type { LockWatch, TurnTimes } from "../../store/worker-store.ts";
import { LocalTurn, type Turn } from "./turn.ts";

/** The memory of the turn for a main thread, which is slot 0, and its threads 1, 2, … */
export function createTurnMemory(threads: number): Int32Array {
  const words = 2 + (threads + 1) * 2;
  return new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}

const OWNER = 0;
const NEXT = 1;

/** Slot `s` waits with a ticket until the owner is `s + 1`; these two are no tickets. */
const NOT_WAITING = 0;
/** Its thread is dead, and the next one has not begun. */
const GONE = -1;

function ticketAt(slot: number): number {
  return 2 + slot * 2;
}

/** Where a slot sleeps: 1 says that it should look who the owner is. */
function wakeAt(slot: number): number {
  return 3 + slot * 2;
}

/** Takes the turn at once when it is free; otherwise leaves a ticket and returns false. */
function takeOrQueue(words: Int32Array, slot: number): boolean {
  Atomics.store(words, ticketAt(slot), nextTicket(words));
  return tryTake(words, slot) && arrive(words, slot);
}

/** True when a slot that waited has been given the turn; if not, it is woken when it has. */
function isGiven(words: Int32Array, slot: number): boolean {
  Atomics.store(words, wakeAt(slot), 0);
  return Atomics.load(words, OWNER) === slot + 1 && arrive(words, slot);
}

function arrive(words: Int32Array, slot: number): true {
  Atomics.store(words, ticketAt(slot), NOT_WAITING);
  return true;
}

/** The counter wraps after four billion turns. */
function nextTicket(words: Int32Array): number {
  const ticket = (Atomics.add(words, NEXT, 1) + 1) | 0;
  return isTicket(ticket) ? ticket : nextTicket(words);
}

function isTicket(word: number): boolean {
  return word !== NOT_WAITING && word !== GONE;
}

function tryTake(words: Int32Array, slot: number): boolean {
  return Atomics.compareExchange(words, OWNER, 0, slot + 1) === 0;
}

/** The main thread before all others: a whole program waits with it, and it never has two turns in a row. */
function firstWaiting(words: Int32Array): number {
  if (isTicket(Atomics.load(words, ticketAt(0)))) return 0;
  let first = -1;
  let ticket = 0;
  for (let slot = 0; ticketAt(slot) < words.length; slot++) {
    const waiting = Atomics.load(words, ticketAt(slot));
    // By difference, so that the order survives the counter's wrap.
    if (isTicket(waiting) && (first === -1 || ((waiting - ticket) | 0) < 0)) {
      first = slot;
      ticket = waiting;
    }
  }
  return first;
}

function wake(words: Int32Array, slot: number): void {
  Atomics.store(words, wakeAt(slot), 1);
  Atomics.notify(words, wakeAt(slot));
}

/**
 * Hands the turn to who waits longest, or leaves it free. Tickets stand still only while `slot` owns the turn:
 * without it somebody seen waiting may have come and gone.
 */
function free(words: Int32Array, slot: number): void {
  for (;;) {
    const next = firstWaiting(words);
    if (next !== -1) {
      Atomics.store(words, OWNER, next + 1);
      if (Atomics.load(words, ticketAt(next)) !== GONE) return wake(words, next);
      // It was forgotten since we looked: ours again, unless the main thread has freed it.
      if (Atomics.compareExchange(words, OWNER, next + 1, slot + 1) !== next + 1) return;
    } else {
      Atomics.store(words, OWNER, 0);
      // Somebody may have queued since we looked.
      if (firstWaiting(words) === -1 || !tryTake(words, slot)) return;
    }
  }
}

/**
 * A thread that comes back soon after a commit goes on for so long before it hands the turn over: ms. Each
 * change of writer costs a wake-up, and the new one reads every page anew.
 */
export const STINT_MS = 10;

/** Within a stint the turn is free without anybody being woken: who waits looks so often: ms. */
const LOOK = 2;

/**
 * The turn as a worker thread takes it: its own transactions in a row, and blocking for those of others, having
 * nothing else to do.
 */
export class ThreadTurn implements Turn {
  readonly #words: Int32Array;
  readonly #local = new LocalTurn();
  readonly #slot: number;
  readonly #locks: LockWatch;
  readonly #stint: number;
  #stintEnds = 0;
  /** When it got the turn last: monotonic, ms. */
  #since = 0;
  readonly #times = { waited: 0, held: 0 };

  /**
   * @param words the memory that all threads share.
   * @param stint for how many ms it may keep coming back; 0: it hands the turn over each time.
   */
  constructor(words: Int32Array, thread: number, locks: LockWatch, stint = 0) {
    this.#words = words;
    this.#slot = thread;
    this.#stint = stint;
    this.#locks = locks;
    this.#locks.free(); // the thread of this number before it is gone
    Atomics.store(words, ticketAt(thread), NOT_WAITING);
  }

  /** How long it has waited for other threads, and had the turn: ms, since its start. */
  get times(): TurnTimes {
    return this.#times;
  }

  take(timeout?: number): Promise<void> | void {
    const waiting = this.#local.take(timeout);
    if (waiting) return waiting.then(() => this.#takeShared());
    this.#takeShared();
  }

  #takeShared(): void {
    this.#locks.awaited();
    const asked = performance.now();
    const waited = !takeOrQueue(this.#words, this.#slot);
    if (waited) this.#wait();
    const now = (this.#since = waited ? performance.now() : asked);
    this.#times.waited += now - asked;
    if (this.#stint === 0) return;
    if (waited || now > this.#stintEnds) this.#stintEnds = now + this.#stint;
  }

  #wait(): void {
    const look = this.#stint === 0 ? Infinity : LOOK;
    while (!isGiven(this.#words, this.#slot)) {
      const result = Atomics.wait(this.#words, wakeAt(this.#slot), 0, look);
      if (result === "timed-out" && tryTake(this.#words, this.#slot)) {
        arrive(this.#words, this.#slot);
        return;
      }
    }
  }

  /** For the others it may wait; for a transaction of its own thread it cannot. */
  tryTake(): boolean {
    if (!this.#local.tryTake()) return false;
    this.#takeShared();
    return true;
  }

  begun(stray = false): void {
    this.#local.begun();
    this.#locks.held(stray);
  }

  free(): void {
    this.#locks.free();
    const now = performance.now();
    this.#times.held += now - this.#since;
    const mainWaits = isTicket(Atomics.load(this.#words, ticketAt(0)));
    if (mainWaits || now >= this.#stintEnds) free(this.#words, this.#slot);
    else Atomics.store(this.#words, OWNER, 0);
    this.#local.free();
  }
}

/** The turn as the main thread takes it: its own transactions in a row, and never blocking. */
export class MainTurn implements Turn {
  readonly #words: Int32Array;
  readonly #local = new LocalTurn();

  constructor(words: Int32Array) {
    this.#words = words;
  }

  async take(timeout?: number): Promise<void> {
    await this.#local.take(timeout);
    if (takeOrQueue(this.#words, 0)) return;
    while (!isGiven(this.#words, 0)) {
      const wait = Atomics.waitAsync(this.#words, wakeAt(0), 0, LOOK);
      const result = wait.async ? await wait.value : wait.value;
      if (result === "timed-out" && tryTake(this.#words, 0)) {
        arrive(this.#words, 0);
        return;
      }
    }
  }

  tryTake(): boolean {
    if (!this.#local.tryTake()) return false;
    if (tryTake(this.#words, 0)) return true;
    this.#local.free();
    return false;
  }

  begun(): void {
    this.#local.begun();
  }

  free(): void {
    free(this.#words, 0);
    this.#local.free();
  }

  /**
   * Ends what a dead thread had, waited for, or was about to hand over; call it only after the thread's
   * `close`, and take the turn once before the next thread of that number begins.
   */
  forget(thread: number): void {
    const words = this.#words;
    Atomics.store(words, ticketAt(thread), GONE);
    const owner = Atomics.load(words, OWNER);
    if (owner === 0) {
      if (firstWaiting(words) !== -1 && tryTake(words, 0)) free(words, 0);
    } else if (Atomics.load(words, ticketAt(owner - 1)) !== GONE) {
      wake(words, owner - 1);
    } else if (Atomics.compareExchange(words, OWNER, owner, 1) === owner) free(words, 0);
  }
}
