/** One transaction after another on SQLite, and the statements inside them. */
import type { Database, Statement } from "bun:sqlite";
import type { Clock } from "../clock.ts";
import { isTqError, TqError } from "../errors.ts";
import type { ErrorData } from "../outcome.ts";
import { type Soon, soon } from "../soon.ts";
import type { Claim, ClaimedTask, NewTask } from "../task.ts";
import { endedError } from "../store/ended.ts";
import { isReadOnly, translate } from "./errors.ts";
import { guardDatabase } from "./raw-connection.ts";
import type {
  Change,
  ColumnValue,
  Condition,
  Records,
  Row,
  SearchOptions,
  Table,
} from "../store/records.ts";
import {
  deleteRows,
  insertRow,
  makeTable,
  readRows,
  searchRows,
  tableIsThere,
  updateRow,
} from "./sql/rows.ts";
import type { Flush } from "./file/flush.ts";
import type { FileIdentity } from "./file/identity.ts";
import { KnownTables } from "../store/known-tables.ts";
import type { Room } from "./file/capacity.ts";
import { dataVersion, mayClaim, stillHeld } from "./sql/looking.ts";
import type { ClaimOptions, Owner, Session } from "../store/store.ts";
import { claim, claimOne, handBack } from "./sql/claim.ts";
import { pushTasks } from "./sql/push.ts";
import * as settling from "./sql/settle.ts";
import type { Connections } from "./connections.ts";
import type { Turn } from "./lock/turn.ts";
import type { WriteLock } from "./lock/write-lock.ts";

export interface SessionOptions {
  readonly path: string;
  readonly connections: Connections;
  readonly turn: Turn;
  readonly room: Room;
  readonly identity: FileIdentity;
  readonly flush: Flush;
  readonly clock: Clock;
  readonly lock: WriteLock;
  /** How long another transaction of this thread may hold the lock meanwhile: ms. */
  readonly timeout: number;
  /** Tables that are known to be there, in all sessions of the store. */
  readonly tables: Set<Table>;
}

export class SqliteSession implements Session {
  readonly #options: SessionOptions;
  readonly #stray: boolean;
  /** The one that writes, from the begin of a transaction to its end. */
  #writer: Database | null = null;
  /** True when that one is not to be used again: it is read-only, or not what it was. */
  #spoilt = false;
  #wentBack = 0;
  #transaction = 0;
  #undone = 0;
  #waited = 0;
  #beginning: Promise<void> | null = null;
  #ended = false;
  readonly #tables: KnownTables;
  /** Runs to mark as finished with the commit. */
  #finished: settling.FinishedRun[] = [];
  #records: Records | null = null;
  /** What user code reads row by row. */
  readonly #iterators: Iterator<unknown>[] = [];
  /** What user code has prepared: a connection is closed only when they are finalized. */
  readonly #statements: WeakRef<Statement>[] = [];

  constructor(options: SessionOptions, stray = false) {
    this.#options = options;
    this.#stray = stray;
    this.#tables = new KnownTables(options.tables);
  }

