/**
 * The one interface to the database. Every call that asks the database returns a promise, or a value where it need
 * not wait. No type of any database shows in it, and each implementation must pass `test/store/suite/`.
 */
import type { Soon } from "../soon.ts";
import type { TaskEventStore } from "./task-event-store.ts";
import type { Backup } from "./backup.ts";
import type { ConditionStore } from "./condition.ts";
import type { CronStore } from "./cron-store.ts";
import type { FailureStore } from "./failure-store.ts";
import type { Attempt, Claim, ClaimedTask, NewTask, Task, TaskError } from "../task.ts";
import type {
  CleanOptions,
  LookOptions,
  Look,
  ManyMove,
  Part,
  Place,
  ReadFilter,
  Rest,
  Standing,
  StoreStatus,
  TaskNames,
  Waiting,
  WorkerInfo,
} from "./looking.ts";
import type { PauseStore } from "./pauses.ts";
import type { PushKeyStore } from "./push-keys.ts";
import type { RedactionStore } from "./redaction-store.ts";
import type { NewWorker, Rescue, RescuedTask, ThreadDeath } from "./rescue.ts";
import type { RunOutput } from "./task-output.ts";
import type { ClaimOptions, Owner, PushedIds, Session } from "./session.ts";
import type { StatisticsStore } from "./statistics-store.ts";
import type { TokenStore } from "./tokens.ts";
import type { Situation, WantedTask } from "./situation.ts";
import type { WebhookStore } from "./webhook-store.ts";
import type { Working } from "./working.ts";

/** An idle thread waits, instead of sleeping, for a task due within this many ms: waking up would take as long. */
export const DUE_SOON_MS = 3;

/** The traits of a store's database that decide how tasks run on it. */
export interface StoreTraits {
  /** True: a server keeps the database. False: it is a file of this machine. */
  readonly isServer: boolean;
  /** One transaction writes at a time: a thread that stays locked out is replaced. */
  readonly singleWriter: boolean;
  /** The most runs that may share a transaction. */
  readonly maxBatch: number;
  /** The most that have a savepoint each. */
  readonly maxSavepoints: number;
  /** A method is quick while its runs take less than this on average. */
  readonly quickMs: number;
  /** A batch is about this much work: ms. */
  readonly batchMs: number;
  /** A worker ticks this often while no worker holds a task. */
  readonly idleLookMs: number;
}

export interface Store {
  readonly traits: StoreTraits;
  /** The name for people: a path, or a host and a database; never a password. */
  readonly name: string;
  /** The folder for files that belong to the database, such as tq.token: beside a database that is a file. */
  readonly folder: string;
  /** The wall clock, in ms since 1970 UTC. Every stored time comes from it. */
  now(): number;
  /** Calls back once so many ms have passed by the store's clock. @returns a function that calls it off. */
  after(ms: number, then: () => void): () => void;
  /**
   * Opens a session; give it back with `release`.
   *
   * @param outsideTask true for user code that runs outside any task.
   */
  session(outsideTask?: boolean): Session;
  /** Ends the session, and rolls back an open transaction. */
  release(session: Session): Soon<void>;

  /** Runs `fn` in a transaction of its own, and commits it when `fn` resolves. */
  write<T>(fn: (session: Session) => Promise<T>): Promise<T>;
  /**
   * Claims in a transaction of its own, for a caller without other work. Looks first: without tasks it takes no lock,
   * and waits for a task that is due within `DUE_SOON_MS`. Resolves when the claimed tasks are on disk; their claims
   * need not be.
   */
  claim(options: ClaimOptions): Promise<ClaimedTask[]>;
  /** Pushes in a transaction of its own; pushes that arrive together share one commit. */
  push(tasks: readonly NewTask[]): Promise<PushedIds>;

  /**
   * The sentence with which a push of one task would be refused now, as the queue or its disk is full,
   * or the database cannot be written; null: none.
   */
  pushRefusal(): Promise<string | null>;

