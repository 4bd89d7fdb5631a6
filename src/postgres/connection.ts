/** One connection to PostgreSQL. Statements that are sent without awaiting share a round trip, and run in their order. */
import { SQL, type ReservedSQL } from "bun";
import { monotonicNow, sleep } from "../clock.ts";
import { databasePlace } from "../values/database-url.ts";
import { connectTimeout, driverUrl } from "../values/url-parameters.ts";
import { mayPass } from "./error-states.ts";
import { foreignServerError, isLockTimeout, translate, translateOwn } from "./errors.ts";
import {
  isOwnSetting,
  laterSettings,
  noteRefused,
  startupSettings,
  type TimeLimits,
} from "./session-settings.ts";
import { unlessHurried } from "./hurry.ts";
import { openingError } from "./opening-errors.ts";
import { StandbyWait } from "./standby-wait.ts";
import { systemUser } from "./system-user.ts";
import { writable } from "./writable.ts";

export interface ConnectionOptions extends TimeLimits {
  readonly url: string;
  /** How the server is named in errors: without a password. */
  readonly name: string;
  /** The longest time to connect, too. */
  readonly timeout: number;
  /** How the server lists the connection. */
  readonly application: string;
  /** Called with each error for which it tries again. */
  readonly onAway?: (error: unknown) => void;
  /** Aborts when the process begins to stop. */
  readonly hurry?: AbortSignal;
}

/** A server that is away is asked again after this pause. */
const AWAY_MS = 100;

/** The ms that it may take to connect. */
function openingTimeout({ url, timeout }: Pick<ConnectionOptions, "url" | "timeout">): number {
  return Math.min(timeout, connectTimeout(url));
}

/** The driver's options for one connection. */
export function connectionOptions(options: ConnectionOptions) {
  const { url, application } = options;
  const { port, database, user } = databasePlace(url);
  return {
    url: driverUrl(url),
    port,
    database,
    username: user ?? systemUser(),
    max: 1,
    connectionTimeout: Math.max(1, Math.ceil(openingTimeout(options) / 1000)),
    connection: { application_name: application, ...startupSettings(options) },
  };
}

/** A connection is opened with all settings, without those that a pooler refuses, and without those that a server refuses. */
const MOST_REFUSALS = 3;

/** A value of a statement. Lists go into parameters such as `$1::bigint[]`. */
export type SqlValue =
  string | number | boolean | null | Uint8Array | readonly (string | number | boolean | null)[];

/** A column of a result, with the OID of its type. */
export interface SqlColumn {
  readonly name: string;
  readonly type: number;
}

/**
 * The statements around those of a transaction. The driver holds a text without values back until all before it are
 * answered, and what comes after it too; templates go out at once.
 */
const STEPS = {
  begin: (db: ReservedSQL) => db`BEGIN`,
  waitBriefly: (db: ReservedSQL) => db`SET LOCAL lock_timeout = '20ms'`,
  commit: (db: ReservedSQL) => db`COMMIT`,
  saveTask: (db: ReservedSQL) => db`SAVEPOINT tq_task`,
  releaseTask: (db: ReservedSQL) => db`RELEASE tq_task`,
  saveRow: (db: ReservedSQL) => db`SAVEPOINT tq_row`,
  releaseRow: (db: ReservedSQL) => db`RELEASE tq_row`,
} as const;

interface Lists {
  readonly columns: readonly SqlColumn[];
  readonly rows: unknown[][];
}

type Result = readonly unknown[] & { readonly count: number; readonly command: string };

export class Connection {
  /** The number of its process on the server; null: not asked yet. */
  pid: number | null = null;
  readonly #name: string;
  readonly #sql: SQL;
  readonly #reserved: ReservedSQL;
  /** Finds out why a statement has waited for a lock in vain. */
  #explaining: Promise<unknown> | null = null;
  #isLost = false;
  #onLost: (() => void) | null = null;
  #isInTransaction = false;
  readonly #standbyWait: StandbyWait;

