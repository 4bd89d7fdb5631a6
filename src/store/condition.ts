/** How a database is, and those who use it: what `tq doctor`, `/readyz` and `tq status` look at. */
import type { ModelVersion } from "../catalog.ts";
import type { BackupEnd, BackupRecord } from "./backup.ts";
import type { OldestReady } from "./measurements.ts";

/** The words of a worker about itself once its threads have loaded their models. */
export interface WorkerAbout {
  /** The files and folders of models that it was given. */
  readonly models: readonly string[];
  /** The code that it has loaded. */
  readonly version: ModelVersion;
  /** The names of all that it can run: `sale.process`, or the name of a function. */
  readonly calls: readonly string[];
  /** The tq.toml that it has read; null: there was none. */
  readonly settings: string | null;
  /** Marks of what it and those of other hosts should have alike, by section; absent from what an older tq has written. */
  readonly fingerprints?: Readonly<Record<string, string>>;
  /** Absent from what an older tq has written. */
  readonly refusal?: Refusal | null;
}

/** Models that a worker could not load: it goes on with those that it has. */
export interface Refusal {
  readonly message: string;
  /** How the disk differed from what the worker has loaded; null: it did not, as where a package is missing. */
  readonly difference: string | null;
}

/** The mode of the database, as the settings of a program said first. */
export interface RememberedMode {
  /** The value of the setting `queue.worker`. */
  readonly worker: boolean;
  /** The tq.toml, the environment variable or the flag that said it. */
  readonly origin: string;
}

/** The tasks of one method that wait to run. */
export interface WaitingCall {
  readonly model: string;
  /** null: it calls a plain function. */
  readonly method: string | null;
  readonly queue: string;
  readonly count: number;
}

/** A file or folder that belongs to the database. */
export interface OwnedFile {
  readonly path: string;
  /** The number of its owner; null where the system has none. */
  readonly owner: number | null;
  readonly group: number;
  /** The bits of its permissions. */
  readonly mode: number;
}

/** The one who holds the oldest snapshot of a server: rows that died since cannot be cleaned up. */
export interface SnapshotHolder {
  /** "standby": one that asks the server to keep rows. "prepared": a prepared transaction. "slot": of replication. */
  readonly kind: "session" | "standby" | "prepared" | "slot";
  /** Its pid on the server, or its name. */
  readonly name: string;
  /** The name that its program gave itself; "": none. */
  readonly program: string;
  readonly role: string;
  /** ms; null: unknown. */
  readonly age: number | null;
}

/** How the server of a database keeps what it is told, and who is in its way. */
export interface ServerCondition {
  readonly version: string;
  /** Its setting `synchronous_commit`. */
  readonly synchronousCommit: string;
  /** Its setting `synchronous_standby_names`; "": commits wait for no standby. */
  readonly synchronousStandbys: string;
  /** The standbys that follow it now. */
  readonly standbys: number;
  /** The sessions of this user whose commits have waited for a synchronous standby for more than a second. */
  readonly waitingForStandby: number;
  /** It follows another server, and takes no writes. */
  readonly isStandby: boolean;
  /** Where default_transaction_read_only was switched on, as the server calls it: `database`; null: it is off. */
  readonly readOnlyBy: string | null;
  /** It cleans up dead rows of tasks by itself. */
  readonly isVacuumed: boolean;
  /** Rows of tasks that nobody can see any more, as far as the server knows. */
  readonly deadRows: number;
  readonly rows: number;
  readonly connections: number;
  /** Those that it gives to users without special rights. */
  readonly maxConnections: number;
  readonly oldestSnapshot: SnapshotHolder | null;
  /** False: this user sees the transactions of no others. */
  readonly seesAll: boolean;
}

/** How the disk takes a megabyte. "not tried": a standby takes none, this user may not try, or the database is a file. */
export type DiskTrial = "taken" | "not tried" | { readonly refusal: string };

export interface ConditionStore {
  /** Keeps, for other programs, why this worker can run no task though it lives; null: it can. */
  setTrouble(worker: string, trouble: string | null): Promise<void>;
  /** Keeps how many of a worker's threads have loaded their models. */
  setThreads(worker: string, ready: number): Promise<void>;
  /** Keeps what a worker says of itself. @param changedAt when its newest file of models was changed; null: unknown */
  setAbout(worker: string, about: WorkerAbout, changedAt: number | null): Promise<void>;
  /** Makes the tasks due that wait for newer models: a worker has these now. @returns how many */
  endWaitForModels(): Promise<number>;
  /** By the ids of the workers that have said something. */
  abouts(): Promise<ReadonlyMap<string, WorkerAbout>>;

  /** null: no program has said it. */
  mode(): Promise<RememberedMode | null>;
  rememberMode(mode: RememberedMode): Promise<void>;

  /** null: no backup was made, and no worker was told to make any. */
  backups(): Promise<BackupRecord | null>;
  /** Keeps how a backup has just ended. */
  rememberBackup(end: BackupEnd): Promise<void>;

  /** Since when the tasks of these queues that wait the longest could run: ready ones, and scheduled ones that are due. */
  oldestReady(queues: readonly string[]): Promise<readonly OldestReady[]>;
  /** The tasks that wait, by what they call: of thousands the first ones. */
  waitingCalls(): Promise<readonly WaitingCall[]>;
  /** When a task last finished, or failed for good, of those that are kept; 0: none is. */
  lastEnd(): Promise<number>;
  /**
   * The latest time that is stored and no plan: when a task was pushed that still waits, unless its place was repaired
   * since, when the newest task ended, or when a worker started. It is not later than a clock that is right again.
   */
  latestTime(): Promise<number>;

  /** null: the database is a file. */
  server(): Promise<ServerCondition | null>;

  /** Tries how the server's disk takes a megabyte. */
  diskTrial(): Promise<DiskTrial>;

  /** Why the user of this program may not push, as another one may; null: it may. */
  lacksRight(): Promise<string | null>;

  /** The free bytes of the disk; Infinity where the system does not tell. */
  freeDisk(): Promise<number>;
  /** The kind of the file system, as the system names it; null: unknown. */
  fileSystem(): Promise<string | null>;
  /** Writes to the disk, or has the server do so, and waits until it is there. @returns ms, the median of a few times; null: this user may not write */
  flushTime(): Promise<number | null>;
  /** A sentence for each fault that the database finds in itself: it reads all of it. */
  damage(): Promise<readonly string[]>;
  /** Those that are there. */
  ownedFiles(): Promise<readonly OwnedFile[]>;
}
