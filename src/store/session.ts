/** A leased SQLite connection: one transaction at a time, and the statements inside it. */
import type { Database } from "bun:sqlite";
import type { Clock } from "../clock.ts";
import { TqError } from "../errors.ts";
import type { ErrorData } from "../outcome.ts";
import type { Claim, ClaimedTask, NewTask } from "../task.ts";
import { isBusy, translate } from "./errors.ts";
import { guardDatabase } from "./guard.ts";
import type {
  Change,
  ColumnValue,
  Condition,
  Records,
  Row,
  SearchOptions,
  Table,
} from "./records.ts";
import {
  deleteRows,
  insertRow,
  makeTable,
  readRows,
  searchRows,
  tableIsThere,
  updateRow,
} from "./rows.ts";
import { stillHeld } from "./looking.ts";
import type { ClaimOptions, Owner, Session } from "./store.ts";
import * as tasks from "./tasks.ts";
import type { Turn } from "./turn.ts";

export interface SessionOptions {
  readonly db: Database;
  readonly path: string;
  readonly turn: Turn;
  readonly clock: Clock;
  /** How long to wait for another process's lock: ms. */
  readonly timeout: number;
  /** Tables that this process knows to be there. */
  readonly tables: Set<string>;
}

export class SqliteSession implements Session {
  readonly #db: Database;
  readonly #options: SessionOptions;
  #writing = false;
  #ended = false;
  /** Tables made in this transaction: known to all once it commits, gone when it rolls back. */
  readonly #made = new Set<string>();

  constructor(options: SessionOptions) {
    this.#db = options.db;
    this.#options = options;
  }

  get writing(): boolean {
    return this.#writing;
  }

