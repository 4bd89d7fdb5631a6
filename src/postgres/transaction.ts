/** The transactions of a session. `BEGIN` goes out with the first statement, and `COMMIT` with the last ones. */
import { monotonicNow } from "../clock.ts";
import { endedError } from "../store/ended.ts";
import { KnownTables } from "../store/known-tables.ts";
import type { Table } from "../store/records.ts";
import { Answers } from "./answers.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { isAfterError, isMissing } from "./error-states.ts";
import { lostIsUncertain, noTransactionError, undoneError } from "./errors.ts";
import type { OpenTransactions } from "./open-transactions.ts";
import { RowsAhead } from "./rows-ahead.ts";
import type { Shapes } from "./shapes.ts";
import { SavesTogether } from "./saves-together.ts";

export interface TransactionOptions {
  readonly name: string;
  readonly connections: Connections;
  /** Tables that are known to exist, and how they are there. */
  readonly tables: Set<Table>;
  readonly shapes: Shapes;
  /** Learns which transactions of a worker's thread are open; null: nobody asks. */
  readonly open: OpenTransactions | null;
}

export class PostgresTransaction {
  /** True where runs of several tasks share each transaction. */
  isShared = false;
  readonly tables: KnownTables;
  readonly counts = { begun: 0, undone: 0, userRollbacks: 0 };
  /** The ms that it has waited to begin. */
  waited = 0;
  /** Rows that were read for the runs that share this transaction. */
  readonly ahead = new RowsAhead();
  readonly answers = new Answers();
  /** Saves of these runs that are not sent yet. */
  readonly saves = new SavesTogether();
  readonly #options: TransactionOptions;
  readonly #outsideTask: boolean;
  #connection: Connection | null = null;
  #beginning: Promise<void> | null = null;
  /** The first error of a statement that nobody has awaited. */
  #unseen: { readonly error: unknown } | null = null;
  /** The error of the user's own SQL that has ended the transaction. */
  #userError: unknown = null;
  #isSpoilt = false;
  #isEnded = false;

  /** @param outsideTask true for user code that runs outside any task */
  constructor(options: TransactionOptions, outsideTask: boolean) {
    this.#options = options;
    this.#outsideTask = outsideTask;
    this.tables = new KnownTables(options.tables);
  }

  /** How tables are in the database, where that was looked up. */
  get shapes(): Shapes {
    return this.#options.shapes;
  }

  get writing(): boolean {
    return this.#connection !== null;
  }

  get spoilt(): boolean {
    return this.#isSpoilt;
  }

