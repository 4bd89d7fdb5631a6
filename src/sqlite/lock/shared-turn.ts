/**
 * The turn to write among the threads of one worker: a few words in shared memory. It serves the main thread first, then
 * first come, first served, and a thread hands it over directly. A thread may die between any two steps; after its
 * `close` event the main thread completes what it left undone.
 */
import { monotonicNow } from "../../clock.ts";
import type { LockWatch, TurnTimes } from "../../store/worker-store.ts";
import { LocalTurn, type Turn } from "./turn.ts";

/** Makes the memory of the turn: slot 0 belongs to the main thread, the others to the threads 1, 2, … */
export function createTurnMemory(threads: number): Int32Array {
  const words = 2 + (threads + 1) * 2;
  return new Int32Array(new SharedArrayBuffer(words * Int32Array.BYTES_PER_ELEMENT));
}

/** The word with the slot that has the turn, plus 1; 0: the turn is free. */
const OWNER = 0;

/** The word with the ticket given last. A slot that waits has a ticket; the lowest is served first. */
const LAST_TICKET = 1;

/** In place of a ticket: the slot does not wait. */
const NOT_WAITING = 0;
/** In place of a ticket: the slot's thread is dead, and the next one has not begun. */
const GONE = -1;

function ticketAt(slot: number): number {
  return 2 + slot * 2;
}

/** The word that a slot sleeps on: 1 tells it to read the owner. */
function wakeAt(slot: number): number {
  return 3 + slot * 2;
}

/**
 * Takes the turn if it is free; otherwise leaves a ticket and returns false. The ticket comes first: a slot that frees
 * the turn at this moment then finds it.
 */
function takeOrQueue(words: Int32Array, slot: number): boolean {
  Atomics.store(words, ticketAt(slot), nextTicket(words));
  return tryTake(words, slot) && dropTicket(words, slot);
}

/** True when a waiting slot was given the turn; if not, it will be woken when it is. */
function acceptIfGiven(words: Int32Array, slot: number): boolean {
  Atomics.store(words, wakeAt(slot), 0);
  return Atomics.load(words, OWNER) === slot + 1 && dropTicket(words, slot);
}

function dropTicket(words: Int32Array, slot: number): true {
  Atomics.store(words, ticketAt(slot), NOT_WAITING);
  return true;
}

/** The counter wraps after four billion turns, so it skips the two words that are no tickets. */
function nextTicket(words: Int32Array): number {
  const ticket = (Atomics.add(words, LAST_TICKET, 1) + 1) | 0;
  return isTicket(ticket) ? ticket : nextTicket(words);
}

function isTicket(word: number): boolean {
  return word !== NOT_WAITING && word !== GONE;
}

function tryTake(words: Int32Array, slot: number): boolean {
  return Atomics.compareExchange(words, OWNER, 0, slot + 1) === 0;
}

/**
 * The main thread goes first: a whole program waits with it. It cannot keep the others out, as it leaves its next ticket
 * only after `free` has handed its turn over.
 */
