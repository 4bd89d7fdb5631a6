/** A session on PostgreSQL: it runs the queue's statements inside its transactions. */
import { isTqError, TqError } from "../errors.ts";
import type { ErrorData, Settlement } from "../outcome.ts";
import type { KnownFollowUps } from "../store/known-follow-ups.ts";
import { BY_HAND } from "../store/by-hand-words.ts";
import type { NewPause, Pause, PauseTarget } from "../store/pauses.ts";
import type { GroupedPush, PushEnd } from "../store/push-group.ts";
import type { Records } from "../store/records.ts";
import type { ClaimOptions, Ending, Owner, Session, SqlResult } from "../store/session.ts";
import type { Claim, ClaimedTask, NewTask, Task } from "../task.ts";
import type { Connection } from "./connection.ts";
import type { Marks } from "./marks.ts";
import type { Capacity } from "./capacity.ts";
import { pushEach, pushInto } from "./pushing.ts";
import { makeRecords } from "./records.ts";
import { cancel, retryByHand } from "./sql/by-hand.ts";
import { claim, claimUsually, claimWithCare, moreToDo } from "./sql/claim.ts";
import { claimOne } from "./sql/claim-one.ts";
import { lostClaims } from "./sql/claims.ts";
import { handBack } from "./sql/hand-back.ts";
import * as pauses from "./sql/pauses.ts";
import { finishAll, type FinishedRun, settle } from "./sql/settle.ts";
import { keepCancelled, keepOutput, keepOutputs } from "./sql/kept-output.ts";
import { recordLeftBehind } from "./sql/task-errors.ts";
import { PostgresTransaction, type TransactionOptions } from "./transaction.ts";
import { placeholder, runUserSql } from "./user-sql.ts";

/** The options that all sessions of a store share. */
export interface SessionOptions extends TransactionOptions {
  readonly now: () => number;
  readonly capacity: Capacity;
  readonly knownFollowUps: KnownFollowUps;
  /** Where the claims of this thread go on. */
  readonly marks: Marks;
  /** Called after a commit that others may wait for: it wakes their workers. */
  readonly committed: () => void;
  /** False where a commit must not claim besides. */
  readonly mayClaim: () => boolean;
}

const NOTHING: ClaimedTask[] = [];
const NO_IDS: readonly number[] = [];

export class PostgresSession implements Session {
  readonly #options: SessionOptions;
  readonly #transaction: PostgresTransaction;
  /** Runs that the commit marks as finished. */
  #finished: FinishedRun[] = [];
  #followUps: number[] | null = null;
  #records: Records | null = null;
  /** The transaction may have made tasks ready, or others due: idle workers are to look. */
  #wakes = false;

  constructor(options: SessionOptions, outsideTask = false) {
    this.#options = options;
    this.#transaction = new PostgresTransaction(options, outsideTask);
  }

  get writing(): boolean {
    return this.#transaction.writing;
  }

  /** Others write at the same time: only rows that were locked stay as they are. */
  get steady(): false {
    return false;
  }

