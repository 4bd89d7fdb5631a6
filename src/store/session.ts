/** A session: one transaction after another, and the queue's statements inside them. */
import type { ErrorData, Settlement } from "../outcome.ts";
import type { Soon } from "../soon.ts";
import type { Claim, ClaimedTask, NewTask, Task } from "../task.ts";
import type { NewPause, Pause, PauseTarget } from "./pauses.ts";
import type { Records } from "./records.ts";

/** The owner of claims: a worker process, and a thread inside it. */
export interface Owner {
  readonly worker: string;
  readonly thread: number;
}

export interface ClaimOptions {
  readonly owner: Owner;
  /** Queue names and patterns (`*` matches any run of characters, `?` one); empty: every queue. */
  readonly queues: readonly string[];
  readonly limit: number;
}

/** Changes of claims that a commit carries besides the effects of its transaction. */
export interface Ending {
  /** Claims to give back; they have not begun. */
  readonly handBack: readonly Claim[];
  /** The next claim; null: none. */
  readonly claim: ClaimOptions | null;
}

/** The output of a run, as `parseOutput` reads it. */
export interface KeptOutput {
  readonly task: number;
  readonly attempt: number;
  readonly text: string;
}

/** The ids of pushed tasks, in the order of the tasks. */
export type PushedIds = number[];

/** The result of the user's own SQL: without rows and columns for a statement that returns none. */
export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/** The transactions of a session. */
interface TransactionCounts {
  /** How many began. It is the number of the last one: a value read in one may have changed by the next. */
  readonly begun: number;
  /** How many were rolled back. */
  readonly undone: number;
  /** How often user code went back to a savepoint of its own. */
  readonly userRollbacks: number;
}

/**
 * A session holds no lock until `begin`; each read before it stands alone. `begin` waits for the session's turn to
 * write; `commit` and `rollback` give the turn back.
 */
export interface Session {
  /** True inside a transaction. */
  readonly writing: boolean;
  /**
   * True while no row that is read can change before the transaction ends. On a database with one writer that is
   * `writing`; on others it is never true, and only rows that were read with `lock` stay as they are.
   */
  readonly steady: boolean;
  /**
   * Settles with the answer that is under way; null when none is. A run that is pending while this is null waits for
   * something other than the store.
   */
  readonly pendingAnswer: Promise<unknown> | null;
  /** True when user code has changed the connection itself, which later transactions on it would see. */
  readonly spoilt: boolean;
  readonly transactions: TransactionCounts;
  /** The ms that the session has waited for its turn and for the lock, in all. */
  readonly waited: number;
  /** The answers of a server that it has waited for, in all; those that came together count as one. Absent without a server. */
  readonly answers?: { readonly count: number; readonly ms: number };
  readonly records: Records;
  /**
   * The driver's own connection, for user code. The session begins a transaction if none has begun, without waiting
   * for others of this thread, and opens a savepoint if `savepoint` is true.
   *
   * @param check called before each use; throws when the caller may not use the connection any more.
   * @throws TqError "busy" when another transaction of this thread is writing, "conflict" where the database's driver
   * has no connection that works without waiting.
   */
  raw(savepoint: boolean, check?: () => void): unknown;
  /**
   * Runs one statement of the user's own inside the transaction, which must have begun.
   *
   * @param text with the placeholders of the database: `?1` or `?` on SQLite.
   * @throws TqError "conflict" for SQL that would end the transaction, "invalid" for more than one statement.
   */
  sql(text: string, values: readonly unknown[]): Soon<SqlResult>;
  /** The placeholder, in a text for `sql`, of the value at this index, counted from 0. */
  placeholder(index: number): string;

  /**
   * Says that runs of several tasks share its transactions: where others write at the same time, these wait for a row for
   * some ms only, and then fail with an error of contention. A row stays locked for the length of all.
   *
   * @param how without savepoints no run is undone alone: saves may then wait for each other, to be sent together.
   */
  shareTransactions?(how: { readonly savepoints: boolean }): void;
  /**
   * The error of a statement that was sent and not awaited, such as a save that has waited for others: the transaction
   * must be undone. null: there is none. Absent where all are awaited.
   */
  readonly unseenError?: { readonly error: unknown } | null;
  /** @throws TqError "busy" when another program holds the database longer than `database.timeout`. */
  begin(): Soon<void>;
  /**
   * Commits the effects, the runs of `finishAtCommit` and the claims of `ending`. Resolves, with the tasks that
   * `ending` claimed, when the commit is on disk.
   *
   * @param onVisible called before that, once other connections can see the commit.
   * @throws TqError "conflict" when one of the finished runs has lost its claim: then all is rolled back.
   */
  commit(ending?: Ending, onVisible?: () => void): Promise<ClaimedTask[]>;
  rollback(): Promise<void>;
  /** Marks a point of the transaction to go back to; only one at a time. */
  savepoint(): Soon<void>;
  releaseSavepoint(): Soon<void>;
  rollbackToSavepoint(): Soon<void>;

  /** Stores tasks: ready where they are due, else scheduled. */
  push(tasks: readonly NewTask[]): Promise<PushedIds>;
  /**
   * Makes up to 500 due tasks ready, then claims up to `limit` ready tasks, in their order, and none that is paused. It
   * may find none although one is ready, behind paused ones that it met first: a look counts that one.
   */
  claim(options: ClaimOptions): Promise<ClaimedTask[]>;
  /**
   * Claims this task whatever its time; null when it is not ready or scheduled any more, or a pause holds it.
   *
   * @param evenPaused true: no pause matters.
   */
  claimOne(id: number, owner: Owner, evenPaused?: boolean): Promise<ClaimedTask | null>;
  /** The claims among these that are lost; inside a transaction the others stay held until its end. */
  lostClaims(claims: readonly Claim[]): Promise<readonly Claim[]>;
  /** Returns claims to the queue without counting an attempt. */
  handBack(claims: readonly Claim[]): Promise<void>;
  /** The tasks that settled failures have pushed in this session. */
  readonly followUps: readonly number[];
  /**
   * Ends a run with its outcome; false when the claim was lost: then nothing has changed. A failure pushes the task that
   * its model has declared.
   */
  settle(claim: Claim, outcome: Settlement): Promise<boolean>;
  /** As `cancel` and `retry` of a store, inside the transaction. */
  cancel(id: number, reason?: string): Promise<Task>;
  retry(id: number): Promise<Task>;
  /** As `pause` and `resume` of the store's pauses, inside the transaction. */
  pause(pause: NewPause): Promise<Pause>;
  resume(target: PauseTarget): Promise<Pause>;
  /**
   * Keeps an error that a run has left behind, for people to read. Where that run has finished its task, the reason says
   * so too. Nothing happens where there is no such task any more.
   */
  recordLeftBehind(task: number, attempt: number, error: ErrorData, reason: string): Promise<void>;
  /** Keeps what a run has said; call it once it is settled, in the same transaction. */
  keepOutput(task: number, attempt: number, text: string): Promise<void>;
  /** As `keepOutput` for runs of several tasks. Absent where that waits for nothing. */
  keepOutputs?(outputs: readonly KeptOutput[]): Promise<void>;
  /** As `keepOutput`, for a run that has lost its claim: keeps it where a cancel has ended that run. */
  keepCancelled(task: number, attempt: number, text: string): Promise<void>;
  /**
   * Marks a run as finished. The commit writes it, and fails where the claim is lost: nothing waits for an answer of the
   * database before.
   *
   * @throws TqError where the transaction is known to be unable to commit.
   */
  finishAtCommit(claim: Claim, result: string | null, reason: string | null): void;
}