  /** How the database is, and those who use it. */
  readonly condition: ConditionStore;
  /** Recurring tasks. */
  readonly cron: CronStore;
  /** Queues and methods of which no task is taken. */
  readonly pauses: PauseStore;
  /** Pushes that have a key, so that none is made twice. */
  readonly pushKeys: PushKeyStore;
  /** The marks of models: which fields and arguments are secret. */
  readonly redactions: RedactionStore;
  /** Follow-ups and alerts of the failures of tasks. */
  readonly failures: FailureStore;
  /** Tokens of the admin API. */
  readonly tokens: TokenStore;
  /** What has become of tasks. */
  readonly taskEvents: TaskEventStore;
  /** Webhooks that tell what has become of tasks. */
  readonly webhooks: WebhookStore;
  /** How many tasks ran, and how late. */
  readonly statistics: StatisticsStore;

  // Looking
  get(id: number): Promise<Task | null>;
  getByRef(ref: string): Promise<Task | null>;
  errors(task: number): Promise<TaskError[]>;
  /** The runs of a task, the first one first: the last 100 of them. */
  attempts(task: number): Promise<Attempt[]>;
  /**
   * Reads the output of a task's runs, the first one first, its present run included.
   *
   * @param from leaves out the runs before this number.
   */
  output(task: number, from?: number): Promise<RunOutput[]>;
  /**
   * Those of these tasks that exist, in any order.
   *
   * @param asked of these tasks it reads how far they are, too, which costs more.
   */
  standings(ids: readonly number[], asked?: ReadonlySet<number>): Promise<Standing[]>;
  /** Reads what a task is doing, or why it does not run; null: there is no such task. */
  situation(wanted: WantedTask): Promise<Situation | null>;
  list(filter?: ReadFilter): Promise<Task[]>;
  /**
   * Lists in parts of about a megabyte, as tasks may be large, and many. A part is read in some ms, also where few of
   * many tasks match.
   */
  parts(filter?: ReadFilter): AsyncIterable<Part<Task>>;
  /** The ids of all tasks that match, in parts. */
  matching(filter: ReadFilter): AsyncIterable<Part<number>>;
  /** Counts the tasks of a filter with ids below this one, as far as it comes in some ms. */
  countBefore(filter: ReadFilter, before: number): Promise<Rest>;
  /**
   * Guesses the id above which tasks were pushed after this time: a clock that was set back, or a push that waited, may
   * have left others there too.
   */
  lastPushedBefore(time: number): Promise<number>;
  /** The queues and models of tasks, to find the near name of a mistyped one. */
  names(): Promise<TaskNames>;
  status(): Promise<StoreStatus>;
  /** Reads where tasks wait for a worker: without counting any. */
  waiting(): Promise<Waiting>;
  /**
   * Counts the tasks of which there are too many to count whenever someone asks, and keeps the counts for `status`. Each
   * step takes some ms: leave others time between two. It yields true where a count differs from the last one.
   */
  recount(): AsyncIterable<boolean>;
  /** Another one where `recount` may find other counts than before; null: it has nothing to count. */
  countsVersion(): Promise<number | null>;
  /** Reads all that a worker's main thread needs when it looks for tasks. */
  look(options: LookOptions): Promise<Look>;
  /**
   * Makes due tasks ready, as many as a claim does, where more are due: those are not in order yet.
   *
   * @returns true where it did, and even more may be due
   */
  makeCrowdReady(): Promise<boolean>;
  /**
   * True while these queues have a task that is ready or running, or scheduled where `scheduled` is true. Ready ones that
   * a pause holds do not count, and scheduled ones of a paused queue.
   */
  hasWork(queues: readonly string[], scheduled: boolean): Promise<boolean>;
  /**
   * @throws TqError "database" when the database is lost for good: it was deleted or replaced, or a flush of it has
   * failed.
   *
   * @param isLook true: the last commits may be looked at, though it is not certain that they are on disk.
   */
  check(isLook?: boolean): Promise<void>;
  /**
   * Resolves when every commit that is visible now is on disk, other processes' too: a process flushes its commit
   * after it is visible.
   */
  flush(): Promise<void>;
  /** A number that changes once another connection has committed. */
  version(): Promise<number>;
  /** Resolves when `version` has changed from this one, after `wait` ms at the latest, and soon after the signal. */
  changed(version: number, wait: number, signal?: AbortSignal): Promise<void>;
  /** The claims among these that are not lost. */
  stillHeld(claims: readonly Claim[]): Promise<Claim[]>;

