/**
 * A unit of work: what one transaction has done so far, or, for a method outside any, those that it starts. It takes the
 * write lock at its first write, at its first read where it is `locked`, or when it gives out its connection.
 */
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import { lostClaimError } from "../store/ended.ts";
import type { Session, SqlResult } from "../store/session.ts";
import type { NewTask } from "../task.ts";
import { lateError } from "./current-task.ts";
import { RowObjects } from "./row-objects.ts";
import { Stretch } from "./stretch.ts";
import type { UnitOptions } from "./unit-options.ts";
import { type Runtime, takeLock } from "./runtime.ts";
import { PendingWork, WatchedPromise } from "./pending.ts";
import { StrictWork } from "./strict-work.ts";

const NO_WAITS = { waited: 0 };
const NO_IDS: readonly number[] = [];

export class Unit {
  /** The runtime that the unit began with, even if the process has entered another one since. */
  readonly runtime: Runtime;
  /** True when a write met a row that another transaction had changed or deleted: this unit must not commit. */
  stale = false;
  /** The operations of a unit whose code must await each of them. */
  strict: StrictWork | null = null;
  #options: UnitOptions;
  #session: Session | null;
  #inSavepoint = false;
  #hasBegun = false;
  #ended = false;
  #stretch: Stretch | null = null;
  #rowObjects: RowObjects | null = null;
  /** The session's `transactions.userRollbacks` when the unit compared it last: a greater one means that user code undid writes since. */
  #userRollbacks = 0;
  /** Ids of pushed tasks, before and after the commit. They grow in place: a transaction may push tasks one by one. */
  #pushedIds: number[] | null = null;
  #committedIds: number[] | null = null;
  #pending: PendingWork | null = null;

  constructor(runtime: Runtime, options: UnitOptions = {}) {
    this.runtime = runtime;
    this.#options = options;
    this.#session = options.session ?? null;
  }

  /** A unit on a session of its own, which commits only while this one's claim holds. */
  another(options: Pick<UnitOptions, "locked">): Unit {
    const { claim } = this.#options;
    const unit = new Unit(this.runtime, { ...options, ...(claim && { claim }) });
    if (this.strict) unit.beStrict();
    return unit;
  }

