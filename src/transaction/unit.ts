/**
 * A unit of work: what one transaction has done so far. It holds no lock until it writes, and then
 * until it commits or ends.
 */
import { TqError } from "../errors.ts";
import { type Soon, soon } from "../soon.ts";
import { endedError } from "../store/ended.ts";
import type { Session, SqlResult } from "../store/session.ts";
import type { Claim, NewTask } from "../task.ts";
import { Hold } from "./hold.ts";
import type { Runtime } from "./runtime.ts";
import { Pending, Work } from "./pending.ts";

export interface UnitOptions {
  /** The session of a task's thread; none: one of its own, when it is needed. */
  readonly session?: Session;
  /** Take the write lock at the first touch of the database: what is read cannot change then. */
  readonly locked?: boolean;
  /** Keep what this unit does in a savepoint of a transaction that others share. */
  readonly savepoint?: boolean;
  /** The claim that must hold at a commit in the middle of a task. */
  readonly claim?: Claim;
}

const NO_IDS: readonly number[] = [];

export class Unit {
  /** What it began with: it stays with that, whatever the process works on later. */
  readonly runtime: Runtime;
  #options: UnitOptions;
  #session: Session | null;
  #inSavepoint = false;
  #ended = false;
  #stale = false;
  #hold: Hold | null = null;
  /** How often the session had gone back to a savepoint of user code. */
  #wentBack = 0;
  /** Ids pushed and not committed yet, and those that are; in place, as a transaction may push them one by one. */
  #pushed: number[] | null = null;
  #committed: number[] | null = null;
  readonly #pending = new Pending();
  /** Transactions of their own that the run has started. */
  #started: Pending | null = null;

  constructor(runtime: Runtime, options: UnitOptions = {}) {
    this.runtime = runtime;
    this.#options = options;
    this.#session = options.session ?? null;
  }

  /** Another one on a session of its own, which commits only as long as this one's claim holds. */
  another(options: Pick<UnitOptions, "locked">): Unit {
    const { claim } = this.#options;
    return new Unit(this.runtime, { ...options, ...(claim && { claim }) });
  }

  get ended(): boolean {
    return this.#ended;
  }

  /** How long it has waited for the write lock: ms. */
  get waited(): number {
    return this.#session?.waited ?? 0;
  }

  /** True when a write found a row changed: what this unit did must not be committed. */
  get stale(): boolean {
    return this.#stale;
  }

  setStale(): void {
    this.#stale = true;
  }

  /** True where rows that are read must not change until the end: all of the unit is to run under lock. */
  get locksRows(): boolean {
    return this.#options.locked === true && this.#options.savepoint !== true;
  }

  /** True when what is read now cannot change while the hold lasts. @param locked the rows are read with lock. */
  isSteady(locked: boolean): boolean {
    return locked || this.#session?.steady === true;
  }

  /** The answer of the store that is under way; null: none. */
  get waiting(): Promise<unknown> | null {
    return this.#ended ? null : (this.#session?.waiting ?? null);
  }

