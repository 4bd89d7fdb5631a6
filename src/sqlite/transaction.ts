/** The transactions of a session, from turn to rollback. They also clean up what user code left open. */
import type { Database, Statement } from "bun:sqlite";
import { type Clock, monotonicNow } from "../clock.ts";
import { type Soon, soon } from "../soon.ts";
import { endedError } from "../store/ended.ts";
import { KnownTables } from "../store/known-tables.ts";
import type { Table } from "../store/records.ts";
import type { Connections } from "./connections.ts";
import {
  isReadOnly,
  markIfOperational,
  noTurnError,
  transactionGoneError,
  transactionOverError,
  translate,
} from "./errors.ts";
import type { Capacity } from "./file/capacity.ts";
import type { Flush } from "./file/flush.ts";
import type { FileIdentity } from "./file/identity.ts";
import type { Turn } from "./lock/turn.ts";
import type { WriteLock } from "./lock/write-lock.ts";
import type { KnownFollowUps } from "../store/known-follow-ups.ts";
import { runCommit } from "./commit.ts";
import { guardDatabase } from "./raw-connection.ts";

/** The options that all sessions of a store share. */
export interface SessionOptions {
  readonly path: string;
  readonly connections: Connections;
  readonly turn: Turn;
  readonly capacity: Capacity;
  readonly identity: FileIdentity;
  /**
   * Called before a commit. @throws TqError "database" where the next program would not find it, as the files are lost
   * or a flush has failed, or where another program may be writing too, as the locks are lost
   */
  readonly checkFiles: () => void;
  readonly flush: Flush;
  readonly clock: Clock;
  readonly lock: WriteLock;
  /** The ms that another transaction of this thread may hold the lock while this one waits. */
  readonly timeout: number;
  /** Tables that are known to exist. */
  readonly tables: Set<Table>;
  readonly knownFollowUps: KnownFollowUps;
}

export class SqliteTransaction {
  readonly tables: KnownTables;
  readonly counts = { begun: 0, undone: 0, userRollbacks: 0 };
  /** The ms that it has waited to begin. */
  waited = 0;
  readonly #options: SessionOptions;
  readonly #outsideTask: boolean;
  /** The writing connection, from the begin of a transaction to its end. */
  #writer: Database | null = null;
  /** True when that connection must not be used again: it is read-only, or user code changed it. */
  #spoilt = false;
  /** True once user code has met an error of the database on this connection. */
  #troubled = false;
  #beginning: Promise<void> | null = null;
  #ended = false;
  /** Iterators that user code reads row by row. */
  readonly #iterators: Iterator<unknown>[] = [];
  /** Statements that user code has prepared: the connection cannot be closed before they are finalized. */
  readonly #statements: WeakRef<Statement>[] = [];

  constructor(options: SessionOptions, outsideTask: boolean) {
    this.#options = options;
    this.#outsideTask = outsideTask;
    this.tables = new KnownTables(options.tables);
  }

  /** Each read outside a transaction stands alone, on a connection that is in none. */
  get db(): Database {
    return this.#writer ?? this.#options.connections.idle;
  }

  get writing(): boolean {
    return this.#writer !== null;
  }

  get spoilt(): boolean {
    return this.#spoilt;
  }