  get pendingAnswer(): Promise<unknown> | null {
    return this.#transaction.answers.first;
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

  get answers(): { readonly count: number; readonly ms: number } {
    return this.#transaction.answers;
  }

  get followUps(): readonly number[] {
    return this.#followUps ?? NO_IDS;
  }

  raw(): never {
    throw new TqError(
      "conflict",
      "Cannot hand out a SQLite connection: the database is PostgreSQL; use Transaction.current.sql",
    );
  }

  sql(text: string, values: readonly unknown[]): Promise<SqlResult> {
    return this.#transaction.run((db) => runUserSql(db, this.#transaction, text, values));
  }

  placeholder(index: number): string {
    return placeholder(index);
  }

  shareTransactions({ savepoints }: { readonly savepoints: boolean }): void {
    this.#transaction.isShared = true;
    this.#transaction.saves.isOn = !savepoints;
  }

  get unseenError(): { readonly error: unknown } | null {
    return this.#transaction.unseenError;
  }

  begin(): Promise<void> | undefined {
    return this.#transaction.begin();
  }

  async commit(given?: Ending, onVisible?: () => void): Promise<ClaimedTask[]> {
    const isClaimAlone = !this.writing && !given?.handBack.length;
    if (isClaimAlone && !given?.claim) return NOTHING;
    if (!this.writing) await this.begin();
    const ending = given?.claim && !this.#options.mayClaim() ? { ...given, claim: null } : given;
    try {
      const claimed = await this.#transaction.commit((db) => this.#last(db, ending));
      onVisible?.();
      if (this.#wakes || (ending && ending.handBack.length > 0)) this.#options.committed();
      if (!ending?.claim || claimed.length > 0) return claimed;
      return await this.#claimWithCare(ending.claim, isClaimAlone);
    } finally {
      this.#finished = [];
      this.#wakes = false;
    }
  }

  /**
   * Claims in a transaction of its own, where the one that came with the commit has found none, and there is a reason for
   * that. An error of it is not one of the commit, which stands: the next claim meets it again, and asks first what the
   * thread holds where the answer of this one was lost.
   */
  async #claimWithCare(options: ClaimOptions, isAlone: boolean): Promise<ClaimedTask[]> {
    const { now } = this.#options;
    try {
      const more = await this.#transaction.read((db) => moreToDo(db, now()));
      if (!more.due && !more.held) return NOTHING;
      const claimed = await this.#write((db) => claimWithCare(db, options, more, now()));
      return await this.#transaction.commit(async () => claimed);
    } catch (error) {
      const isUncertain = isTqError(error) && error.code === "uncertain"; // the thread may hold tasks
      if (isUncertain && isAlone) throw error;
      if (isUncertain) this.#options.connections.noteLoss();
      await this.rollback();
      return NOTHING;
    }
  }

  /** Sends the last statements of the transaction before it awaits one: they share a round trip with the commit. */
  async #last(db: Connection, ending?: Ending): Promise<ClaimedTask[]> {
    const { marks, now } = this.#options;
    const sent: Promise<unknown>[] = [];
    if (this.#finished.length > 0) sent.push(finishAll(db, this.#finished, now()));
    if (ending && ending.handBack.length > 0) sent.push(handBack(db, ending.handBack, now()));
    const claiming = ending?.claim
      ? claimUsually(db, ending.claim, now(), marks, "inTransaction")
      : NOTHING;
    const [claimed, ...ends] = await Promise.allSettled([claiming, ...sent]);
    for (const end of ends) if (end.status === "rejected") throw end.reason;
    if (claimed.status === "rejected") throw claimed.reason;
    return claimed.value;
  }

  /** Makes these pushes in one transaction. */
  async pushTogether(pushes: readonly GroupedPush[]): Promise<PushEnd[]> {
    const ends = await this.#waking((db) => pushEach(db, pushes, this.#options));
    await this.commit();
    return ends;
  }

  async rollback(): Promise<void> {
    this.#finished = [];
    this.#wakes = false;
    await this.#transaction.rollback();
  }

  savepoint(): void {
    this.#transaction.savepoint();
  }

  releaseSavepoint(): void {
    this.#transaction.releaseSavepoint();
  }

  rollbackToSavepoint(): Promise<void> {
    return this.#transaction.rollbackToSavepoint();
  }

  /** Ends the session: rolls back an open transaction, and refuses all further use. */
  end(): Promise<void> | undefined {
    return this.#transaction.end();
  }

  push(list: readonly NewTask[]): Promise<number[]> {
    return this.#waking((db) => pushInto(db, list, this.#options));
  }

  claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    const { marks, now } = this.#options;
    return this.#write((db) => claim(db, options, now(), marks));
  }

  claimOne(id: number, owner: Owner, evenPaused = false): Promise<ClaimedTask | null> {
    return this.#write((db) => claimOne(db, id, owner, this.#options.now(), evenPaused));
  }

  lostClaims(claims: readonly Claim[]): Promise<readonly Claim[]> {
    const holds = this.writing;
    return this.#transaction.read((db) => lostClaims(db, claims, holds));
  }

  handBack(claims: readonly Claim[]): Promise<void> {
    return this.#waking((db) => handBack(db, claims, this.#options.now()));
  }

  settle(run: Claim, outcome: Settlement): Promise<boolean> {
    const onPushed = (id: number) => {
      (this.#followUps ??= []).push(id);
      this.#wakes = true;
    };
    const after = { known: this.#options.knownFollowUps, onPushed };
    if (outcome.kind !== "finished") this.#wakes = true; // it may be ready again, or due soon
    return this.#write((db) => settle(db, run, outcome, after, this.#options.now()));
  }

  keepOutput(task: number, attempt: number, text: string): Promise<void> {
    return this.#write((db) => keepOutput(db, task, attempt, text));
  }

  keepOutputs(outputs: Parameters<typeof keepOutputs>[1]): Promise<void> {
    return this.#write((db) => keepOutputs(db, outputs));
  }

  keepCancelled(task: number, attempt: number, text: string): Promise<void> {
    return this.#write((db) => keepCancelled(db, task, attempt, text));
  }

  cancel(id: number, reason = BY_HAND): Promise<Task> {
    return this.#write((db) => cancel(db, id, reason, this.#options.now()));
  }

  retry(id: number): Promise<Task> {
    return this.#waking((db) => retryByHand(db, id, this.#options.now()));
  }

  pause(pause: NewPause): Promise<Pause> {
    return this.#write((db) => pauses.pause(db, pause, this.#options.now()));
  }

  resume(target: PauseTarget): Promise<Pause> {
    return this.#waking((db) => pauses.resume(db, target, this.#options.now()));
  }

  recordLeftBehind(task: number, attempt: number, error: ErrorData, reason: string): Promise<void> {
    return this.#write((db) =>
      recordLeftBehind(db, { task, attempt, error, reason }, this.#options.now()),
    );
  }

  finishAtCommit(run: Claim, result: string | null, reason: string | null): void {
    this.#transaction.checkGoesOn();
    this.#finished.push({ claim: run, result, reason });
  }

  /** Runs statements of the store inside this session's transaction. */
  runStatements<T>(fn: (db: Connection, now: number) => Promise<T>): Promise<T> {
    this.#wakes = true;
    return this.#transaction.run((db) => fn(db, this.#options.now()));
  }

  get records(): Records {
    return (this.#records ??= makeRecords(this.#transaction));
  }

  #waking<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    this.#wakes = true;
    return this.#write(fn);
  }

  #write<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    return this.#transaction.runOwn(fn);
  }
}
