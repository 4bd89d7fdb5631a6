/**
 * The connections of a store: one that writes, for the transaction whose turn it is, and one that reads while
 * somebody writes. However many transactions are under way, there are two.
 */
import type { Database } from "bun:sqlite";
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

  /** For whose turn it is to write, from the begin to `ended`. */
  get writer(): Database {
    if (!this.#writer?.inTransaction) this.#check();
    return (this.#writer ??= connect(this.#options));
  }

  /** The transaction is over. @param renew true when its connection is not what it was. */
  ended(renew: boolean): void {
    if (renew || this.#closed) this.#closeWriter();
  }

  /** A transaction that is under way ends first. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    if (!this.#writer?.inTransaction) this.#closeWriter();
    this.#reader.close();
  }

  #closeWriter(): void {
    this.#writer?.close();
    this.#writer = null;
  }

  #check(): void {
    if (!this.#closed) return;
    throw new TqError(
      "conflict",
      "Cannot use the database: it was closed, with the worker that it belongs to; start the transaction after the worker has stopped, or before",
    );
  }
}