function firstWaiting(words: Int32Array): number {
  if (isTicket(Atomics.load(words, ticketAt(0)))) return 0;
  let first = -1;
  let ticket = 0;
  for (let slot = 0; ticketAt(slot) < words.length; slot++) {
    const waiting = Atomics.load(words, ticketAt(slot));
    // The difference keeps the order when the counter wraps.
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
 * Hands the turn to the main thread if it waits, else to the slot that has waited longest; with none waiting, leaves it
 * free. Call it only as the owner: otherwise the slot found waiting may already have had its turn.
 */
function free(words: Int32Array, slot: number): void {
  for (;;) {
    const next = firstWaiting(words);
    if (next !== -1) {
      Atomics.store(words, OWNER, next + 1);
      if (Atomics.load(words, ticketAt(next)) !== GONE) return wake(words, next);
      // That thread died since we looked: we take the turn back, unless the main thread has freed it.
      if (Atomics.compareExchange(words, OWNER, next + 1, slot + 1) !== next + 1) return;
    } else {
      Atomics.store(words, OWNER, 0);
      // A slot may have queued since we looked.
      if (firstWaiting(words) === -1 || !tryTake(words, slot)) return;
    }
  }
}

/**
 * A worker thread's access to the turn. Its own transactions queue behind each other; for those of other threads it
 * blocks, as it has nothing else to do.
 */
export class ThreadTurn implements Turn {
  readonly #words: Int32Array;
  readonly #local = new LocalTurn();
  readonly #slot: number;
  readonly #locks: LockWatch;
  /** When the thread got the turn last: monotonic, in ms. */
  #since = 0;
  readonly #times = { waited: 0, held: 0 };

  /** @param words of `createTurnMemory`, which all threads share. */
  constructor(words: Int32Array, thread: number, locks: LockWatch) {
    this.#words = words;
    this.#slot = thread;
    this.#locks = locks;
    this.#locks.lockReleased(); // the earlier thread of this number may have died with the lock
    Atomics.store(words, ticketAt(thread), NOT_WAITING);
  }

  /** The ms since its start that the thread has waited for the turn, and had it. */
  get times(): TurnTimes {
    return this.#times;
  }

  take(timeout?: number): Promise<void> | void {
    const waiting = this.#local.take(timeout);
    if (waiting) return waiting.then(() => this.#takeShared());
    this.#takeShared();
  }

  #takeShared(): void {
    this.#locks.lockAwaited();
    const asked = monotonicNow();
    const waited = !takeOrQueue(this.#words, this.#slot);
    if (waited) this.#wait();
    const now = (this.#since = waited ? monotonicNow() : asked);
    this.#times.waited += now - asked;
  }

  #wait(): void {
    while (!acceptIfGiven(this.#words, this.#slot))
      Atomics.wait(this.#words, wakeAt(this.#slot), 0);
  }

  /** Waits for other threads, by blocking; false when another transaction of this thread has the turn. */
  takeSync(): boolean {
    if (!this.#local.takeSync()) return false;
    this.#takeShared();
    return true;
  }

  lockTaken(outsideTask = false): void {
    this.#local.lockTaken();
    this.#locks.lockTaken(outsideTask);
  }

  free(): void {
    this.#locks.lockReleased();
    this.#times.held += monotonicNow() - this.#since;
    free(this.#words, this.#slot);
    this.#local.free();
  }
}

/** The main thread's access to the turn. Its own transactions queue behind each other, and it never blocks. */
export class MainTurn implements Turn {
  readonly #words: Int32Array;
  readonly #local = new LocalTurn();

  constructor(words: Int32Array) {
    this.#words = words;
  }

  async take(timeout?: number): Promise<void> {
    await this.#local.take(timeout);
    if (takeOrQueue(this.#words, 0)) return;
    while (!acceptIfGiven(this.#words, 0)) {
      const wait = Atomics.waitAsync(this.#words, wakeAt(0), 0);
      if (wait.async) await wait.value;
    }
  }

  takeSync(): boolean {
    if (!this.#local.takeSync()) return false;
    if (tryTake(this.#words, 0)) return true;
    this.#local.free();
    return false;
  }

  lockTaken(): void {
    this.#local.lockTaken();
  }

  free(): void {
    free(this.#words, 0);
    this.#local.free();
  }

  /**
   * Cleans up after a dead thread: withdraws its ticket, frees the turn if the thread had it, and completes a handover
   * that its death cut off. Call it only after the thread's `close` event. Then take the turn once before the next
   * thread of that number begins: a handover to the dead thread may still be under way.
   */
  forget(thread: number): void {
    const words = this.#words;
    Atomics.store(words, ticketAt(thread), GONE);
    const owner = Atomics.load(words, OWNER);
    if (owner === 0) {
      // It may have died just after it freed the turn, with others waiting.
      if (firstWaiting(words) !== -1 && tryTake(words, 0)) free(words, 0);
    } else if (Atomics.load(words, ticketAt(owner - 1)) !== GONE) {
      wake(words, owner - 1); // it may have died between the two steps of a handover
    } else if (Atomics.compareExchange(words, OWNER, owner, 1) === owner) {
      free(words, 0); // a dead thread had the turn, and slot 0, the main thread, has taken it over
    }
  }
}