  private constructor(options: ConnectionOptions, sql: SQL, reserved: ReservedSQL) {
    this.#name = options.name;
    this.#sql = sql;
    this.#reserved = reserved;
    this.#standbyWait = new StandbyWait({
      ...options,
      ask: async (text, values) => {
        const other = await Connection.open(options);
        try {
          return (await other.get(text, values)) !== null;
        } finally {
          await other.close();
        }
      },
      pid: () => this.pid,
      onStuck: () => this.lost(),
    });
  }

  /**
   * Waits for a server that is away, as one that restarts, or has no connection left, up to `timeout`, or to what the URL says.
   *
   * @throws TqError when the server cannot be reached, or refuses.
   */
  static async open(options: ConnectionOptions): Promise<Connection> {
    const { url, name } = options;
    const until = monotonicNow() + openingTimeout(options);
    let refusals = 0;
    for (;;) {
      try {
        const connection = await Connection.#open(options);
        const settings = laterSettings(options);
        if (settings !== null) await connection.command(settings);
        return connection;
      } catch (error) {
        if (noteRefused(url, error) && ++refusals < MOST_REFUSALS) continue;
        if (isOwnSetting(error)) throw foreignServerError(error as Error, name);
        const isOver = monotonicNow() + AWAY_MS > until || options.hurry?.aborted === true;
        if (isOver || !mayPass(error)) throw await openingError(error, options);
        options.onAway?.(error);
        await sleep(AWAY_MS);
      }
    }
  }

  static async #open(options: ConnectionOptions): Promise<Connection> {
    // Reserved: another connection, which the driver opens by itself, would go on with a transaction outside of any.
    let connection: Connection | null = null;
    let isClosed = false;
    const sql = new SQL({
      ...connectionOptions(options),
      onclose: () => {
        isClosed = true;
        connection?.lost();
      },
    });
    try {
      // Where a server accepts, and closes, the driver tries again by itself.
      connection = new Connection(options, sql, await unlessHurried(sql.reserve(), options));
      if (isClosed) connection.lost();
      return connection;
    } catch (error) {
      await sql.close({ timeout: 0 }).catch(() => {});
      throw error;
    }
  }

  /** True once the server has ended it, or it was closed. */
  get isLost(): boolean {
    return this.#isLost;
  }

  /** True where a commit was given up, whose answer is still to come: then the connection is lost too. */
  get isStuck(): boolean {
    return this.#standbyWait.error !== null;
  }

  /** Resolves once the server has answered the commits that were given up. */
  get answered(): Promise<unknown> {
    return this.#standbyWait.answered;
  }

  lost(): void {
    if (this.#isLost) return;
    this.#isLost = true;
    this.#onLost?.();
  }

  /** Calls back once the server has ended it, not where this process closes it. */
  onLost(fn: () => void): void {
    this.#onLost = fn;
    if (this.#isLost) fn();
  }

  /** The rows, as objects. `int8` and `numeric` come as text: select `x::float8` for numbers up to 2^53. */
  async all<Row>(text: string, values: readonly SqlValue[] = []): Promise<Row[]> {
    // A plain list: the driver's own has more properties.
    return Array.from((await this.#send(text, values)) as unknown as readonly Row[]);
  }

  /** The first row; null: there is none. */
  async get<Row>(text: string, values: readonly SqlValue[] = []): Promise<Row | null> {
    const [row] = await this.#send(text, values);
    return (row as Row | undefined) ?? null;
  }

  /** @returns how many rows the statement has changed. */
  async run(text: string, values: readonly SqlValue[] = []): Promise<number> {
    return (await this.#send(text, values)).count;
  }

  /** Runs a statement that shares a round trip with those around it. @returns the name of its command, as the server says it. */
  async step(name: keyof typeof STEPS): Promise<string> {
    if (name === "begin") this.#isInTransaction = true;
    if (name === "commit") this.#isInTransaction = false;
    return (await this.#translated(STEPS[name](this.#reserved))).command;
  }

  /**
   * Runs statements without values, which may be several, in a round trip of their own.
   *
   * @returns the name of the last one's command, as the server says it.
   */
  async command(text: string): Promise<string> {
    if (text.startsWith("BEGIN")) this.#isInTransaction = true;
    if (text === "COMMIT" || text === "ROLLBACK") this.#isInTransaction = false;
    return (await this.#translated(this.#reserved.unsafe(text).simple(), text)).command;
  }

  /** Rows as lists, with the columns that they have. */
  async lists(text: string, values: readonly SqlValue[]): Promise<Lists> {
    const query = this.#reserved.unsafe(text, values as unknown[]).values();
    const result = (await this.#translated(query)) as Result & { readonly columns?: SqlColumn[] };
    return { columns: result.columns ?? [], rows: Array.from(result as readonly unknown[][]) };
  }

  /** Commits where `fn` resolves. */
  async inTransaction<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    try {
      await this.command("BEGIN");
      const result = await fn(this);
      await this.command("COMMIT");
      return result;
    } catch (error) {
      if (!this.isStuck) await this.command("ROLLBACK").catch(() => this.lost());
      throw error;
    }
  }

  /** No statement that a COMMIT follows may be left out: see `writable`. */
  #send(text: string, values: readonly SqlValue[]): Promise<Result> {
    return this.#translated(this.#reserved.unsafe(text, writable(values) as unknown[]), text);
  }

  /** @param text of a statement that is not the user's own */
  async #translated(query: PromiseLike<unknown>, text = ""): Promise<Result> {
    const { error: stuck } = this.#standbyWait;
    if (stuck) throw stuck;
    const asked = monotonicNow();
    try {
      // A statement that stands alone commits too.
      return (await (this.#isInTransaction ? query : this.#standbyWait.watch(query))) as Result;
    } catch (error) {
      const translated = (text.includes(" tq.") ? translateOwn : translate)(
        error,
        this.#name,
        text,
      );
      if (!isLockTimeout(error)) {
        await this.#explaining; // what was sent after that statement fails as it did, and says no reason
        throw translated;
      }
      this.#explaining = this.#standbyWait.reasonOf(monotonicNow() - asked);
      throw (await this.#explaining) ?? translated;
    }
  }

  async close(): Promise<void> {
    this.#isLost = true;
    this.#standbyWait.close();
    await this.#sql.close({ timeout: 0 }).catch(() => {});
  }
}