  /** Begins at once, even if that blocks. @returns the connection for user code; `check` is called before each use */
  raw(check?: () => void): Database {
    this.checkNotEnded();
    if (!this.#writer) this.#beginNow();
    const transaction = this.counts.begun;
    return guardDatabase(this.db, {
      check: () => {
        this.checkNotEnded();
        check?.();
        if (!this.#writer || this.counts.begun !== transaction) throw transactionOverError();
        this.checkInTransaction();
      },
      spoils: () => (this.#spoilt = true),
      opened: (iterator) => this.#iterators.push(iterator),
      prepared: (statement) => this.#statements.push(new WeakRef(statement)),
      goesBack: () => this.#goBack(),
      failed: (error) => {
        this.#troubled = markIfOperational(error) || this.#troubled;
        this.#spoilt ||= isReadOnly(error);
      },
    });
  }

  /** Going back to the user's savepoint may remove tables that were made since. */
  #goBack(): void {
    this.counts.userRollbacks += 1;
    this.tables.rollback();
  }

  /** An iterator left in its middle would keep the connection's snapshot open. */
  #closeIterators(): void {
    for (const iterator of this.#iterators.splice(0)) iterator.return?.();
  }

  #beginNow(): void {
    const { turn } = this.#options;
    const asked = monotonicNow();
    if (!turn.takeSync()) throw noTurnError();
    try {
      this.#options.lock.takeBlocking(() => this.#runBegin());
      this.waited += monotonicNow() - asked;
    } catch (error) {
      throw this.endTurn(error);
    }
  }

  /** Gives the turn back, and closes a connection that must not be used again. @returns the error, translated */
  endTurn(error?: unknown): unknown {
    const translated = this.translated(error); // first: it may find the connection spoilt
    if (this.#spoilt || this.#writer?.inTransaction) this.#closeWriter();
    this.#statements.length = 0;
    this.#writer = null;
    this.#options.turn.free();
    return translated;
  }

  #closeWriter(): void {
    for (const statement of this.#statements) statement.deref()?.finalize();
    this.#options.connections.closeWriter();
    this.#spoilt = false;
  }

  /** A second caller waits for the begin under way: a second turn would wait for this session's own first one. */
  begin(): Soon<void> {
    if (this.#beginning) return this.#beginning;
    this.checkNotEnded();
    if (this.#writer) return;
    const asked = monotonicNow();
    const beginning = soon(
      this.inTurn(() => this.#runBegin()),
      () => {
        this.waited += monotonicNow() - asked;
      },
    );
    if (!(beginning instanceof Promise)) return;
    this.#beginning = beginning.finally(() => (this.#beginning = null));
    return this.#beginning;
  }

  /** Takes the turn and runs a statement that takes the write lock. Keeps the turn, unless the statement fails. */
  inTurn<T>(statement: () => T): Soon<T> {
    const turn = this.#options.turn.take(this.#options.timeout);
    return turn ? turn.then(() => this.#withTurn(statement)) : this.#withTurn(statement);
  }

  #withTurn<T>(statement: () => T): Soon<T> {
    const failed = (error: unknown): never => {
      throw this.endTurn(error);
    };
    try {
      this.checkNotEnded();
      const done = this.#options.lock.take(statement, () => this.checkNotEnded());
      return done instanceof Promise ? done.catch(failed) : done;
    } catch (error) {
      return failed(error);
    }
  }

  #runBegin(): void {
    const { writer } = this.#options.connections;
    writer.query("BEGIN IMMEDIATE").run();
    this.#options.turn.lockTaken(this.#outsideTask);
    this.#writer = writer;
    this.#troubled = false;
    this.counts.begun += 1;
  }

  /**
   * Commits, without a flush.
   *
   * @param last writes the last changes of the transaction; if it throws, all is rolled back.
   */
  commit(last: (db: Database) => void): void {
    try {
      this.checkInTransaction();
      this.#closeIterators();
      last(this.db);
      this.#options.checkFiles();
      runCommit(this.db, this.#options.path);
    } catch (error) {
      const translated = this.translated(error);
      this.rollback();
      throw translated;
    }
    this.#options.capacity.wrote();
    this.tables.commit();
    this.endTurn();
  }

  rollback(): void {
    const writer = this.#writer;
    if (!writer) return;
    this.counts.undone += 1;
    try {
      this.#closeIterators();
      if (writer.inTransaction) writer.run("ROLLBACK");
    } finally {
      this.tables.rollback();
      this.endTurn();
    }
  }

  savepoint(): void {
    this.checkNotEnded();
    this.checkInTransaction();
    this.db.query("SAVEPOINT tq_task").run();
    this.tables.savepoint();
  }

  releaseSavepoint(): void {
    this.checkInTransaction();
    this.#closeIterators();
    this.db.query("RELEASE tq_task").run(); // `tables` keeps those made since, until the transaction ends
  }

  rollbackToSavepoint(): void {
    this.checkInTransaction();
    this.#closeIterators();
    this.db.query("ROLLBACK TO tq_task").run();
    this.db.query("RELEASE tq_task").run();
    this.tables.rollbackToSavepoint();
  }

  /** Ends the session: rolls back an open transaction, and refuses all further use. */
  end(): Soon<void> {
    this.#ended = true;
    if (this.#beginning || this.#writer) return this.#endWaiting();
  }

  async #endWaiting(): Promise<void> {
    try {
      await this.#beginning;
    } catch {
      // The caller of `begin` has the error.
    }
    this.rollback();
  }

  /** @throws TqError "conflict" when the session has ended. */
  checkNotEnded(): void {
    if (this.#ended) throw endedError();
  }

  /** SQLite ends a transaction by itself after some errors, and user code may have done so by hand. */
  checkInTransaction(): void {
    if (this.db.inTransaction) return;
    throw transactionGoneError(this.#troubled);
  }

  translated(error: unknown): unknown {
    this.#spoilt ||= isReadOnly(error); // the connection stays read-only, even once the file is writable again
    return this.#options.capacity.noted(translate(error, this.#options.path));
  }
}
