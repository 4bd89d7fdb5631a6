/**
 * The two connections of a store: one for the transaction whose turn it is to write, and one for all reads in the
 * meantime. More transactions need no more connections.
 */
import { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import {
  checkUnchanged,
  openUnwritable,
  type Unwritable,
  unwritableAtRest,
} from "./file/unwritable.ts";
import { connect, type ConnectionOptions } from "./connection.ts";

export class Connections {
  readonly #options: ConnectionOptions;
  readonly #reader: Database;
  /** Opened by the first write. */
  #writer: Database | null = null;
  /** Set where the reader shows no commit of others: the database must not change meanwhile. */
  readonly unwritable: Unwritable | null;
  #closed = false;

  /** @throws TqError when the file cannot be used. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.unwritable = options.onlyLooks === true ? unwritableAtRest(options.path) : null;
    this.#reader = connect(options);
  }

  /** For the store's own reads, so that the writer need not prepare their statements too. */
  get reader(): Database {
    this.#check();
    return this.#reader;
  }

  /**
   * For reads outside a transaction. The writer has the pages in its cache, but during a transaction it would show
   * changes that are not committed.
   */
  get idle(): Database {
    this.#check();
    return this.#writer && !this.#writer.inTransaction ? this.#writer : this.#reader;
  }

  /** For the transaction whose turn it is, from its begin to its end. */
  get writer(): Database {
    if (!this.#writer?.inTransaction) this.#check(); // a transaction under way may go on after `close`
    return (this.#writer ??= connect(this.#options));
  }

  /**
   * Calls `read` with a temporary connection, for a long read: a connection shows no later commit until its read ends,
   * and others must not read on it meanwhile.
   *
   * @param check throws where the file was replaced. It comes before the first read, which would write the WAL of the
   * old file into the new one.
   */
  async withTemporary<T>(check: () => void, read: (db: Database) => Promise<T>): Promise<T> {
    this.#check();
    const db = this.unwritable
      ? openUnwritable(this.#options.path)
      : new Database(this.#options.path, { create: false, readwrite: true });
    try {
      check();
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
    this.#writer?.close();
    this.#writer = null;
  }

  /** Leaves the writer to a transaction under way: call it again after that has ended, and was flushed. */
  close(): void {
    if (!this.#writer?.inTransaction) this.closeWriter();
    if (!this.#closed) this.#reader.close();
    this.#closed = true;
  }

  #check(): void {
    if (!this.#closed) return;
    throw new TqError(
      "conflict",
      "Cannot use the database: it was closed, with the worker that it belongs to; start the transaction before the worker stops, or after",
    );
  }
}