  raw(savepoint: boolean): Database {
    this.#check();
    if (!this.#writing) this.#beginNow();
    if (savepoint) this.#db.query("SAVEPOINT tq_task").run();
    return guardDatabase(this.#db, () => this.#check());
  }

  #beginNow(): void {
    const { turn, path, timeout } = this.#options;
    if (!turn.tryTake()) {
      throw new TqError(
        "busy",
        "Cannot hand out the connection: another transaction of this program is writing; start this one with Transaction.start({ lock: true }, …)",
      );
    }
    try {
      this.#db.run(`PRAGMA busy_timeout = ${timeout}`);
      this.#db.query("BEGIN IMMEDIATE").run();
      this.#writing = true;
    } catch (error) {
      turn.free();
      throw translate(error, path);
    }
  }

  async begin(): Promise<void> {
    this.#check();
    if (this.#writing) return;
    const turn = this.#options.turn.take();
    if (turn) await turn;
    try {
      const waiting = this.#tryBegin();
      if (waiting) await waiting;
      this.#writing = true;
    } catch (error) {
      this.#options.turn.free();
      throw translate(error, this.#options.path);
    }
  }

  /** Other processes know nothing of our turns: wait for their lock without blocking this thread. */
  #tryBegin(): Promise<void> | undefined {
    try {
      this.#db.query("BEGIN IMMEDIATE").run();
      return undefined;
    } catch (error) {
      if (!isBusy(error)) throw error;
      return this.#beginAgain();
    }
  }

  async #beginAgain(): Promise<void> {
    const { clock, timeout } = this.#options;
    const until = clock.monotonic() + timeout;
    for (let wait = 1; ; wait = Math.min(wait * 2, 25)) {
      await Bun.sleep(wait * (0.5 + Math.random()));
      try {
        this.#db.query("BEGIN IMMEDIATE").run();
        return;
      } catch (error) {
        if (!isBusy(error) || clock.monotonic() > until) throw error;
      }
    }
  }

  async commit(): Promise<void> {
    if (!this.#writing) return;
    try {
      this.#checkTransaction();
      this.#db.query("COMMIT").run();
    } catch (error) {
      await this.rollback();
      throw translate(error, this.#options.path);
    }
    for (const table of this.#made) this.#options.tables.add(table);
    this.#made.clear();
    this.#writing = false;
    this.#options.turn.free();
  }

  async rollback(): Promise<void> {
    if (!this.#writing) return;
    try {
      if (this.#db.inTransaction) this.#db.run("ROLLBACK");
    } finally {
      this.#made.clear();
      this.#writing = false;
      this.#options.turn.free();
    }
  }

  async savepoint(): Promise<void> {
    this.#db.query("SAVEPOINT tq_task").run();
  }

  async release(): Promise<void> {
    this.#checkTransaction();
    this.#db.query("RELEASE tq_task").run();
  }

  async rollbackToSavepoint(): Promise<void> {
    this.#db.query("ROLLBACK TO tq_task").run();
    this.#db.query("RELEASE tq_task").run();
  }

  /** The lease is over: rolls back what was not committed, and refuses all further use. */
  async end(): Promise<void> {
    await this.rollback();
    this.#ended = true;
  }

  async push(list: readonly NewTask[]): Promise<number[]> {
    return this.#write(() => tasks.push(this.#db, list, this.#now()));
  }

  async claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    return this.#write(() => tasks.claim(this.#db, options, this.#now()));
  }

  async claimOne(id: number, owner: Owner): Promise<ClaimedTask | null> {
    return this.#write(() => tasks.claimOne(this.#db, id, owner, this.#now()));
  }

  async holds(claim: Claim): Promise<boolean> {
    return this.#read(() => stillHeld(this.#db, [claim]).length === 1);
  }

  async handBack(claims: readonly Claim[]): Promise<void> {
    return this.#write(() => tasks.handBack(this.#db, claims));
  }

  async finish(claim: Claim, result: string | null): Promise<boolean> {
    return this.#write(() => tasks.finish(this.#db, claim, result, this.#now()));
  }

  async fail(claim: Claim, error: ErrorData): Promise<boolean> {
    return this.#write(() => tasks.fail(this.#db, claim, error, this.#now()));
  }

  async retry(claim: Claim, delay: number, error: ErrorData): Promise<boolean> {
    const now = this.#now();
    return this.#write(() => tasks.retry(this.#db, claim, now + delay, error, now));
  }

  async interrupt(claim: Claim, reason: string): Promise<boolean> {
    return this.#write(() => tasks.interrupt(this.#db, claim, reason));
  }

  async crash(claim: Claim, reason: string, maxCrashes: number): Promise<boolean> {
    return this.#write(
      () => tasks.crash(this.#db, claim, reason, maxCrashes, this.#now()) !== null,
    );
  }

  /** Runs statements of the store inside this session's write transaction. */
  async statements<T>(fn: (db: Database, now: number) => T): Promise<T> {
    return this.#write(() => fn(this.#db, this.#now()));
  }

  readonly records: Records = {
    ensureTable: async (table: Table): Promise<void> => {
      if (this.#options.tables.has(table.name) || this.#made.has(table.name)) return;
      if (this.#read(() => tableIsThere(this.#db, table))) {
        this.#options.tables.add(table.name);
        return;
      }
      await this.#write(() => makeTable(this.#db, table));
      this.#made.add(table.name);
    },
    insert: (table: Table, values: readonly ColumnValue[]): Promise<number> =>
      this.#write(() => insertRow(this.#db, table, values)),
    read: async (table: Table, ids: readonly number[]): Promise<Row[]> =>
      this.#read(() => readRows(this.#db, table, ids)),
    search: async (
      table: Table,
      conditions: readonly Condition[],
      options: SearchOptions,
    ): Promise<Row[]> => this.#read(() => searchRows(this.#db, table, conditions, options)),
    update: (table: Table, id: number, changes: readonly Change[]) =>
      this.#write(() => updateRow(this.#db, table, id, changes)),
    delete: (table: Table, ids: readonly number[]): Promise<void> =>
      this.#write(() => deleteRows(this.#db, table, ids)),
  };

  async #write<T>(fn: () => T): Promise<T> {
    if (!this.#writing) await this.begin();
    return this.#read(fn);
  }

  #read<T>(fn: () => T): T {
    this.#check();
    try {
      return fn();
    } catch (error) {
      throw translate(error, this.#options.path);
    }
  }

  #check(): void {
    if (!this.#ended) return;
    throw new TqError(
      "conflict",
      "Cannot use this transaction: it has ended; start one with Transaction.start, or await all work before the method returns",
    );
  }

  /** SQLite ends a transaction by itself after some errors, and user code may have done so by hand. */
  #checkTransaction(): void {
    if (this.#db.inTransaction) return;
    throw new TqError(
      "conflict",
      "Cannot commit: the transaction was ended before, by an error of the disk or by hand through its connection",
    );
  }

  #now(): number {
    return this.#options.clock.now();
  }
}
