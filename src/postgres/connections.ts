/** The connections of a store: each is lent to one user at a time. */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import { TqError } from "../errors.ts";
import { closedError } from "../store/ended.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { unlessHurried } from "./hurry.ts";
import { standbyError } from "./standby-wait.ts";

export interface ConnectionsOptions extends ConnectionOptions {
  /** The most that are open at once. */
  readonly most: number;
  /** Says what to do where these are too few. */
  readonly mostWords: string;
  /** How many stay open while they are not used. */
  readonly keep: number;
  /** Called with each new connection before its first use. */
  readonly onOpen: (connection: Connection) => Promise<void>;
  /** Called with a connection that is lent again. What it sends goes out before what its borrower sends. */
  readonly onUse: (connection: Connection) => void;
  /** Called with each loss: the server that answers now may be another one, which lacks the last commits. */
  readonly onLost: () => void;
}

/** A connection that was not used for this many ms is closed, but for the `keep` that stay. */
const UNUSED_MS = 10_000;

/** A statement that goes alongside others waits this many ms for a connection to be given back, then takes its own. */
const GIVEN_BACK_MS = 50;

export class Connections {
  readonly #options: ConnectionsOptions;
  /** The one that was used last comes last. */
  readonly #idle: { readonly connection: Connection; readonly since: number }[] = [];
  readonly #lent = new Set<Connection>();
  /** The server has not answered yet what is asked before their first use. */
  readonly #greeted = new Set<Connection>();
  /** Their commits were given up, and are not answered yet. */
  readonly #stuck = new Set<Connection>();
  readonly #waiting: PromiseWithResolvers<void>[] = [];
  /** Statements that go out on the next connection that is given back. */
  readonly #alongside = new Set<(connection: Connection) => void>();
  /** How many connections are open, being opened, or lent. */
  #count = 0;
  #losses = 0;
  #unused: Timer | null = null;
  #isClosed = false;
  readonly #hurry = new AbortController();

  constructor(options: ConnectionsOptions) {
    this.#options = { ...options, hurry: this.#hurry.signal };
  }

  /** How many connections were lost. */
  get losses(): number {
    return this.#losses;
  }

  /** Aborts with `hurry`. */
  get hurried(): AbortSignal {
    return this.#hurry.signal;
  }

  /** A server that is away is not waited for any more. */
  hurry(): void {
    this.#hurry.abort();
  }

  /** True while commits that were given up are not answered: what they have done may be seen later. */
  get isAnyStuck(): boolean {
    return this.#stuck.size > 0;
  }

  /** An answer was lost. The connection may be known to be lost only later, and then counts again. */
  noteLoss(): void {
    this.#losses += 1;
    this.#options.onLost();
  }

