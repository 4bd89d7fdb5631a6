/** The store of a worker: its main thread lends parts of it to its threads, and watches for commits. */
import type { Owner } from "./session.ts";
import type { Store } from "./store.ts";
import type { LiveOutput } from "./task-output.ts";

/** A thread's part of its main thread's store: plain data for `postMessage`, which only the store reads. */
export type ThreadPart = unknown;

/** A part that is lent to a thread. */
export interface Lent extends Disposable {
  readonly part: ThreadPart;
}

/** The store of a worker's main thread. */
export interface WorkerStore extends Store {
  /**
   * Call it before the thread of this number starts, and dispose of the part after the thread's `close` event: the
   * store then frees the turn that the thread held, waited for, or was about to hand over.
   */
  lend(thread: number): Lent;
  /** Notices commits by any process. */
  watch(events: WatchEvents): Watch;
}

/** A thread that is woken has claimed by then. */
export const CLAIM_MS = 3;

export interface WatchEvents {
  /** Called after a commit, while the watch is armed. */
  look(): void;
  /** Called before `look`, when a single commit may be about to become visible, or has just become so. */
  hint(): void;
}

export interface Watch {
  /** Watches from now on. Look once after the call: an earlier commit sends no event. */
  arm(): void;
  disarm(): void;
  /** Finds commits that the watch has missed; call it now and then. */
  check(): void;
}

/** Learns whether a thread's sessions wait for the write lock or have it; the main thread reads it in shared memory. */
export interface LockWatch {
  lockAwaited(): void;
  /** @param outsideTask true for user code that runs outside any task; false for runs, and for the engine itself. */
  lockTaken(outsideTask: boolean): void;
  lockReleased(): void;
}

/** The time of a thread's turns to write since it started, in ms. */
export interface TurnTimes {
  readonly waited: number;
  readonly held: number;
}

/** The store of a worker's thread. */
export interface ThreadStore extends Store {
  /** How long its transactions waited for those of other threads; null where they do not wait for each other. */
  readonly turns: TurnTimes | null;
  /** Shows other processes what the runs of a thread say; null where the store cannot. */
  liveOutput(owner: Owner): LiveOutput | null;
}

export interface ThreadStoreOptions {
  readonly thread: number;
  readonly part: ThreadPart;
  readonly locks: LockWatch;
}
