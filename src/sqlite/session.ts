/** A session on SQLite: it runs the queue's statements inside its transactions. */
import type { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import type { ErrorData, Settlement } from "../outcome.ts";
import { type Soon, soon } from "../soon.ts";
import { BY_HAND } from "../store/by-hand-words.ts";
import type { NewPause, Pause, PauseTarget } from "../store/pauses.ts";
import type { GroupedPush, PushEnd } from "../store/push-group.ts";
import type { Records } from "../store/records.ts";
import type { ClaimOptions, Ending, Owner, Session, SqlResult } from "../store/session.ts";
import type { Claim, ClaimedTask, NewTask, Task } from "../task.ts";
import { commitError } from "./errors.ts";
import { pushAloneInto, pushEach, pushInto } from "./pushing.ts";
import { makeRecords } from "./records.ts";
import { cancel, retryByHand } from "./sql/by-hand.ts";
import { claim, claimOne, handBack } from "./sql/claim.ts";
import { keepFlushTimes } from "./sql/flush-counts.ts";
import { lostClaims } from "./sql/looking.ts";
import * as pauses from "./sql/pauses.ts";
import { hasClaimable } from "./sql/ready-count.ts";
import { finishAll, type FinishedRun, settle } from "./sql/settle.ts";
import { keepCancelled, keepOutput } from "./sql/outputs.ts";
import { recordLeftBehind } from "./sql/task-errors.ts";
import { type SessionOptions, SqliteTransaction } from "./transaction.ts";
import { runUserSql } from "./user-statement.ts";

const NOTHING: ClaimedTask[] = [];
const NO_IDS: readonly number[] = [];

export class SqliteSession implements Session {
  readonly #options: SessionOptions;
  readonly #transaction: SqliteTransaction;
  /** Runs that the commit marks as finished. */
  #finished: FinishedRun[] = [];
  #followUps: number[] | null = null;
  #records: Records | null = null;

  constructor(options: SessionOptions, outsideTask = false) {
    this.#options = options;
    this.#transaction = new SqliteTransaction(options, outsideTask);
  }

  get writing(): boolean {
    return this.#transaction.writing;
  }

  /** The only writer of the database reads what nobody else can change. */
  get steady(): boolean {
    return this.#transaction.writing;
  }

  /** SQLite answers at once, so no answer is ever under way. */
  get pendingAnswer(): null {
    return null;
  }

  get spoilt(): boolean {
    return this.#transaction.spoilt;
  }

  get transactions(): Session["transactions"] {
    return this.#transaction.counts;
  }

  get waited(): number {
    return this.#transaction.waited;
  }

  get followUps(): readonly number[] {
    return this.#followUps ?? NO_IDS;
  }

  raw(savepoint: boolean, check?: () => void): Database {
    const connection = this.#transaction.raw(check);
    if (savepoint) this.#transaction.savepoint();
    return connection;
  }

  sql(text: string, values: readonly unknown[]): SqlResult {
    return this.#checked(() => runUserSql(this.#transaction.raw(), text, values));
  }

  placeholder(index: number): string {
    return `?${index + 1}`;
  }

  shareTransactions(): void {} // one transaction writes at a time: none waits for a row

  begin(): Soon<void> {
    return this.#transaction.begin();
  }

  async commit(ending?: Ending, onVisible?: () => void): Promise<ClaimedTask[]> {
    if (!this.writing) {
      if (!ending || (ending.handBack.length === 0 && !ending.claim)) return NOTHING;
      const beginning = this.begin();
      if (beginning) await beginning;
    }
    const claimed = this.commitUnflushed(ending);
    onVisible?.();
    this.#options.flush.afterCommit();
    return claimed;
  }

  /** Makes these pushes in one transaction. The thread goes on while the disk works: more pushes come in meanwhile. */
  async pushTogether(pushes: readonly GroupedPush[]): Promise<PushEnd[]> {
    await this.begin();
    const refusal = (error: unknown) => this.#transaction.translated(error);
    const ends = this.#checked(() => pushEach(this.#db, pushes, this.#options, refusal));
    this.commitUnflushed();
    await this.#options.flush.behindCommit();
    return ends;
  }

  /** Commits without a flush: the caller sees to it that everything it relies on is on disk. */
  commitUnflushed(ending?: Ending): ClaimedTask[] {
    let claimed = NOTHING;
    try {
      this.#transaction.commit((db) => {
        this.#writeFinished(db);
        if (ending) claimed = this.#writeEnding(db, ending);
        keepFlushTimes(db, this.#options);
      });
    } finally {
      this.#finished = [];
    }
    return claimed;
  }

  #writeFinished(db: Database): void {
    if (finishAll(db, this.#finished, this.#now())) return;
    throw new TqError("conflict", "Cannot commit: one of its tasks has lost its claim");
  }

  #writeEnding(db: Database, ending: Ending): ClaimedTask[] {
    if (ending.handBack.length > 0) handBack(db, ending.handBack, this.#now());
    return ending.claim ? claim(db, ending.claim, this.#now()) : NOTHING;
  }

  async rollback(): Promise<void> {
    this.#finished = [];
    this.#transaction.rollback();
  }

  savepoint(): void {
    this.#transaction.savepoint();
  }

  releaseSavepoint(): void {
    this.#transaction.releaseSavepoint();
  }

  rollbackToSavepoint(): void {
    this.#transaction.rollbackToSavepoint();
  }

  /** Ends the session: rolls back an open transaction, and refuses all further use. */
  end(): Soon<void> {
    return this.#transaction.end();
  }

  async push(list: readonly NewTask[]): Promise<number[]> {
    return this.#inTransaction((db) => pushInto(db, list, this.#options));
  }

  /** Pushes a task with one statement, which is its own transaction; resolves when it is on disk. */
  pushAlone(task: NewTask): Soon<number[]> {
    const { capacity, connections, flush, path } = this.#options;
    const pushing = this.#transaction.inTurn(() => {
      this.#options.checkFiles();
      try {
        return pushAloneInto(connections.writer, task, this.#options);
      } catch (error) {
        throw commitError(error, path);
      }
    });
    return soon(pushing, (ids) => {
      capacity.wrote();
      this.#transaction.endTurn(); // after an error `inTurn` has ended it
      flush.afterCommit();
      return ids;
    });
  }

  async claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    return this.#inTransaction((db) => claim(db, options, this.#now()));
  }

  async claimOne(id: number, owner: Owner, evenPaused = false): Promise<ClaimedTask | null> {
    return this.#inTransaction((db) => claimOne(db, id, owner, this.#now(), evenPaused));
  }

  async lostClaims(claims: readonly Claim[]): Promise<readonly Claim[]> {
    return this.#checked(() => lostClaims(this.#db, claims));
  }

  async handBack(claims: readonly Claim[]): Promise<void> {
    return this.#inTransaction((db) => handBack(db, claims, this.#now()));
  }

  async settle(run: Claim, outcome: Settlement): Promise<boolean> {
    const onPushed = (id: number) => (this.#followUps ??= []).push(id);
    const after = { known: this.#options.knownFollowUps, onPushed };
    return this.#inTransaction((db) => settle(db, run, outcome, after, this.#now()));
  }

  async keepOutput(task: number, attempt: number, text: string): Promise<void> {
    return this.#inTransaction((db) => keepOutput(db, task, attempt, text));
  }

  async keepCancelled(task: number, attempt: number, text: string): Promise<void> {
    return this.#inTransaction((db) => keepCancelled(db, task, attempt, text));
  }

  async cancel(id: number, reason = BY_HAND): Promise<Task> {
    return this.#inTransaction((db) => cancel(db, id, reason, this.#now()));
  }

  async retry(id: number): Promise<Task> {
    return this.#inTransaction((db) => retryByHand(db, id, this.#now()));
  }

  async pause(pause: NewPause): Promise<Pause> {
    return this.#inTransaction((db) => pauses.pause(db, pause, this.#now()));
  }

  async resume(target: PauseTarget): Promise<Pause> {
    return this.#inTransaction((db) => pauses.resume(db, target, this.#now()));
  }

  async recordLeftBehind(
    task: number,
    attempt: number,
    error: ErrorData,
    reason: string,
  ): Promise<void> {
    return this.#inTransaction((db) =>
      recordLeftBehind(db, { task, attempt, error, reason }, this.#now()),
    );
  }

  finishAtCommit(run: Claim, result: string | null, reason: string | null): void {
    this.#transaction.checkNotEnded();
    this.#finished.push({ claim: run, result, reason });
  }

  /** True when a claim may find a task; takes no lock. */
  hasClaimable(options: ClaimOptions): boolean {
    return this.#checked(() => hasClaimable(this.#db, options, this.#now()));
  }

  /** A number that changes with each commit: this session's too. */
  get version(): number {
    return this.#checked(() => this.#options.connections.version);
  }

  /** Runs statements of the store inside this session's write transaction. */
  async runStatements<T>(fn: (db: Database, now: number) => Soon<T>): Promise<T> {
    return this.#inTransaction((db) => fn(db, this.#now()));
  }

  get records(): Records {
    return (this.#records ??= makeRecords({
      transaction: this.#transaction,
      look: (read) => this.#checked(() => read(this.#db)),
      write: (fn) => this.#inTransaction(fn),
    }));
  }

  get #db(): Database {
    return this.#transaction.db;
  }

  #inTransaction<T>(fn: (db: Database) => T): Soon<T> {
    if (!this.writing) return soon(this.begin(), () => this.#checked(() => fn(this.#db)));
    this.#transaction.checkInTransaction();
    return this.#checked(() => fn(this.#db));
  }

  /** Refuses the call after the session's end, and turns SQLite's errors into sentences. */
  #checked<T>(fn: () => T): T {
    this.#transaction.checkNotEnded();
    try {
      return fn();
    } catch (error) {
      throw this.#transaction.translated(error);
    }
  }

  #now(): number {
    return this.#options.clock.now();
  }
}
