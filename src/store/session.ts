/** A session: one transaction after another, and what the queue does inside them. */
import type { Settlement } from "../outcome.ts";
import type { Soon } from "../soon.ts";
import type { Claim, ClaimedTask, NewTask } from "../task.ts";
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

/** What a commit carries besides the effects of its transaction. */
export interface Ending {
  /** Claims that have not begun, to give back. */
  readonly handBack: readonly Claim[];
  /** The next claim; null: none. */
  readonly claim: ClaimOptions | null;
}

/** The ids of pushed tasks, in the order of the tasks. */
export type PushedIds = number[];

/** What SQL of the user's own answers; no rows and no columns for a statement that returns none. */
export interface SqlResult {
  readonly columns: readonly string[];
  readonly rows: readonly (readonly unknown[])[];
}

/**
 * A session holds nothing until `begin`; reads before it stand alone. `begin` waits for its turn to write;
 * `commit` and `rollback` give the turn back.
 */
export interface Session {
  /** True inside a transaction. */
  readonly writing: boolean;
  /**
   * True while nothing that is read can change before the transaction ends. On a database with one writer that is
   * `writing`; on others it is never true, and only rows that were read with `lock` stay as they are.
   */
  readonly steady: boolean;
  /**
   * Settles with the answer that is under way; null when none is. A run that is pending while this is null waits for
   * something else than the store.
   */
  readonly waiting: Promise<unknown> | null;
  /** True when user code has changed the connection itself: later transactions on it would see that. */
  readonly spoilt: boolean;
  /** How often user code went back to a savepoint of its own. */
  readonly wentBack: number;
  /** Counts the transactions that it began: a value read in one may have changed by the next. */
  readonly transaction: number;
  /** How many of its transactions were begun and rolled back. */
  readonly undone: number;
  /** The ms that it has waited for its turn and for the lock, in all. */
  readonly waited: number;
  readonly records: Records;
  /**
   * The driver's own connection, for user code. The session begins at once if need be, without waiting for other
   * transactions of this thread, and opens a savepoint where `savepoint` asks for one.
   *
   * @param check throws when the caller may not use the connection any more; called before each use.
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
  /** How the database's SQL names the value at this index, counted from 0, in a text for `sql`. */
  placeholder(index: number): string;

  /** @throws TqError "busy" when another program holds the database longer than `database.timeout`. */
  begin(): Soon<void>;
  /**
   * Commits the effects, the runs of `finishAtCommit`, and what `ending` says. Resolves when that is on disk, with the
   * tasks that `ending` claimed.
   *
   * @param seen called before that, when others can see the commit.
   * @throws TqError "conflict" when the claim of one of the finished runs was lost: then nothing is kept.
   */
  commit(ending?: Ending, seen?: () => void): Promise<ClaimedTask[]>;
  rollback(): Promise<void>;
  /** Marks a place to go back to, inside the transaction; only one at a time. */
  savepoint(): Soon<void>;
  releaseSavepoint(): Soon<void>;
  rollbackToSavepoint(): Soon<void>;

  /** Stores tasks: due now → ready, later → scheduled. */
  push(tasks: readonly NewTask[]): Promise<PushedIds>;
  /** Makes due tasks ready (at most 500) and claims up to `limit` of them, in their order. */
  claim(options: ClaimOptions): Promise<ClaimedTask[]>;
  /** Claims this task whatever its time; null when it is not ready or scheduled any more. */
  claimOne(id: number, owner: Owner): Promise<ClaimedTask | null>;
  /** The claims among these that have not been lost; inside a transaction that stays so until it ends. */
  stillHeld(claims: readonly Claim[]): Promise<ReadonlySet<Claim>>;
  /** Gives claims that have not begun back to `ready`, as if they had never been made. */
  handBack(claims: readonly Claim[]): Promise<void>;
  /** Ends a run as its outcome says; false when the claim was lost, and then nothing has changed. */
  settle(claim: Claim, outcome: Settlement): Promise<boolean>;
  /**
   * Ends a run well, for a claim that holds in this transaction: the commit writes it, and fails when the claim is
   * lost all the same.
   */
  finishAtCommit(claim: Claim, result: string | null): void;
}
