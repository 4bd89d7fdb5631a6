/** The connections of a store: each is lent to one user at a time. */
import { clearTimeout, setTimeout } from "../clock.ts";
import { TqError } from "../errors.ts";
import { closedError } from "../store/ended.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";

export interface ConnectionsOptions extends ConnectionOptions {
  /** The most that are open at once. */
  readonly most: number;
  /** Called with each new connection before its first use. */
  readonly onOpen: (connection: Connection) => Promise<void>;
}

interface Waiting {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export class Connections {
  readonly #options: ConnectionsOptions;
  readonly #idle: Connection[] = [];
  readonly #waiting: Waiting[] = [];
  /** Open, being opened, or lent. */
  #count = 0;
  #isClosed = false;

  constructor(options: ConnectionsOptions) {
    this.#options = options;
  }

  /** Lends a connection; give it back. @throws TqError "busy" where all are lent for longer than `database.timeout` */
  async take(): Promise<Connection> {
    for (;;) {
      if (this.#isClosed) throw closedError();
      const idle = this.#idle.pop();
      if (idle && !idle.isLost) return idle;
      if (idle) this.#forget(idle);
      else if (this.#count < this.#options.most) return this.#open();
      else await this.#wait();
    }
  }

  async #open(): Promise<Connection> {
    this.#count += 1;
    let connection: Connection | null = null;
    try {
      connection = await Connection.open(this.#options);
      await this.#options.onOpen(connection);
      return connection;
    } catch (error) {
      if (connection) void connection.close();
      this.#count -= 1;
      this.#callNext();
      throw error;
    }
  }

  #wait(): Promise<void> {
    const { name, timeout, most } = this.#options;
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        resolve: () => {
          clearTimeout(timer);
          resolve();
        },
        reject,
      };
      const timer = setTimeout(() => {
        this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
        const words = `all ${most} connections of this program are in use; raise database.connections`;
        reject(new TqError("busy", `Cannot use ${name}: ${words}`));
      }, timeout);
      this.#waiting.push(waiting);
    });
  }

  #callNext(): void {
    this.#waiting.shift()?.resolve();
  }

  /** @param isSpoilt true: it must not be used again. */
  give(connection: Connection, isSpoilt = false): void {
    if (isSpoilt || connection.isLost || this.#isClosed) this.#forget(connection);
    else this.#idle.push(connection);
    this.#callNext();
  }

  #forget(connection: Connection): void {
    this.#count -= 1;
    void connection.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closedError());
    const idle = this.#idle.splice(0);
    this.#count -= idle.length;
    await Promise.all(idle.map((connection) => connection.close()));
  }
}
