/**
 * The one interface behind which the database lives. Whatever asks the database returns a promise, or a value
 * where it need not wait; no type of any database leaks through it. SQLite is one implementation; `test/store/suite.ts` is what each must pass.
 */
import type { ErrorData } from "../outcome.ts";
import type { Soon } from "../soon.ts";
import type { Claim, ClaimedTask, NewTask, Task, TaskError, TaskState } from "../task.ts";
import type { Records } from "./records.ts";

/** Whose claims these are: a worker process, and a thread inside it. */
export interface Owner {
  readonly worker: string;
  readonly thread: number;
}

export interface ClaimOptions {
  readonly owner: Owner;
  /** Queue names and patterns (`*` any run of characters, `?` one); empty means every queue. */
  readonly queues: readonly string[];
  readonly limit: number;
}

/** Who looks for tasks waits for one that is due in so many ms: to begin takes as long for who has slept. */
export const SOON = 3;

export interface TaskFilter {
  readonly states?: readonly TaskState[];
  readonly queue?: string;
  readonly model?: string;
  /** Only ids below this one: how a list goes on where it stopped. */
  readonly before?: number;
  readonly limit?: number;
}

/** Which tasks a move by hand is for. */
export interface MoveFilter extends Pick<TaskFilter, "queue" | "model"> {
  readonly states: readonly TaskState[];
}

/** A worker process that has registered: alive while the operating system holds its lock. */
export interface WorkerInfo {
  readonly id: string;
  readonly pid: number;
  readonly host: string;
  readonly started_at: number;
  readonly threads: number;
  readonly queues: readonly string[];
  /** Tasks it holds: running, or claimed and not begun. */
  readonly running: number;
}

export interface QueueInfo {
  readonly queue: string;
  readonly scheduled: number;
  readonly ready: number;
  readonly running: number;
  readonly failed: number;
}

export interface StoreStatus {
  readonly path: string;
  readonly schema: number;
  readonly durability: "full" | "normal";
  /** Bytes. */
  readonly file_size: number;
  readonly wal_size: number;
  readonly free_size: number;
  readonly queues: readonly QueueInfo[];
  readonly workers: readonly WorkerStatus[];
}

/** A dead one is listed until another worker has put its tasks back. */
export interface WorkerStatus extends WorkerInfo {
  readonly alive: boolean;
}

/** What a push, in whatever transaction, gives back: the ids, in the order of the tasks. */
type PushedIds = number[];

/**
 * One transaction after another. Nothing is held until `begin`; reads before it stand alone. `begin` takes its
 * turn to write; `commit` and `rollback` give it back.
 */
export interface Session {
  readonly writing: boolean;
  /** True when user code has changed the connection itself: what follows in its transaction will see that. */
  readonly spoilt: boolean;
  /** How often user code went back to a savepoint of its own. */
  readonly wentBack: number;
  /** Counts the transactions that it began: what was read in one may have changed by the next. */
  readonly transaction: number;
  /** How many of its transactions were begun and rolled back. */
  readonly undone: number;
  /** How long it has waited for its turn and for the lock, in all: ms. */
  readonly waited: number;
  readonly records: Records;
  /**
   * The driver's own connection, for user code. It begins at once if need be, without waiting for other
   * transactions of this thread, and then opens a savepoint where one is wanted.
   *
   * @param check throws when who asked may not use it any more; called before each use.
   * @throws TqError "busy" when another transaction of this thread is writing.
   */
  raw(savepoint: boolean, check?: () => void): unknown;
  /** @throws TqError "busy" when another program holds the database longer than `database.timeout`. */
  begin(): Promise<void>;
  /**
   * Resolves when it is on disk.
   *
   * @param seen called before that, when others can see it.
   */
  commit(seen?: () => void): Promise<void>;
  rollback(): Promise<void>;
  /** Marks a place to go back to, inside the transaction; only one at a time. */
  savepoint(): Soon<void>;
  release(): Soon<void>;
  rollbackToSavepoint(): Soon<void>;

