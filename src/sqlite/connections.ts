/**
 * The connections of a store: one that writes, for the transaction whose turn it is, and one that reads while
 * somebody writes. However many transactions are under way, there are two.
 */
import { Database } from "bun:sqlite";
import { TqError } from "../errors.ts";
import { connect, type ConnectionOptions } from "./connection.ts";

export class Connections {
  readonly #options: ConnectionOptions;
  readonly #reader: Database;
  /** Opened when somebody writes first. */
  #writer: Database | null = null;
  #closed = false;

  /** @throws TqError when the file cannot be used. */
  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#reader = connect(options);
  }

  /** For looks of the store's own, whose statements others need not have. */
  get reader(): Database {
    this.#check();
    return this.#reader;
  }

  /** For reads outside a transaction: the one that writes knows the pages best, and shows what is not committed. */
  get free(): Database {
    this.#check();
    return this.#writer && !this.#writer.inTransaction ? this.#writer : this.#reader;
  }

  /** For whose turn it is to write, from the begin to the end. */
  get writer(): Database {
    if (!this.#writer?.inTransaction) this.#check();
    return (this.#writer ??= connect(this.#options));
  }

  /**
   * For a long look: what the connection shows stands still meanwhile, and others must not have to look at that.
   *
   * @param check throws where the file has been replaced. It comes before the first read: that would write the log,
   * which is not of the new file, into it.
   */
  async aside<T>(check: () => void, look: (db: Database) => Promise<T>): Promise<T> {
    this.#check();
    const db = new Database(this.#options.path, { create: false, readwrite: true });
    try {
      check();
      return await look(db);
    } finally {
      db.close();
    }
  }

  /** What was done to the connection that writes stays with it: the next transaction has another one. */
  renew(): void {
    this.#writer?.close();
    this.#writer = null;
  }

  /** A transaction that is under way keeps its connection; call it again when it has ended, and was flushed. */
  close(): void {
    if (!this.#writer?.inTransaction) this.renew();
    if (!this.#closed) this.#reader.close();
    this.#closed = true;
  }

  #check(): void {
    if (!this.#closed) return;
    throw new TqError(
      "conflict",
      "Cannot use the database: it was closed, with the worker that it belongs to; start the transaction after the worker has stopped, or before",
    );
  }
}
