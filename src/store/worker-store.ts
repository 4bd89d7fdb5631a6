/** A store as a worker has it: its main thread lends parts to its threads, and watches for commits. */
import type { Store } from "./store.ts";

/** What a thread needs of its main thread's store: plain data that crosses `postMessage`, known to the store alone. */
export type ThreadPart = unknown;

/** A part that is lent to a thread. */
export interface Lent extends Disposable {
  readonly part: ThreadPart;
}

/** The store of a worker's main thread. */
export interface WorkerStore extends Store {
  /**
   * Call it before the thread of this number starts. Dispose the part after the thread's `close` event: the store
   * then ends what the thread held, waited for, or was about to hand over.
   */
  lend(thread: number): Lent;
  /** Notices commits by any process. */
  watch(events: WatchEvents): Watch;
}

export interface WatchEvents {
  /** Called after a commit, while armed. */
  look(): void;
  /** Called earlier, when a single commit may be about to be seen. */
  hint(): void;
}

export interface Watch {
  /** Watches from now on. Look once after it: a commit made before it sends no event. */
  arm(): void;
  disarm(): void;
  /** For commits that the watch does not see; called now and then. */
  check(): void;
}

/** Told what a thread's sessions have of the write lock; the main thread sees it in shared memory. */
export interface LockWatch {
  awaited(): void;
  /** @param stray true when the transaction belongs to no task. */
  held(stray: boolean): void;
  free(): void;
}

/** A thread's turns to write, all together, in ms. */
export interface TurnTimes {
  readonly waited: number;
  readonly held: number;
}

/** The store of a worker's thread. */
export interface ThreadStore extends Store {
  /** How long its transactions waited for those of other threads; null where they do not wait for each other. */
  readonly turns: TurnTimes | null;
}

export interface ThreadStoreOptions {
  readonly thread: number;
  readonly part: ThreadPart;
  readonly locks: LockWatch;
}