  /** The present stretch of holding the write lock; null: what is read now may change at any time. */
  get hold(): Hold | null {
    this.#followSavepoints();
    if (this.#session?.writing) this.#hold ??= new Hold(() => this.#followSavepoints());
    return this.#hold;
  }

  /** Where user code has gone back to a savepoint of its own, nobody knows what of the work is gone. */
  #followSavepoints(): void {
    if (this.#ended) return; // what others of its batch go back to since then is not its own
    const wentBack = this.#session?.wentBack ?? this.#wentBack;
    if (wentBack !== this.#wentBack) this.#undo();
    this.#wentBack = wentBack;
  }

  /** What was written is rolled back. */
  #undo(): void {
    this.#hold?.end();
    this.#hold = null;
  }

  /** The ids of the pushed tasks that are committed. */
  get committed(): readonly number[] {
    return this.#committed ?? NO_IDS;
  }

  /** What to read and write with. @throws TqError "conflict" once the unit has ended. */
  get session(): Session {
    if (this.#ended) throw endedError();
    return (this.#session ??= this.runtime.store.session(this.#options.claim === undefined));
  }

  /** The connection itself; from here on the unit holds the write lock. */
  get database(): unknown {
    const { savepoint = false } = this.#options;
    const open = savepoint && !this.#inSavepoint;
    const database = this.session.raw(open, () => {
      if (this.#ended) throw endedError();
    });
    if (open) this.#inSavepoint = true;
    return database;
  }

  /** Runs a statement of the user's own; from here on the unit holds the write lock. */
  sql(text: string, values: readonly unknown[]): Soon<SqlResult> {
    return soon(this.begin(), () => this.session.sql(text, values));
  }

  /** Takes the write lock, for a write: what follows can be undone by itself. */
  begin(): Soon<void> {
    const { savepoint = false } = this.#options;
    return savepoint && !this.#inSavepoint
      ? soon(this.lock(), () => this.#openSavepoint())
      : this.lock();
  }

  #openSavepoint(): Soon<void> {
    if (this.#inSavepoint) return;
    this.#inSavepoint = true;
    return this.session.savepoint();
  }

  /** Takes the write lock: what is read from here on cannot change. */
  lock(): Soon<void> {
    const { session } = this;
    return session.writing ? undefined : session.begin();
  }

  /** Before a read: takes the lock where all of the unit is to run under it. */
  prepareRead(): Soon<void> {
    return this.#options.locked ? this.lock() : undefined;
  }

  /**
   * Starts work that the commit waits for, whether or not its caller does. If it fails and nobody has looked
   * at its promise by then, the commit fails with its error.
   */
  track<T>(start: () => Soon<T>): Promise<T> {
    if (this.#ended) return new Work((_, reject) => reject(endedError()));
    return this.#pending.add(start);
  }

  /** The same for a transaction of its own that this run starts: a run that fails does not wait for it. */
  trackTransaction<T>(start: () => Promise<T>): Promise<T> {
    return (this.#started ??= new Pending()).add(start);
  }

  /** Stores tasks; to be tracked by the caller. */
  async push(tasks: readonly NewTask[]): Promise<number[]> {
    if (tasks.length === 0) return [];
    await this.begin();
    const ids = await this.session.push(tasks);
    for (const id of ids) (this.#pushed ??= []).push(id);
    return ids;
  }

  /** Goes on by itself on another session: it waits, and has not touched the shared one yet. */
  detach(session: Session): void {
    const { claim } = this.#options;
    this.#session = session;
    this.#options = { session, ...(claim && { claim }) };
  }

  /** Waits for tracked work, if there is any. @throws what makes a commit impossible. */
  settled(): Soon<void> {
    if (this.#pending.isIdle && this.#started === null) return this.#checkSettled();
    return this.#idle().then(() => this.#checkSettled());
  }

  async #idle(): Promise<void> {
    await this.#started?.idle();
    await this.#pending.idle();
  }

  #checkSettled(): void {
    this.#pending.check();
    this.#started?.check();
    if (this.#stale) {
      throw new TqError(
        "conflict",
        "Cannot commit: a record was changed by another transaction; run the transaction again",
      );
    }
  }

  /** Commits what was done so far. @throws TqError "conflict" when the claim of its task was lost. */
  async commit(): Promise<void> {
    if (this.#ended) throw endedError();
    await this.settled();
    const session = this.#session;
    if (session?.writing) {
      const { claim, savepoint } = this.#options;
      if (claim && !(await session.stillHeld([claim])).has(claim)) {
        if (!savepoint) await session.rollback();
        else await this.#leaveSavepoint(false);
        this.#undo();
        throw new TqError(
          "conflict",
          "Cannot commit: this run lost its claim; nothing of it is kept",
        );
      }
      // In a shared transaction the runs before this one are settled: they are committed with it.
      await this.#leaveSavepoint(true);
      await session.commit().catch((error: unknown) => {
        this.#undo();
        this.#pushed = null;
        throw error;
      });
    }
    this.keep();
  }

  /** What was written and pushed is on its way to disk with the transaction. */
  keep(): void {
    if (this.#committed) for (const id of this.#pushed ?? []) this.#committed.push(id);
    else this.#committed = this.#pushed;
    this.#pushed = null;
    this.#followSavepoints();
    this.#hold?.keep();
    this.#hold = null;
  }

  /** Ends the unit in a shared transaction, keeping or undoing what it did there. */
  closeSavepoint(keep: boolean): Soon<void> {
    return soon(this.end(), () => this.#leaveSavepoint(keep));
  }

  #leaveSavepoint(keep: boolean): Soon<void> {
    if (!this.#inSavepoint || !this.#session) return;
    this.#inSavepoint = false;
    return keep ? this.#session.releaseSavepoint() : this.#session.rollbackToSavepoint();
  }

  /**
   * Ends the unit: every later use is refused, what is under way included. A session of its own is over, and is
   * rolled back where it was not committed.
   */
  end(): Soon<void> {
    if (this.#ended) return;
    this.#followSavepoints();
    this.#ended = true;
    const own = this.#options.session ? null : this.#session;
    if (!own && this.#pending.isIdle) {
      this.#hold?.end();
      return;
    }
    return this.#endWaiting(own);
  }

  async #endWaiting(own: Session | null): Promise<void> {
    // What waits for the lock gets it first, or would take it when nobody is there to free it.
    if (!own) await this.#pending.idle();
    else await this.runtime.store.release(own);
    this.#hold?.end();
  }
}