  /** The value of the promise. @throws TqError "busy" where it is not there soon after `hurry` */
  unlessHurried<T>(promise: Promise<T>): Promise<T> {
    return unlessHurried(promise, this.#options);
  }

  /** Lends a connection; give it back. @throws TqError "busy" where all are lent for longer than `database.timeout` */
  async take(): Promise<Connection> {
    for (;;) {
      if (this.#isClosed) throw closedError();
      const connection = this.#idle.pop()?.connection;
      if (connection && !connection.isLost) return this.#lendAgain(connection);
      if (connection) this.#forget(connection);
      else if (this.#count < this.#options.most) return this.#lend(await this.#open());
      else await this.#wait();
    }
  }

  /**
   * Sends a statement that stands alone on a connection that is not lent. That may be lent at once, before the answer: what
   * is sent then comes after it. Without this each thread would need a second connection to tell of its commits.
   */
  async alongside<T>(send: (connection: Connection) => Promise<T>): Promise<T> {
    const unused = this.#idle.findLast(({ connection }) => !connection.isLost);
    if (unused) return send(unused.connection);
    const { promise, resolve } = Promise.withResolvers<T>();
    const onNext = (connection: Connection) => {
      clearTimeout(timer);
      resolve(send(connection));
    };
    const onItsOwn = () => {
      this.#alongside.delete(onNext);
      resolve(this.lendTo(send));
    };
    const timer = setTimeout(onItsOwn, this.#count === 0 ? 0 : GIVEN_BACK_MS);
    this.#alongside.add(onNext);
    return promise;
  }

  async lendTo<T>(fn: (connection: Connection) => Promise<T>): Promise<T> {
    const connection = await this.take();
    try {
      return await fn(connection);
    } finally {
      this.give(connection);
    }
  }

  #lend(connection: Connection): Connection {
    this.#lent.add(connection);
    return connection;
  }

  #lendAgain(connection: Connection): Connection {
    this.#options.onUse(connection);
    return this.#lend(connection);
  }

  async #open(): Promise<Connection> {
    this.#count += 1;
    let connection: Connection | null = null;
    try {
      connection = await Connection.open(this.#options);
      connection.onLost(() => this.noteLoss());
      this.#greeted.add(connection);
      await this.#options.onOpen(connection);
      return connection;
    } catch (error) {
      void connection?.close();
      this.#count -= 1;
      this.#callNext();
      throw error;
    } finally {
      if (connection) this.#greeted.delete(connection);
    }
  }

  #wait(): Promise<void> {
    const waiting = Promise.withResolvers<void>();
    const timer = setTimeout(() => {
      this.#waiting.splice(this.#waiting.indexOf(waiting), 1);
      waiting.reject(this.#tooFew());
    }, this.#options.timeout);
    this.#waiting.push(waiting);
    return waiting.promise.finally(() => clearTimeout(timer));
  }

  #tooFew(): TqError {
    const { name, most, mostWords } = this.#options;
    if (this.isAnyStuck) return standbyError(name);
    const words =
      this.#lent.size < most
        ? "its server does not answer those who connect"
        : `all ${most} connections of ${mostWords}`;
    return new TqError("busy", `Cannot use ${name}: ${words}`);
  }

  #callNext(): void {
    this.#waiting.shift()?.resolve();
  }

  /** @param isSpoilt true: it must not be used again. */
  give(connection: Connection, isSpoilt = false): void {
    this.#lent.delete(connection);
    if (connection.isStuck && !this.#isClosed) return void this.#keepStuck(connection);
    if (isSpoilt || connection.isLost || this.#isClosed) this.#forget(connection);
    else this.#unusedNow(connection);
    if (this.#idle.length > this.#options.keep) this.#unused ??= this.#closeLater();
    this.#callNext();
  }

  /** It counts among those that are open until its answer is there: else each try would leave the server another one. */
  async #keepStuck(connection: Connection): Promise<void> {
    this.#stuck.add(connection);
    await connection.answered;
    this.#stuck.delete(connection);
    this.noteLoss(); // what it has done can be seen now
    this.#forget(connection);
    this.#callNext();
  }

  #unusedNow(connection: Connection): void {
    this.#idle.push({ connection, since: monotonicNow() });
    for (const send of this.#alongside) send(connection);
    this.#alongside.clear();
  }

  #closeLater(): Timer {
    const since = this.#idle[0]?.since ?? monotonicNow();
    const rest = Math.max(since + UNUSED_MS - monotonicNow(), 0);
    return setTimeout(() => this.#closeUnused(), rest).unref();
  }

  #closeUnused(): void {
    this.#unused = null;
    const before = monotonicNow() - UNUSED_MS;
    const { keep } = this.#options;
    while (this.#idle.length > keep && (this.#idle[0]?.since ?? Infinity) <= before) {
      const oldest = this.#idle.shift();
      if (oldest) this.#forget(oldest.connection);
    }
    if (this.#idle.length > keep) this.#unused = this.#closeLater();
  }

  /** Ends all connections, also those that are lent: what waits for an answer on them fails. New ones are opened. */
  drop(): void {
    this.noteLoss();
    const idle = this.#idle.splice(0);
    for (const { connection } of idle) this.#forget(connection);
    for (const connection of [...this.#lent, ...this.#greeted]) {
      connection.lost();
      void connection.close();
    }
    for (const connection of this.#stuck) void connection.close();
  }

  #forget(connection: Connection): void {
    this.#count -= 1;
    void connection.close();
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    if (this.#hurry.signal.aborted) this.drop(); // what was given up would keep the process from its end
    if (this.#unused) clearTimeout(this.#unused);
    for (const waiting of this.#waiting.splice(0)) waiting.reject(closedError());
    const idle = this.#idle.splice(0);
    this.#count -= idle.length;
    const unused = [...idle.map(({ connection }) => connection), ...this.#stuck];
    await Promise.all(unused.map((connection) => connection.close()));
  }
}
