/**
 * The connections of a store: one for the transaction whose turn it is to write, and one for all reads in the meantime.
 * More transactions need no more connections. A short program needs one for both: each connection reads the schema anew,
 * which takes as long as all that such a program asks of it.
 */
import { Database } from "bun:sqlite";
import { closedError } from "../store/ended.ts";
import {
  checkUnchanged,
  openUnwritable,
  type Unwritable,
  unwritableAtRest,
} from "./file/unwritable.ts";
import { connect, type ConnectionOptions } from "./connection.ts";
import { dataVersion } from "./sql/looking.ts";

export class Connections {
  readonly #options: ConnectionOptions;
  readonly #checkFile: () => void;
  /** The connection that the store was opened with, until it becomes the reader or the writer. */
  #first: Database | null;
  #reader: Database | null = null;
  #writer: Database | null = null;
  /** Reads the version, for which it needs no schema. It never writes: a connection does not count its own commits. */
  #watcher: Database | null = null;
  /** Set where the reader shows no commit of others: the database must not change meanwhile. */
  readonly unwritable: Unwritable | null;
  #closed = false;

  /**
   * @param check throws where the file was replaced. It comes before a later connection opens, whose first read would
   * write the WAL of the old file into the new one.
   * @throws TqError when the file cannot be used.
   */
  constructor(options: ConnectionOptions, check: () => void) {
    this.#options = options;
    this.#checkFile = check;
    this.unwritable = options.onlyLooks === true ? unwritableAtRest(options.path) : null;
    this.#first = connect(options);
  }

  /** For reads that go on later: no transaction ever begins on it. */
  get reader(): Database {
    this.#check();
    return (this.#reader ??= this.#takeFirst() ?? this.#connect());
  }

  /**
   * For a read outside a transaction, that ends before any other code runs. The writer has the pages in its cache, but
   * during a transaction it would show changes that are not committed.
   */
  get idle(): Database {
    this.#check();
    if (this.#writer && !this.#writer.inTransaction) return this.#writer;
    return this.#first ?? this.reader;
  }

  /** A number that changes with each commit, of this store and of others. */
  get version(): number {
    this.#check();
    return dataVersion((this.#watcher ??= this.#openWatcher()));
  }

  #openWatcher(): Database {
    if (this.#options.onlyLooks === true) return this.reader; // it has no writer
    return this.#openBare();
  }

  /** As SQLite opens it, without what `connect` sets and looks for. */
  #openBare(): Database {
    this.#checkFile();
    return new Database(this.#options.path, { create: false, readwrite: true });
  }

  /** For the transaction whose turn it is, from its begin to its end. */
  get writer(): Database {
    if (!this.#writer?.inTransaction) this.#check(); // a transaction under way may go on after `close`
    return (this.#writer ??= this.#takeFirst() ?? this.#connect());
  }

  #connect(): Database {
    this.#checkFile();
    return connect(this.#options);
  }

  #takeFirst(): Database | null {
    const first = this.#first;
    this.#first = null;
    return first;
  }

  /**
   * Calls `read` with a temporary connection, for a long read: a connection shows no later commit until its read ends,
   * and others must not read on it meanwhile.
   */
  async withTemporary<T>(read: (db: Database) => Promise<T>): Promise<T> {
    this.#check();
    const db = this.unwritable ? openUnwritable(this.#options.path) : this.#openBare();
    try {
      return await read(db);
    } finally {
      db.close();
    }
  }

  /** Call it after a read. @throws TqError "busy" where the read may be of no one state of the database. */
  checkRead(): void {
    if (this.unwritable) checkUnchanged(this.#options.path);
  }

  /** Closes a writer that user code has changed: the next transaction opens another one. */
  closeWriter(): void {
    this.#keepOpen();
    this.#writer?.close();
    this.#writer = null;
  }

  /** The last connection of all takes the WAL along when it closes, and the locks that `KeptLocks` checks. */
  #keepOpen(): void {
    if (this.#closed || this.#reader !== null) return;
    try {
      this.#reader = this.#connect();
    } catch {
      // the writer must not go on: where its files are lost, the next commit says so
    }
  }

  /** Leaves the writer to a transaction under way: call it again after that has ended, and was flushed. */
  close(): void {
    const wasClosed = this.#closed;
    this.#closed = true;
    if (!this.#writer?.inTransaction) this.closeWriter();
    if (wasClosed) return;
    for (const db of [this.#watcher, this.#first, this.#reader]) db?.close();
  }

  #check(): void {
    if (this.#closed) throw closedError();
  }
}
