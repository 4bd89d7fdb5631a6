/**
 * The one interface behind which the database lives. Whatever asks the database returns a promise, or a value
 * where it need not wait; no type of any database shows in it. `test/store/suite/` is what each implementation
 * must pass.
 */
import type { Soon } from "../soon.ts";
import type { Claim, ClaimedTask, NewTask, Task, TaskError } from "../task.ts";
import type {
  CleanOptions,
  LookOptions,
  Look,
  MoveFilter,
  StoreStatus,
  TaskFilter,
  WorkerInfo,
} from "./looking.ts";
import type { NewWorker, Rescue, RescuedTask, ThreadDeath } from "./rescue.ts";
import type { ClaimOptions, Owner, PushedIds, Session } from "./session.ts";

/** An idle thread waits, instead of sleeping, for a task due within this many ms: waking up would take as long. */
export const DUE_SOON_MS = 3;

/** What an engine must know of the database behind a store. */
export interface StoreTraits {
  /** One transaction writes at a time: threads that only write step aside, and a thread that is locked out is replaced. */
  readonly singleWriter: boolean;
  /** The most runs that share a transaction. */
  readonly maxBatch: number;
  /** A method counts as quick up to this average of its runs. */
  readonly quickMs: number;
  /** Between two looks of an idle worker, where a commit may go unseen. */
  readonly idleLookMs: number;
}

export interface Store {
  readonly traits: StoreTraits;
  /** How people name it: a path, or a host and a database; never a password. */
  readonly name: string;
  /** The folder for files that belong to the database, such as tq.token: beside a database that is a file. */
  readonly folder: string;
  /** The only wall clock of everything that is stored: ms since 1970 UTC. */
  now(): number;
  /**
   * Give it back with `release`.
   *
   * @param stray true for a transaction that belongs to no task.
   */
  session(stray?: boolean): Session;
  /** The session is over; what it had not committed is rolled back. */
  release(session: Session): Soon<void>;

  /** Runs `fn` in a transaction of its own, committed when it returns. */
  write<T>(fn: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Claims in a transaction of its own, for who has nothing else to do. Looks first: where there is nothing it
   * takes no lock; it waits for a task that is due within `DUE_SOON_MS`. Resolves when what was claimed is on disk; that it is claimed need not be.
   */
  claim(options: ClaimOptions): Promise<ClaimedTask[]>;
  /** Pushes in a transaction of its own; pushes that arrive together share one commit. */
  push(tasks: readonly NewTask[]): Promise<PushedIds>;

  // Looking
  get(id: number): Promise<Task | null>;
  getByRef(ref: string): Promise<Task | null>;
  errors(task: number): Promise<TaskError[]>;
  list(filter?: TaskFilter): Promise<Task[]>;
  /** The same in parts of about a megabyte: tasks may be large, and many. */
  pages(filter?: TaskFilter): AsyncIterable<readonly Task[]>;
  status(): Promise<StoreStatus>;
  /** All that a worker's main thread wants to know when it looks for tasks. */
  look(options: LookOptions): Promise<Look>;
  /** Makes due tasks ready, as many as a claim does. */
  makeDueReady(): Promise<void>;
  /** True while these queues have a task ready or running (or scheduled, when `scheduled`). */
  hasWork(queues: readonly string[], scheduled: boolean): Promise<boolean>;
  /**
   * @throws TqError "database" when the database is lost for good: deleted or replaced under this store, or a flush
   * of it has failed.
   */
  check(): Promise<void>;
  /**
   * Resolves when all that can be seen now is on disk, whoever committed it: others flush their commits after
   * these can be seen.
   */
  flush(): Promise<void>;
  /** A number that is another one once any other connection may have committed. */
  version(): Promise<number>;
  /** Resolves when `version` is no longer this one, after `wait` ms at the latest. */
  changed(version: number, wait: number): Promise<void>;
  /** The claims of these that still hold. */
  stillHeld(claims: readonly Claim[]): Promise<Claim[]>;

  // Moves by hand
  /** Cancels a ready, scheduled or running task; a running one commits nothing. */
  cancel(id: number, reason?: string): Promise<Task>;
  /** Runs an ended task again: same id, history and attempts kept, crashes from zero. */
  retry(id: number): Promise<Task>;
  /**
   * Cancels what matches and can be cancelled, in slices, so that others go on meanwhile; returns how many. Who is
   * pushed meanwhile stays.
   */
  cancelAll(filter: MoveFilter, reason?: string): Promise<number>;
  /** Runs what matches and has ended again, in slices; returns how many. */
  retryAll(filter: MoveFilter): Promise<number>;
  /** Deletes at most `limit` tasks that ended before these times; returns how many. */
  clean(options: CleanOptions): Promise<number>;
  /**
   * Brings back the times of tasks that were pushed, or put off, under a clock that was ahead; returns how many
   * there were. "all" reads all tasks that are to wait: call it when the clock was set back, not often. "places"
   * leaves every time that somebody has asked for, and only lets ready tasks stand where they would with a push
   * now: right whether the clock was ahead then or is behind now.
   */
  mendTimes(what: "all" | "places"): Promise<number>;
  /** A few ms of upkeep. Call it when there is time. */
  tidy(): Promise<Tidied>;

  // Workers
  /** Registers a worker and takes its proof of life: a lock that dies with this process. */
  register(worker: NewWorker): Promise<void>;
  /** True while a worker's process lives, as far as a look can tell. */
  isAlive(worker: string): Promise<boolean>;
  /** @throws TqError "database" when the proof of life of this worker is gone: others take it for dead. */
  checkAlive(worker: string): Promise<void>;
  /** Removes the worker and its proof of life; what it still held goes back, unbegun. */
  unregister(worker: string): Promise<void>;
  /** All registered workers, dead ones too until they are rescued. */
  workers(): Promise<WorkerInfo[]>;
  /** Looks at every worker's proof of life and puts the tasks of the dead ones back. */
  rescueDead(maxCrashes: number): Promise<Rescue[]>;
  /** Puts back what a dead thread held. */
  rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]>;

  close(): Promise<void>;
}

export interface Tidied {
  /** There is more to do. */
  readonly more: boolean;
  /** What a person should know of the upkeep, as a sentence; null: nothing. */
  readonly note: string | null;
}
