/**
 * A worker's proof of life: the lock of its row, held by a connection of its own, which the server frees when that
 * connection ends. A connection may be lost while the process lives: it is then made anew, before others give the tasks
 * of the worker away where that can be.
 */
import { clearTimeout, monotonicNow, setTimeout, sleep } from "../clock.ts";
import { messageOf, type TqError } from "../errors.ts";
import type { NewWorker } from "../store/rescue.ts";
import type { Connection, ConnectionOptions } from "./connection.ts";
import { isLost } from "./errors.ts";
import { unlessHurried } from "./hurry.ts";
import { LOCK_TIMEOUT, openLife } from "./life-connection.ts";
import { forGood, mayBeMissed, WAS_MISSED } from "./life-lost.ts";
import * as times from "./life-times.ts";
import * as workers from "./sql/workers.ts";

export interface WorkerLifeOptions extends ConnectionOptions {
  readonly bootId: string;
  readonly now: () => number;
  /** Asks the server on this connection what time it is there. */
  readonly learnTime: (db: Connection) => Promise<void>;
}

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
  /** The look has waited for that answer once more, as the process was held up. */
  #hasWaited = false;
  #checkedAt = -Infinity;
  #lookedAt = monotonicNow();
  /** When it lost its connection; null: it has one. */
  #lostAt: number | null = null;
  #renewing: Promise<void> | null = null;
  /** It has told the worker to end what it runs, since the last answer. */
  #isFenced = false;
  #failure: TqError | null = null;
  /** Why the last try to connect has failed. */
  #reason = "";
  #timer: Timer | null = null;
  #isEnded = false;
  #hasLeft = false; // its row goes too

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

  /** When the connection was made, by `monotonicNow()`; the present, where it is lost. */
  get bornAt(): number {
    return this.#db === null ? monotonicNow() : this.#bornAt;
  }

  get #signing(): workers.SigningOn {
    const { bootId, application, now } = this.#options;
    return { worker: this.#worker, bootId, application, now: now() };
  }

  get #timeout(): number {
    return Math.max(1_000, this.#options.timeout);
  }

  #connect(): Promise<Connection> {
    const onAway = (error: unknown) => void (this.#reason = messageOf(error));
    return openLife({ ...this.#options, timeout: this.#timeout, onAway });
  }

  #born(db: Connection): void {
    this.#db = db;
    this.#bornAt = monotonicNow();
    this.#answered();
    db.onLost(() => this.#lost(db));
  }

  #answered(): void {
    const isBack = this.#isFenced || this.#lostAt !== null;
    this.#answeredAt = monotonicNow();
    this.#askedAt = this.#lostAt = null;
    this.#isFenced = this.#hasWaited = false;
    this.#reason = "";
    this.#lookLater();
    if (isBack && !this.#isEnded) this.#worker.cameBack?.();
  }

  /** Call it often while the worker runs something. @throws TqError "database" when its life cannot come back */
  async check(): Promise<void> {
    if (this.#failure) throw this.#failure;
    const now = monotonicNow();
    if (now - this.#checkedAt < times.OFTEN_MS) this.#ask(times.ASK_OFTEN_MS);
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
    if (this.#db === null || this.#askedAt !== null) return times.LOOK_MS;
    const ask = Math.min(this.#answeredAt + times.ASK_MS, this.#learnedAt + times.LEARN_MS);
    return Math.max(ask - monotonicNow(), times.LOOK_MS);
  }

  #look(): void {
    const now = monotonicNow();
    const isHeldUp = now - this.#lookedAt >= times.HELD_UP_MS;
    this.#lookedAt = now;
    // Once: on a busy machine each look may be late.
    if (this.#askedAt !== null && isHeldUp && !this.#hasWaited) {
      this.#hasWaited = true;
      return;
    }
    const owed = this.#askedAt === null ? 0 : now - this.#askedAt;
    const isSilent = owed >= times.OWED_MS && now - this.#answeredAt >= times.FENCE_MS;
    const isCut = this.#lostAt !== null && now - this.#lostAt >= times.CUT_FENCE_MS;
    if (isSilent || isCut) this.#fence();
    if (this.#db && owed >= times.LOST_MS) this.#lost(this.#db);
    this.#ask(times.ASK_MS);
  }

  /** Asks the server for a sign of life, unless it has given one within `after` ms, and its time lately. */
  #ask(after: number): void {
    const db = this.#db;
    const now = monotonicNow();
    const isNews = now - this.#answeredAt >= after || now - this.#learnedAt >= times.LEARN_MS;
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
      (error: unknown) => this.#refused(db, error),
    );
  }

  /** An error is an answer too, unless it is that of a lost connection. */
  #refused(db: Connection, error: unknown): void {
    if (db.isLost || isLost(error)) return this.#lost(db);
    if (db !== this.#db) return;
    this.#failure ??= forGood(error);
    this.#learnedAt = monotonicNow() - times.LEARN_MS + times.ASK_MS; // it is asked again soon
    this.#answered();
  }

  #fence(): void {
    if (this.#isFenced || this.#isEnded) return;
    this.#isFenced = true;
    this.#worker.missed?.(mayBeMissed(this.#options.name, this.#reason));
  }

  #lost(db: Connection): void {
    if (db !== this.#db || this.#isEnded) return;
    this.#db = null;
    this.#askedAt = null;
    this.#lostAt ??= monotonicNow();
    this.#lookLater();
    void db.close();
    this.#renewing ??= this.#renew();
  }

  /** Connects anew until that succeeds. The new connection may be lost again before this ends. */
  async #renew(): Promise<void> {
    for (let pause = times.FIRST_PAUSE_MS; ; pause = Math.min(pause * 2, times.LONGEST_PAUSE_MS)) {
      await this.#tryToRenew();
      if (this.#db !== null || this.#isEnded || this.#failure !== null) break;
      await sleep(pause);
    }
    this.#renewing = null;
  }

  async #tryToRenew(): Promise<void> {
    try {
      await this.#renewOnce();
    } catch (error) {
      this.#failure = forGood(error);
      this.#reason = messageOf(error);
    }
  }

  async #renewOnce(): Promise<void> {
    const db = await this.#connect();
    const { promise: silence, reject } = Promise.withResolvers<never>();
    const limit = setTimeout(() => reject(new Error("no answer")), this.#timeout).unref();
    try {
      await unlessHurried(Promise.race([this.#renewBy(db), silence]), this.#options);
    } catch (error) {
      await db.close();
      throw error;
    } finally {
      clearTimeout(limit);
    }
  }

  async #renewBy(db: Connection): Promise<void> {
    const missed = () => this.#isEnded || this.#worker.missed?.(WAS_MISSED);
    const life = await workers.renew(db, this.#signing, missed);
    if (this.#isEnded) return await this.#leave(db);
    await db.command(LOCK_TIMEOUT);
    await this.#options.learnTime(db);
    if (db.isLost) return;
    this.#lock = life;
    this.#born(db);
  }

  /** It may have signed off before it was registered anew. */
  async #leave(db: Connection): Promise<void> {
    if (this.#hasLeft) await workers.remove(db, this.#worker.id);
    await db.close();
  }

  /** The worker is about to sign off: its life is not renewed any more. */
  leave(): void {
    this.#hasLeft = this.#isEnded = true;
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
    const unlocking = db.isLost ? Promise.resolve() : workers.unlock(db, this.#lock);
    await unlessHurried(unlocking, this.#options).catch(() => {});
    await db.close();
  }
}