  /** The connection of the transaction. @throws TqError "conflict" outside of one */
  get db(): Connection {
    this.checkNotEnded();
    if (this.#connection === null) throw noTransactionError();
    return this.#connection;
  }

  /** A second caller waits for the begin under way. */
  begin(): Promise<void> | undefined {
    if (this.#beginning) return this.#beginning;
    this.checkNotEnded();
    if (this.#connection) return;
    this.#beginning = this.answers.await(this.#begin()).finally(() => (this.#beginning = null));
    return this.#beginning;
  }

  async #begin(): Promise<void> {
    const asked = monotonicNow();
    const connection = await this.#options.connections.take();
    this.waited += monotonicNow() - asked;
    if (this.#isEnded) {
      this.#options.connections.give(connection);
      throw endedError();
    }
    this.#connection = connection;
    this.#options.open?.began(this.#outsideTask);
    this.#isSpoilt = false;
    this.#unseen = null;
    this.#userError = null;
    this.counts.begun += 1;
    this.#behind(connection.step("begin"));
    // Two that hold their rows for the length of several runs may want each other's: the server sees that after a second.
    if (this.isShared) this.#behind(connection.step("waitBriefly"));
  }

  /** Runs statements of the store itself in a transaction, which begins with them where none has begun. */
  async runOwn<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    if (!this.#connection) await this.begin();
    return this.answers.await(this.#explained(fn(this.db)));
  }

  /** As `runOwn`, for statements that may see what the transaction has saved. */
  run<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    return this.runOwn((db) => this.#afterSaves(db, fn));
  }

  /** As `run`, inside the transaction; outside of one each statement stands alone. */
  async read<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    this.checkNotEnded();
    if (this.#beginning) await this.#beginning;
    if (this.#connection) return this.run(fn);
    return this.answers.await(this.#explained(this.#options.connections.lendTo(fn)));
  }

  /** An error of the saves that are sent is that of the commit, as the statements after it fail too. */
  #afterSaves<T>(db: Connection, fn: (db: Connection) => Promise<T>): Promise<T> {
    for (const { text, values } of this.saves.take()) this.#behind(db.run(text, values));
    return fn(db);
  }

  /** The error of a statement that was sent along, and has undone the transaction; null: there is none. */
  get unseenError(): { readonly error: unknown } | null {
    return this.#unseen;
  }

  /** Somebody has dropped a table that is known to exist, or the server does not have it: the next use makes it again. */
  #forgetMissing(error: unknown): void {
    if (isMissing(error)) this.#options.tables.clear();
  }

  /** Says which error of the user's own SQL keeps all later statements of the transaction from running. */
  async #explained<T>(answer: Promise<T>): Promise<T> {
    try {
      return await answer;
    } catch (error) {
      this.#forgetMissing(error);
      throw this.#userError !== null && isAfterError(error) ? undoneError(this.#userError) : error;
    }
  }

  /** Runs statements in a transaction beside this one. */
  apart<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    return this.answers.await(this.#options.connections.lendTo((db) => db.inTransaction(fn)));
  }

  /** Sends a statement along with the next one. Its error ends the transaction, and is that of the commit. */
  #behind(sent: Promise<unknown>): void {
    sent.catch((error: unknown) => {
      this.#forgetMissing(error);
      this.#unseen ??= { error };
    });
  }

  /**
   * Commits.
   *
   * @param last sends the last statements of the transaction; what throws in it undoes all. They and the commit share a
   * round trip where it awaits nothing before it has sent them.
   * @throws TqError "uncertain" where the server did not answer.
   */
  async commit<T>(last: (db: Connection) => Promise<T>): Promise<T> {
    const { db } = this;
    const isUndone = db.isLost; // the server undoes what it has, and is not sent the commit
    const explain = (error: unknown) =>
      isUndone ? error : lostIsUncertain(error, this.#options.name);
    const ending = this.#explained(this.#afterSaves(db, last));
    const committing = db.step("commit");
    const [ended, committed] = await this.answers.await(Promise.allSettled([ending, committing]));
    try {
      // First: its error has undone the transaction, and says why.
      if (ended.status === "rejected") throw explain(this.#unseen?.error ?? ended.reason);
      if (committed.status === "rejected") throw explain(committed.reason);
      if (committed.value !== "COMMIT")
        throw (this.#unseen?.error as Error | undefined) ?? undoneError(this.#userError);
      this.tables.commit();
      return ended.value;
    } catch (error) {
      this.counts.undone += 1;
      this.tables.rollback();
      throw error;
    } finally {
      this.#give();
    }
  }

  async rollback(): Promise<void> {
    const connection = this.#connection;
    if (!connection) return;
    this.counts.undone += 1;
    try {
      if (!connection.isLost) await this.answers.await(connection.command("ROLLBACK"));
    } catch {
      connection.lost(); // the server rolls back what it cannot end
    } finally {
      this.tables.rollback();
      this.#give();
    }
  }

  #give(): void {
    const connection = this.#connection;
    this.#connection = null;
    this.ahead.forget();
    this.saves.take();
    if (!connection) return;
    this.#options.open?.ended();
    this.#options.connections.give(connection, this.#isSpoilt);
  }

  /** Marks the connection: user code has changed what later transactions on it would see. */
  spoil(): void {
    this.#isSpoilt = true;
  }

  /** The user's own SQL has failed: the transaction can be undone, or go back to a savepoint, and nothing else. */
  userFailed(error: unknown): void {
    this.#userError ??= error;
  }

  /** User code went back to a savepoint of its own. */
  userWentBack(): void {
    this.#userError = null;
    this.counts.userRollbacks += 1;
    this.tables.rollback();
  }

  savepoint(): void {
    this.#behind(this.db.step("saveTask"));
    this.tables.savepoint();
  }

  releaseSavepoint(): void {
    this.#behind(this.db.step("releaseTask"));
  }

  /** It also heals the transaction after an error that came since. */
  async rollbackToSavepoint(): Promise<void> {
    await this.answers.await(this.db.command("ROLLBACK TO tq_task; RELEASE tq_task"));
    this.#unseen = null;
    this.#userError = null;
    this.tables.rollbackToSavepoint();
  }

  /** Ends the session: rolls back an open transaction, and refuses all further use. */
  end(): Promise<void> | undefined {
    this.#isEnded = true;
    if (this.#beginning || this.#connection) return this.#endWaiting();
    return;
  }

  async #endWaiting(): Promise<void> {
    try {
      await this.#beginning;
    } catch {
      // The caller of `begin` has the error.
    }
    await this.rollback();
  }

  /** @throws TqError where the session has ended, or the user's own SQL has ended the transaction. */
  checkGoesOn(): void {
    this.checkNotEnded();
    if (this.#userError !== null) throw undoneError(this.#userError);
  }

  /** @throws TqError "conflict" when the session has ended. */
  checkNotEnded(): void {
    if (this.#isEnded) throw endedError();
  }
}