  /** Reads outside a transaction stand alone, and may be anywhere. */
  get #db(): Database {
    return this.#writer ?? this.#options.connections.free;
  }

  get waited(): number {
    return this.#waited;
  }

  get writing(): boolean {
    return this.#writer !== null;
  }

  get spoilt(): boolean {
    return this.#spoilt;
  }

  get wentBack(): number {
    return this.#wentBack;
  }

  get transaction(): number {
    return this.#transaction;
  }

  get undone(): number {
    return this.#undone;
  }

  raw(savepoint: boolean, check?: () => void): Database {
    this.#check();
    if (!this.#writer) this.#beginNow();
    if (savepoint) this.#openSavepoint();
    const transaction = this.#transaction;
    return guardDatabase(this.#db, {
      check: () => {
        this.#check();
        check?.();
        if (!this.#writer || this.#transaction !== transaction) throw overError();
        this.#checkTransaction();
      },
      spoils: () => (this.#spoilt = true),
      opened: (iterator) => this.#iterators.push(iterator),
      prepared: (statement) => this.#statements.push(new WeakRef(statement)),
      goesBack: () => this.#goBack(),
    });
  }

  /** What has been made since may be gone. */
  #goBack(): void {
    this.#wentBack += 1;
    this.#tables.rollback();
  }

  /** One that was left in its middle would keep the connection at what it saw then. */
  #closeIterators(): void {
    for (const iterator of this.#iterators.splice(0)) iterator.return?.();
  }

  #beginNow(): void {
    const { turn } = this.#options;
    const asked = performance.now();
    if (!turn.tryTake()) {
      throw new TqError(
        "busy",
        "Cannot hand out the connection: another transaction of this program is writing; start this one with Transaction.start({ lock: true }, …)",
      );
    }
    try {
      this.#options.lock.takeBlocking(() => this.#beginStatement());
      this.#waited += performance.now() - asked;
    } catch (error) {
      throw this.#endTurn(error);
    }
  }

  /** The turn is over, with the transaction or without one. @returns the error, as a sentence. */
  #endTurn(error?: unknown): unknown {
    const translated = this.#translated(error);
    if (this.#spoilt || this.#writer?.inTransaction) this.#renewWriter();
    this.#statements.length = 0;
    this.#writer = null;
    this.#options.turn.free();
    return translated;
  }

  #renewWriter(): void {
    for (const statement of this.#statements) statement.deref()?.finalize();
    this.#options.connections.renew();
    this.#spoilt = false;
  }

  /** Who asks while a begin is under way waits for that one: a second turn would never come. */
  begin(): Promise<void> {
    if (this.#beginning) return this.#beginning;
    const beginning = this.#begin();
    if (this.#writer) return beginning;
    this.#beginning = beginning.finally(() => (this.#beginning = null));
    return this.#beginning;
  }

  async #begin(): Promise<void> {
    this.#check();
    if (this.#writer) return;
    const asked = performance.now();
    await this.#inTurn(() => this.#beginStatement());
    this.#waited += performance.now() - asked;
  }

  /** Runs a statement that takes the write lock; it keeps the turn, unless it fails. */
  #inTurn<T>(statement: () => T): Soon<T> {
    const turn = this.#options.turn.take(this.#options.timeout);
    return turn ? turn.then(() => this.#withTurn(statement)) : this.#withTurn(statement);
  }

  #withTurn<T>(statement: () => T): Soon<T> {
    const failed = (error: unknown): never => {
      throw this.#endTurn(error);
    };
    try {
      this.#check();
      const done = this.#options.lock.take(statement, () => this.#check());
      return done instanceof Promise ? done.catch(failed) : done;
    } catch (error) {
      return failed(error);
    }
  }

  #beginStatement(): void {
    const { writer } = this.#options.connections;
    writer.query("BEGIN IMMEDIATE").run();
    this.#options.turn.begun(this.#stray);
    this.#writer = writer;
    this.#transaction += 1;
  }

  /** True when a claim may find something; takes no lock. */
  mayClaim(options: ClaimOptions): boolean {
    return this.#read(() => mayClaim(this.#db, options, this.#now()));
  }

  /** Changes when anybody has committed. */
  get version(): number {
    return this.#read(() => dataVersion(this.#options.connections.reader));
  }

  async commit(seen?: () => void): Promise<void> {
    if (!this.#writer) return;
    await this.commitUnflushed();
    seen?.();
    this.#options.flush.commits();
  }

  /** For a caller that sees to it that what it relies on is on disk. */
  async commitUnflushed(): Promise<void> {
    try {
      this.#checkTransaction();
      this.#closeIterators();
      this.#writeFinished();
      this.#checkFiles();
      this.#db.query("COMMIT").run();
    } catch (error) {
      const translated = this.#translated(error);
      await this.rollback();
      throw translated;
    }
    this.#tables.commit();
    this.#endTurn();
  }

  /** Nothing may be acknowledged that nobody will find again. */
  #checkFiles(): void {
    this.#options.identity.check(this.#options.clock.monotonic());
    this.#options.flush.check();
  }

  async rollback(): Promise<void> {
    const writer = this.#writer;
    if (!writer) return;
    this.#undone += 1;
    try {
      this.#closeIterators();
      if (writer.inTransaction) writer.run("ROLLBACK");
    } finally {
      this.#tables.rollback();
      this.#finished = [];
      this.#endTurn();
    }
  }

  savepoint(): void {
    this.#check();
    this.#openSavepoint();
  }

  #openSavepoint(): void {
    this.#checkTransaction();
    this.#db.query("SAVEPOINT tq_task").run();
    this.#tables.savepoint();
  }

  release(): void {
    this.#checkTransaction();
    this.#closeIterators();
    this.#db.query("RELEASE tq_task").run();
  }

  rollbackToSavepoint(): void {
    this.#checkTransaction();
    this.#closeIterators();
    this.#db.query("ROLLBACK TO tq_task").run();
    this.#db.query("RELEASE tq_task").run();
    this.#tables.rollbackToSavepoint();
  }

  /** The lease is over: rolls back what was not committed, and refuses all further use. */
  end(): Soon<void> {
    this.#ended = true;
    if (this.#beginning || this.#writer) return this.#endWaiting();
  }

  async #endWaiting(): Promise<void> {
    try {
      await this.#beginning;
    } catch {
      // Its caller has the error.
    }
    await this.rollback();
  }

  async push(list: readonly NewTask[]): Promise<number[]> {
    return this.#write(() => this.#push(this.#db, list));
  }

  /** A push in a transaction of its own, which is one statement; it is on disk when this resolves. */
  pushAlone(task: NewTask): Soon<number[]> {
    const { connections, flush } = this.#options;
    const pushing = this.#inTurn(() => {
      this.#checkFiles();
      return this.#push(connections.writer, [task]);
    });
    return soon(pushing, (ids) => {
      this.#endTurn();
      flush.commits();
      return ids;
    });
  }

  #push(db: Database, list: readonly NewTask[]): number[] {
    const { room, clock } = this.#options;
    room.check(db, list.length, clock);
    try {
      return pushTasks(db, list, this.#now());
    } catch (error) {
      // Who hears that another task has the ref relies on that one.
      if (isTqError(error) && error.code === "conflict") this.#options.flush.commits();
      throw error;
    }
  }

  async claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    return this.#write(() => claim(this.#db, options, this.#now()));
  }

  async claimOne(id: number, owner: Owner): Promise<ClaimedTask | null> {
    return this.#write(() => claimOne(this.#db, id, owner, this.#now()));
  }

  async holds(claim: Claim): Promise<boolean> {
    return this.#read(() => stillHeld(this.#db, [claim]).length === 1);
  }

  async stillHeld(claims: readonly Claim[]): Promise<ReadonlySet<Claim>> {
    return this.#read(() => new Set(stillHeld(this.#db, claims)));
  }

  async handBack(claims: readonly Claim[]): Promise<void> {
    return this.#write(() => handBack(this.#db, claims, this.#now()));
  }

  async finish(claim: Claim, result: string | null): Promise<boolean> {
    return this.#write(() => settling.finish(this.#db, claim, result, this.#now()));
  }

  finishAtCommit(claim: Claim, result: string | null): void {
    this.#check();
    this.#finished.push({ claim, result });
  }

  #writeFinished(): void {
    if (!settling.finishAll(this.#db, this.#finished, this.#now())) {
      throw new TqError("conflict", "Cannot commit: one of its tasks was settled by somebody else");
    }
    this.#finished = [];
  }

  async fail(claim: Claim, error: ErrorData): Promise<boolean> {
    return this.#write(() => settling.fail(this.#db, claim, error, this.#now()));
  }

  async retry(claim: Claim, delay: number, error: ErrorData): Promise<boolean> {
    const now = this.#now();
    return this.#write(() => settling.retry(this.#db, claim, now + delay, error, now));
  }

  async interrupt(claim: Claim, reason: string): Promise<boolean> {
    return this.#write(() => settling.interrupt(this.#db, claim, reason));
  }

  async crash(claim: Claim, reason: string, maxCrashes: number): Promise<boolean> {
    return this.#write(
      () => settling.crash(this.#db, claim, reason, maxCrashes, this.#now()) !== null,
    );
  }

  /** Runs statements of the store inside this session's write transaction. */
  async statements<T>(fn: (db: Database, now: number) => T): Promise<T> {
    return this.#write(() => fn(this.#db, this.#now()));
  }

  get records(): Records {
    return (this.#records ??= this.#makeRecords());
  }

  #makeRecords(): Records {
    return {
      hasTable: (table: Table): boolean => this.#tables.has(table),
      ensureTable: async (table: Table): Promise<void> => {
        if (this.#tables.has(table)) return;
        if (this.#read(() => tableIsThere(this.#db, table))) {
          // What this transaction made, or another model of it, may yet be rolled back.
          this.#tables.add(table, !this.#writer);
          return;
        }
        const { undone, wentBack } = this;
        await this.#write(() => makeTable(this.#db, table));
        // It may be gone by now.
        if (undone === this.#undone && wentBack === this.#wentBack) this.#tables.add(table, false);
      },
      insert: (table: Table, values: readonly ColumnValue[]): Soon<number> =>
        this.#write(() => insertRow(this.#db, table, values)),
      read: (table: Table, ids: readonly number[]): Row[] =>
        this.#read(() => readRows(this.#db, table, ids)),
      search: (table: Table, conditions: readonly Condition[], options: SearchOptions): Row[] =>
        this.#read(() => searchRows(this.#db, table, conditions, options)),
      update: (table: Table, id: number, changes: readonly Change[]) =>
        this.#write(() => updateRow(this.#db, table, id, changes)),
      delete: (table: Table, ids: readonly number[]): Soon<void> =>
        this.#write(() => deleteRows(this.#db, table, ids)),
    };
  }

  #write<T>(fn: () => T): Soon<T> {
    if (!this.#writer) return soon(this.begin(), () => this.#read(fn));
    this.#checkTransaction();
    return this.#read(fn);
  }

  #read<T>(fn: () => T): T {
    this.#check();
    try {
      return fn();
    } catch (error) {
      throw this.#translated(error);
    }
  }

  #translated(error: unknown): unknown {
    this.#spoilt ||= isReadOnly(error); // it stays so, whatever the file is now
    return translate(error, this.#options.path);
  }

  #check(): void {
    if (this.#ended) throw endedError();
  }

  /** SQLite ends a transaction by itself after some errors, and user code may have done so by hand. */
  #checkTransaction(): void {
    if (this.#db.inTransaction) return;
    throw new TqError(
      "conflict",
      "Cannot go on: the transaction was ended before, by an error of the disk or by hand through its connection",
    );
  }

  #now(): number {
    return this.#options.clock.now();
  }
}

function overError(): TqError {
  return new TqError(
    "conflict",
    "Cannot use this connection: its transaction was committed; take it anew from Transaction.current.database",
  );
}