  /** Stores tasks: due now → ready, later → scheduled. */
  push(tasks: readonly NewTask[]): Promise<PushedIds>;
  /** Makes due tasks ready (at most 500) and claims up to `limit` of them, in their order. */
  claim(options: ClaimOptions): Promise<ClaimedTask[]>;
  /** Claims this task whatever its time; null when it is not ready or scheduled any more. */
  claimOne(id: number, owner: Owner): Promise<ClaimedTask | null>;
  /** True while this claim has not been lost. */
  holds(claim: Claim): Promise<boolean>;
  /** Those of these claims that have not been lost; inside a transaction that stays so until it ends. */
  stillHeld(claims: readonly Claim[]): Promise<ReadonlySet<Claim>>;
  /** Gives claims that have not begun back to `ready`, as if they had never been claimed. */
  handBack(claims: readonly Claim[]): Promise<void>;

  // Settles. Each is guarded: false when the claim was lost, and then nothing has changed.
  finish(claim: Claim, result: string | null): Promise<boolean>;
  /**
   * The same for a claim that is known to hold in this transaction: written by its commit, which fails when
   * the claim is lost all the same.
   */
  finishAtCommit(claim: Claim, result: string | null): void;
  fail(claim: Claim, error: ErrorData): Promise<boolean>;
  /** Back to `scheduled` after `delay` ms; the attempt counts. */
  retry(claim: Claim, delay: number, error: ErrorData): Promise<boolean>;
  /** Back to `ready`; it began, so it was an attempt. */
  interrupt(claim: Claim, reason: string): Promise<boolean>;
  /** Counts a crash: back to `ready` as a suspect, or `failed` at `maxCrashes`. */
  crash(claim: Claim, reason: string, maxCrashes: number): Promise<boolean>;
}

export interface Store {
  readonly path: string;
  /** The store's wall clock: ms since 1970 UTC. */
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
   * takes no lock; what is due within `SOON` it waits for. Resolves when what was claimed is on disk; that it is claimed need not be.
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
  /**
   * How many tasks these queues have ready, counted up to `limit`; with a worker only those that it could
   * claim now, as it runs one suspect at a time.
   */
  countReady(queues: readonly string[], limit: number, worker?: string | null): Promise<number>;
  /** When the next scheduled task, of any queue, is due. */
  nextDue(): Promise<number | null>;
  /** True when more tasks are due than one claim makes ready: those behind them stand in no order yet. */
  isCrowdDue(): Promise<boolean>;
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
  /** Changes when any other connection has committed; compare two readings. */
  version(): Promise<number>;
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
  /** A few ms of keeping the file small. Call it when there is time. */
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

export interface CleanOptions {
  /** Finished and cancelled tasks that ended before this time. */
  readonly finishedBefore: number;
  /** Failed tasks that ended before this time. */
  readonly failedBefore: number;
  readonly limit: number;
}

export interface Tidied {
  /** There is more to do. */
  readonly more: boolean;
  /** What of the log could not be written into the database, as somebody still reads what was there before: bytes. */
  readonly held: number;
}

export interface NewWorker {
  readonly id: string;
  readonly pid: number;
  readonly threads: number;
  readonly queues: readonly string[];
}

/** How a thread ended, and which of its claims it was running. */
export interface ThreadDeath {
  readonly running: Claim | null;
  readonly reason: string;
  /** Crashes after which the running task is set aside; null when the thread was stopped on purpose. */
  readonly maxCrashes: number | null;
}

/** A dead worker, and what became of its tasks. */
export interface Rescue {
  /** `pid` is null where nobody knows any more. */
  readonly worker: { readonly id: string; readonly pid: number | null };
  readonly tasks: readonly RescuedTask[];
}

export interface RescuedTask {
  readonly id: number;
  readonly model: string;
  readonly method: string;
  readonly queue: string;
  readonly attempt: number;
  readonly state: TaskState;
  /** True for the one that counted a crash. */
  readonly crashed: boolean;
  readonly crashes: number;
}