  /** From here on the code must await each operation that it begins; call it before the first one. */
  beStrict(): void {
    this.#pending = this.strict = new StrictWork();
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** How long its session, which units may share, has waited in all: compare two readings. */
  get waits(): Pick<Session, "waited" | "answers"> {
    return this.#session ?? NO_WAITS;
  }

  /** The objects of the rows that the unit has read or written. */
  get rowObjects(): RowObjects {
    return (this.#rowObjects ??= new RowObjects());
  }

  /**
   * True when every read of the unit must lock its rows. A unit that shares its transaction reads as a task without
   * `lock` does: it takes the write lock only because that transaction will write.
   */
  get locksRows(): boolean {
    return this.#options.locked === true && this.#options.shared !== true;
  }

  /** True when rows that the unit reads now, or locks as it reads them, cannot change while the stretch lasts. */
  isSteady(rowsLocked: boolean): boolean {
    return rowsLocked || this.#session?.steady === true;
  }

  /** Settles with the answer of the store that is under way; null when there is none. */
  get pendingAnswer(): Promise<unknown> | null {
    return this.#ended ? null : (this.#session?.pendingAnswer ?? null);
  }

  /** The present stretch of holding the write lock; null: rows that are read now may change at any time. */
  get stretch(): Stretch | null {
    this.#noticeUserRollback(); // before a stretch begins: a shared session counts those of earlier tasks too
    if (this.#session?.writing) this.#stretch ??= new Stretch(() => this.#noticeUserRollback());
    return this.#stretch;
  }

  /** Ends the stretch after user code went back to a savepoint of its own: tq cannot tell which writes that undid. */
  #noticeUserRollback(): void {
    if (this.#ended) return; // later savepoints of the shared session are those of other tasks
    const userRollbacks = this.#session?.transactions.userRollbacks ?? this.#userRollbacks;
    if (userRollbacks !== this.#userRollbacks) this.#markUndone();
    this.#userRollbacks = userRollbacks;
  }

  /** Marks the writes of the stretch as rolled back. */
  #markUndone(): void {
    this.#stretch?.end();
    this.#stretch = null;
  }

  /** True when it has begun to write since it committed last. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** The ids of the pushed tasks that are committed. */
  get committedIds(): readonly number[] {
    return this.#committedIds ?? NO_IDS;
  }

  /** The session to read and write with. @throws TqError "conflict" once the unit has ended. */
  get session(): Session {
    this.#checkNotEnded();
    return (this.#session ??= this.runtime.store.session(this.#options.claim === undefined));
  }

  #checkNotEnded(): void {
    if (this.#ended) throw lateError();
  }

  /** The connection itself; from here on the unit holds the write lock. */
  get database(): unknown {
    const opensSavepoint = this.#options.savepoint === true && !this.#inSavepoint;
    const database = takeLock(this.runtime, this.session, (session) =>
      session.raw(opensSavepoint, () => this.#checkNotEnded()),
    );
    if (opensSavepoint) this.#inSavepoint = true;
    return database;
  }

  /** Runs a statement of user code; from here on the unit holds the write lock. */
  sql(text: string, values: readonly unknown[]): Soon<SqlResult> {
    return soon(this.begin(), () => this.session.sql(text, values));
  }

  /**
   * Takes the write lock before a write. In a shared transaction it opens the unit's savepoint too, so that the unit
   * can be undone alone.
   */
  begin(): Soon<void> {
    this.#hasBegun = true;
    const { savepoint = false } = this.#options;
    return savepoint && !this.#inSavepoint
      ? soon(this.lock(), () => this.#openSavepoint())
      : this.lock();
  }

  #openSavepoint(): Soon<void> {
    if (this.#inSavepoint) return; // another write opened it during the wait for the lock
    this.#inSavepoint = true;
    return this.session.savepoint();
  }

  /** Takes the write lock: rows that are read from here on cannot change. */
  lock(): Soon<void> {
    const { session } = this;
    return session.writing ? undefined : takeLock(this.runtime, session, (one) => one.begin());
  }

  /** Takes the lock before a read, where the whole unit runs under lock. */
  prepareRead(): Soon<void> {
    return this.#options.locked ? this.lock() : undefined;
  }

  /**
   * Starts work that the commit waits for, even where its caller does not. If the work fails and no caller has
   * looked at its promise, the commit fails with its error.
   */
  track<T>(start: () => Soon<T>): Promise<T> {
    if (this.#ended) return new WatchedPromise((_, reject) => reject(lateError()));
    return (this.#pending ??= new PendingWork()).add(start);
  }

  /** Starts a transaction for a run that has none of its own, which finishes after it, and fails with its error. */
  trackTransaction<T>(start: () => Promise<T>): Promise<T> {
    return (this.#pending ??= new PendingWork()).addTransaction(start);
  }

  /** Stores tasks; the caller tracks the promise. */
  async push(tasks: readonly NewTask[]): Promise<number[]> {
    if (tasks.length === 0) return [];
    await this.begin();
    return this.noteReady(await this.session.push(tasks));
  }

  /** Notes tasks that the unit has made ready: where no worker is configured, they run after its commit. */
  noteReady(ids: number[]): number[] {
    for (const id of ids) (this.#pushedIds ??= []).push(id);
    return ids;
  }

  /**
   * Moves the unit to another session, because its task waits and has not touched the shared one yet. From then on it
   * is a unit like any other: without a savepoint, and without a lock at its first read.
   */
  detach(session: Session): void {
    const { claim } = this.#options;
    this.#session = session;
    this.#options = { session, ...(claim && { claim }) };
  }

  /** Waits for tracked work that is still under way. @throws the error that makes a commit impossible. */
  pendingDone(): Soon<void> {
    const pending = this.#pending;
    if (pending === null || pending.isDone) return this.#checkCommittable();
    return pending.done().then(() => this.#checkCommittable());
  }

  #checkCommittable(): void {
    this.#pending?.check();
    if (this.stale) {
      throw new TqError(
        "conflict",
        "Cannot commit: a record was changed by another transaction; run the transaction again",
      );
    }
  }

  /** Commits what was done so far. @throws TqError "conflict" when the claim of its task was lost. */
  async commit(): Promise<void> {
    this.#checkNotEnded();
    await this.pendingDone();
    const session = this.#session;
    if (session?.writing) {
      const { claim, savepoint } = this.#options;
      if (claim && (await session.lostClaims([claim])).length > 0) {
        await (savepoint ? this.#leaveSavepoint(false) : session.rollback());
        this.#markUndone();
        throw lostClaimError();
      }
      // The earlier runs of a shared transaction are settled, and commit with this one.
      await this.#leaveSavepoint(true);
      await session.commit().catch((error: unknown) => {
        this.#markUndone();
        this.#pushedIds = null;
        throw error;
      });
    }
    this.keep();
  }

  /** Call it after the commit: nothing undoes the writes and the pushed tasks any more. */
  keep(): void {
    if (this.#committedIds) for (const id of this.#pushedIds ?? []) this.#committedIds.push(id);
    else this.#committedIds = this.#pushedIds;
    this.#pushedIds = null;
    this.#hasBegun = false;
    this.#noticeUserRollback();
    this.#stretch?.keep();
    this.#stretch = null;
  }

  /** Ends the unit in a shared transaction. Work that it keeps there counts as undone until a call of `keep`. */
  closeSavepoint(keep: boolean): Soon<void> {
    return soon(this.end(), () => this.#leaveSavepoint(keep));
  }

  #leaveSavepoint(keep: boolean): Soon<void> {
    if (!this.#inSavepoint || !this.#session) return;
    this.#inSavepoint = false;
    return keep ? this.#session.releaseSavepoint() : this.#session.rollbackToSavepoint();
  }

  /**
   * Ends the unit: it refuses every later use, also by work that is under way. It releases a session of its own,
   * which rolls back all that was not committed.
   */
  end(): Soon<void> {
    if (this.#ended) return;
    this.#noticeUserRollback(); // before the end: an ended unit notices none
    this.#ended = true;
    const own = this.#options.session ? null : this.#session;
    if (!own && this.#pending?.isIdle !== false) {
      this.#stretch?.end();
      return;
    }
    return this.#endWaiting(own);
  }

  async #endWaiting(own: Session | null): Promise<void> {
    // The session of a caller stays open: work that still queues for its lock would get it, and nothing would free it.
    if (!own) await this.#pending?.idle();
    else await this.runtime.store.release(own);
    this.#stretch?.end();
  }
}