  // By hand
  /** Cancels a ready, scheduled or running task; a running one cannot commit any more. */
  cancel(id: number, reason?: string): Promise<Task>;
  /**
   * Makes an ended task ready again, or one that a run has put off. It keeps its id and its history; attempts of its
   * policy and crashes count from zero.
   */
  retry(id: number): Promise<Task>;
  /** Deletes an ended task with its runs, errors and output; returns what it was. */
  delete(id: number): Promise<Task>;
  /** Puts a task that waits into another queue, or gives it another priority. */
  place(id: number, place: Place): Promise<Task>;
  /**
   * Moves those of these tasks that the filter still holds for and that can be moved, in one transaction: give a few
   * hundred at a time. Returns how many it moved.
   */
  moveMany(move: ManyMove, ids: readonly number[], filter: ReadFilter): Promise<number>;
  /** How many tasks `clean` would delete in all. */
  countCleanable(options: Omit<CleanOptions, "limit">): Promise<number>;
  /** Deletes at most `limit` tasks that ended before these times; returns how many. */
  clean(options: CleanOptions): Promise<number>;
  /**
   * Repairs the times of tasks that were pushed, or put off, while the clock was ahead; returns how many there were.
   * "all" reads every task that waits for its time, so call it rarely: after the clock was set back. "places" leaves
   * all requested times alone, and re-sorts ready tasks as if they were pushed now: that is safe even while it is
   * unknown which clock was wrong.
   */
  repairTimes(what: "all" | "places"): Promise<number>;
  /**
   * Writes a copy of all that is committed into a new file, for people to keep. It is whole and on disk when it has its
   * name. It blocks the thread for some seconds a gigabyte.
   *
   * @param path absolute; in a folder that is there, the copy has the name of the database and the time.
   * @param keep in a folder: deletes the oldest copies of this database, so that this many stay; default: all stay.
   * @throws TqError "invalid" where a file is there already; "full" where the file would not fit.
   */
  backup(path: string, keep?: number | null): Promise<Backup>;
  /** Does a few ms of upkeep; call it when there is time. */
  tidy(): Promise<Tidied>;
  /** Prepares the store for the way it is used, once that needs it; call it now and then: it mostly does nothing. */
  adapt(): Promise<void>;

  // Workers
  /** Registers a worker and takes its proof of life: a lock that ends with this process. */
  register(worker: NewWorker): Promise<void>;
  /** True while a worker's process lives, as far as a look can tell. */
  isAlive(worker: string): Promise<boolean>;
  /** @throws TqError "database" when the worker's proof of life is gone: other workers take it for dead. */
  checkAlive(worker: string): Promise<void>;
  /** Removes the worker and its proof of life, and gives back the claims that it still held. */
  unregister(worker: string): Promise<void>;
  /** All registered workers; a dead one stays registered until it is rescued. */
  workers(): Promise<WorkerInfo[]>;
  /** Reads what each thread of the workers runs, and how far that is. */
  working(): Promise<Working>;
  /** Checks every worker's proof of life, and puts the tasks of dead workers back. */
  rescueDead(maxCrashes: number): Promise<Rescue[]>;
  /** Puts back all tasks that the thread has claimed, whether it died or, with `running` null, still lives. */
  rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]>;

  /** Nothing runs any more: a server that is away is not waited for from now on. Absent: it need not be told. */
  hurry?(): void;
  close(): Promise<void>;
}

export interface Tidied {
  /** True when there is more to do. */
  readonly more: boolean;
  /** A sentence for the log; null: the upkeep found no trouble. */
  readonly note: string | null;
}

/** The sizes of the database with its log, in bytes. */
export interface Compacted {
  readonly before: number;
  readonly after: number;
  /** Free bytes that stay: the file, which another program has made, gives them back only where it is written anew. */
  readonly kept: number;
}
