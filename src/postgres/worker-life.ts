/**
 * A worker's proof of life: the lock of its row, held by a connection of its own, which the server frees when that
 * connection ends. A connection may be lost while the process lives: it is then made anew, before others give the tasks
 * of the worker away where that can be.
 */
import { clearTimeout, monotonicNow, setTimeout } from "../clock.ts";
import { messageOf, type TqError } from "../errors.ts";
import type { NewWorker } from "../store/rescue.ts";
import { Connection, type ConnectionOptions } from "./connection.ts";
import { forGood } from "./life-lost.ts";
import * as workers from "./sql/workers.ts";

export interface WorkerLifeOptions extends ConnectionOptions {
  readonly bootId: string;
  readonly now: () => number;
  /** Asks the server on this connection what time it is there. */
  readonly learnTime: (db: Connection) => Promise<void>;
}

/** The ms between two looks of a life after itself, while the server owes it an answer or it is without a connection. */
const LOOK_MS = 250;

/** The server is asked for a sign of life after so long without an answer: ms. An idle worker looks more often. */
const ASK_MS = 2_500;

/** The same while the worker runs something: then it checks its life several times a second. */
const ASK_OFTEN_MS = 500;

/** Two checks within so long say that the worker runs something: ms. */
const OFTEN_MS = 1_000;

/** The server is asked for its time this often: ms. */
const LEARN_MS = 10_000;

/** A server that owes an answer for so long is not reached by this connection any more: ms. */
const LOST_MS = 2_000;

/**
 * After so long without an answer the worker ends what it runs: the server may have given its lock away after
 * `UNANSWERED_MS`.
 */
const FENCE_MS = 3_000;

/**
 * The server takes the connection for lost where the worker's host answers nothing for so long: ms. The settings that keep
 * connections alive are not enough: they do not count while something is on its way to the host, which is sent again for
 * a quarter of an hour.
 */
const UNANSWERED_MS = 3_800;

/** Not for the connections of tasks: a thread that computes may leave a long answer unread for as long. */
const GIVE_UP_SOON = `SET tcp_user_timeout = ${UNANSWERED_MS}`;

/** An answer that is owed for less than this may be on its way: ms. */
const OWED_MS = 900;

/** A process that looks so late was stopped, or held up: ms. */
const HELD_UP_MS = 500;

/** The pauses before a connection is tried again: ms. */
const FIRST_PAUSE_MS = 50;
const LAST_PAUSE_MS = 1_000;

/**
 * A statement of the life gives up sooner than others: behind a table that somebody has locked, as ALTER TABLE does, it would
 * keep the server's signs of life back, and the worker would end its tasks.
 */
const LOCK_TIMEOUT = "SET lock_timeout = '100ms'";

/** Runs statements on a connection. */
export type Statements = <T>(fn: (db: Connection) => Promise<T>) => Promise<T>;

export class WorkerLife {
  readonly #options: WorkerLifeOptions;
  readonly #worker: NewWorker;
  #db: Connection | null = null;
  /** The number of its lock. */
  #lock = 0;
  #bornAt = monotonicNow();
  #answeredAt = monotonicNow();
  /** The answer that is owed may be from before what is asked for now. */
  #isToAskAgain = false;
  /** When the server said last what time it is. */
  #learnedAt = monotonicNow();
  /** Since when the server owes an answer; null: it does not. */
  #askedAt: number | null = null;
  #checkedAt = -Infinity;
  #lookedAt = monotonicNow();
  #renewing: Promise<void> | null = null;
  /** It has told the worker to end what it runs, since the last answer. */
  #isFenced = false;
  #failure: TqError | null = null;
  /** Why the last try to connect has failed. */
  #reason = "";
  #timer: Timer | null = null;
  #isEnded = false;

  constructor(options: WorkerLifeOptions, worker: NewWorker) {
    this.#options = options;
    this.#worker = worker;
  }

  /** Registers the worker. */
  async begin(): Promise<void> {
    const db = await this.#connect();
    try {
      this.#lock = await workers.register(db, this.#signing);
      await db.command(LOCK_TIMEOUT);
      await this.#options.learnTime(db);
    } catch (error) {
      await db.close();
      throw error;
    }
    this.#born(db);
  }

  /** The number of its lock. */
  get lock(): number {
    return this.#lock;
  }

  /** Runs statements that take no time on the connection: their answer is a sign of life. Null while it is lost. */
  get statements(): Statements | null {
    const db = this.#db;
    if (db === null) return null;
    return async (fn) => {
      const answer = await fn(db);
      if (db === this.#db && this.#askedAt === null) this.#answered();
      return answer;
    };
  }

  /** The server has said what time it is, and that the schema is not raised: it need not be asked for a while. */
  learned(): void {
    this.#learnedAt = monotonicNow();
  }

  /** Asks the server now, whatever it has said before. */
  askNow(): void {
    this.#isToAskAgain = this.#askedAt !== null;
    this.#learnedAt = -Infinity;
    this.#ask(0);
  }

  /** How long the connection has been there: ms. */
  get age(): number {
    return monotonicNow() - this.#bornAt;
  }

  get #signing(): workers.SigningOn {
    const { bootId, application, now } = this.#options;
    return { worker: this.#worker, bootId, application, now: now() };
  }

  async #connect(): Promise<Connection> {
    const { timeout } = this.#options;
    const db = await Connection.open({ ...this.#options, timeout: Math.max(1_000, timeout) });
    await db.command(GIVE_UP_SOON).catch(() => {}); // a server on another system may not know it
    return db;
  }

  #born(db: Connection): void {
    this.#db = db;
    this.#bornAt = monotonicNow();
    this.#answered();
    db.onLost(() => this.#lost(db));
  }

  #answered(): void {
    this.#answeredAt = monotonicNow();
    this.#askedAt = null;
    this.#isFenced = false;
    this.#reason = "";
    this.#lookLater();
  }

  /** Call it often while the worker runs something. @throws TqError "database" when its life cannot come back */
  async check(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const now = monotonicNow();
    if (now - this.#checkedAt < OFTEN_MS) this.#ask(ASK_OFTEN_MS);
    this.#checkedAt = now;
  }

  /** Each answer puts it off: the looks for tasks of an idle worker are enough. */
  #lookLater(): void {
    if (this.#timer) clearTimeout(this.#timer);
    if (this.#isEnded) return;
    this.#timer = setTimeout(() => {
      this.#look();
      this.#lookLater();
    }, this.#untilLook).unref();
  }

  get #untilLook(): number {
    if (this.#db === null || this.#askedAt !== null) return LOOK_MS;
    const ask = Math.min(this.#answeredAt + ASK_MS, this.#learnedAt + LEARN_MS);
    return Math.max(ask - monotonicNow(), LOOK_MS);
  }

  #look(): void {
    const now = monotonicNow();
    // This process was stopped, or held up: an answer that came meanwhile is read after this.
    if (this.#askedAt !== null && now - this.#lookedAt >= HELD_UP_MS) this.#askedAt = now;
    this.#lookedAt = now;
    const owed = this.#askedAt === null ? 0 : now - this.#askedAt;
    if (this.#db && owed >= LOST_MS) this.#lost(this.#db);
    this.#ask(ASK_MS);
    const isWithout = this.#db === null || owed >= OWED_MS;
    if (isWithout && now - this.#answeredAt >= FENCE_MS) this.#fence();
  }

  /** @param after an answer within the last ms makes it needless. */
  #ask(after: number): void {
    const db = this.#db;
    const now = monotonicNow();
    const isNews = now - this.#answeredAt >= after || now - this.#learnedAt >= LEARN_MS;
    if (db === null || this.#askedAt !== null || !isNews) return;
    this.#askedAt = this.#lookedAt = now;
    this.#lookLater();
    this.#options.learnTime(db).then(
      () => {
        if (db !== this.#db) return;
        this.#answered();
        this.learned();
        if (this.#isToAskAgain) this.askNow();
      },
      () => this.#lost(db),
    );
  }

  #fence(): void {
    if (this.#isFenced || this.#isEnded) return;
    this.#isFenced = true;
    const why = this.#reason === "" ? "" : ` (${this.#reason})`;
    this.#missed(`the database does not answer${why}, and others may take this worker for dead`);
  }

  #missed(reason: string): void {
    this.#worker.missed?.(reason);
  }

  #lost(db: Connection): void {
    if (db !== this.#db || this.#isEnded) return;
    this.#db = null;
    this.#askedAt = null;
    this.#lookLater();
    void db.close();
    this.#renewing ??= this.#renew().finally(() => (this.#renewing = null));
  }

  async #renew(): Promise<void> {
    let pause = FIRST_PAUSE_MS;
    while (!this.#isEnded && this.#failure === null) {
      try {
        return await this.#renewOnce();
      } catch (error) {
        this.#failure = forGood(error);
        this.#reason = messageOf(error);
      }
      await Bun.sleep(pause);
      pause = Math.min(pause * 2, LAST_PAUSE_MS);
    }
  }

  async #renewOnce(): Promise<void> {
    const db = await this.#connect();
    try {
      const { life, wasMissed } = await workers.renew(db, this.#signing);
      if (this.#isEnded) return await db.close();
      this.#lock = life;
      await db.command(LOCK_TIMEOUT);
      await this.#options.learnTime(db);
      if (wasMissed) this.#missed("others took this worker for dead while its connection was lost");
      this.#born(db);
      this.#worker.cameBack?.();
    } catch (error) {
      await db.close();
      throw error;
    }
  }

  /** Frees the lock. */
  async end(): Promise<void> {
    this.#isEnded = true;
    if (this.#timer) clearTimeout(this.#timer);
    await this.#renewing;
    const db = this.#db;
    this.#db = null;
    if (!db) return;
    // So that it is free when this resolves: the server takes a moment to notice the end of a connection.
    if (!db.isLost) await workers.unlock(db, this.#lock).catch(() => {});
    await db.close();
  }
}
