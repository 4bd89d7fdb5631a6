/**
 * An open PostgreSQL database: its connections and sessions. `PostgresStore` extends it with the rest of `Store`, which
 * documents the methods.
 */
import { bootId } from "../boot-id.ts";
import { callAfter, monotonicNow } from "../clock.ts";
import { TqError } from "../errors.ts";
import { databaseName, databaseUrlFault } from "../values/database-url.ts";
import type { Soon } from "../soon.ts";
import { KnownFollowUps } from "../store/known-follow-ups.ts";
import { type GroupedPush, type PushEnd, PushGroup } from "../store/push-group.ts";
import type { ClaimOptions, Session } from "../store/session.ts";
import type { ClaimedTask, NewTask } from "../task.ts";
import { Capacity } from "./capacity.ts";
import type { Connection } from "./connection.ts";
import { Connections } from "./connections.ts";
import { checkServer } from "./known-server.ts";
import { placeOthers } from "./greeting.ts";
import { Marks } from "./marks.ts";
import { prepare, refuseRaised } from "./migrate.ts";
import { Notifier } from "./notifier.ts";
import { fitOneStatement, mayWait, only, pushAtOnce } from "./pushing.ts";
import type { PostgresOptions } from "./options.ts";
import { Shapes } from "./shapes.ts";
import { ServerClock } from "./server-clock.ts";
import { PostgresSession, type SessionOptions } from "./session.ts";
import { TRAITS } from "./traits.ts";
import { claimUsually } from "./sql/claim.ts";
import { hasClaimable } from "./sql/ready-count.ts";
import { takesNoWrites } from "./sql/server-condition.ts";
import { lostIsUncertain, readOnlyWords } from "./errors.ts";
import { withHolder } from "./lock-holder.ts";
import { againAfterDeadlock } from "./again.ts";

/** A name that no other process has, anywhere. */
export function newApplication(): string {
  return `tq ${process.pid} ${crypto.randomUUID().slice(-12)}`;
}

/**
 * Looks use the indexes. A server with old statistics may rather read a whole table, in the hope of finding enough soon; with
 * that forbidden, it believes the plan to be so costly that it would compile it first (`jit`).
 */
const BEGIN_LOOK =
  "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL jit = off";

export class PostgresDatabase {
  readonly traits = TRAITS;
  readonly name: string;
  readonly folder: string;
  protected readonly options: Required<PostgresOptions>;
  protected readonly connections: Connections;
  protected readonly shared: SessionOptions;
  protected readonly pushes: PushGroup;
  protected readonly notifier: Notifier;
  protected readonly serverClock = new ServerClock();
  #readying: Promise<void> | null = null;

  /** Connects when it is first used. @throws TqError "invalid" for a wrong URL */
  constructor(options: PostgresOptions) {
    const fault = databaseUrlFault(options.url);
    if (fault !== null) throw new TqError("invalid", `Cannot use database.url: ${fault}`);
    this.options = {
      timeout: 5_000,
      lockTimeout: 60_000,
      connections: 10,
      keep: 1,
      application: newApplication(),
      clock: this.serverClock,
      thread: null,
      bootId: bootId(),
      maxSize: 0,
      onlyLooks: false,
      needsTables: false,
      migrated: () => {},
      open: null,
      ...options,
    };
    this.name = databaseName(options.url);
    this.folder = options.folder;
    const { application, thread } = this.options;
    this.connections = new Connections({
      ...this.options,
      application: thread === null ? application : `${application} ${thread}`,
      name: this.name,
      most: this.options.connections,
      mostWords:
        thread === null
          ? "this program are in use; raise database.connections"
          : "this thread are in use; let its tasks have fewer transactions open at once",
      onOpen: (connection) => this.#opened(connection),
      onUse: (connection) => this.#learnAgain(connection),
      onLost: () => this.shared.tables.clear(),
    });
    this.notifier = new Notifier(this.connections);
    this.shared = {
      name: this.name,
      connections: this.connections,
      tables: new Set(),
      shapes: new Shapes(this.name),
      open: this.options.open,
      now: () => this.now(),
      capacity: new Capacity(this.options),
      knownFollowUps: new KnownFollowUps(),
      marks: new Marks(),
      committed: () => this.notifier.committed(),
      mayClaim: () => this.mayClaim,
    };
    this.pushes = new PushGroup({
      alone: async (task) => only(await this.#pushGroup([{ tasks: [task], key: null }])),
      together: (pushes) => this.#pushGroup(pushes),
    });
  }

  /** Pushes by one statement where that is enough: it needs no other round trip. */
  async #pushGroup(pushes: readonly GroupedPush[]): Promise<PushEnd[]> {
    const { capacity } = this.shared;
    const tasks = pushes.reduce((sum, push) => sum + push.tasks.length, 0);
    if (fitOneStatement(pushes) && capacity.admitsAtOnce(tasks)) {
      const connection = await this.connections.take();
      let isTold = false;
      try {
        const pushing = pushAtOnce(connection, pushes, this.now());
        isTold = !mayWait(pushes) && this.notifier.committing(connection);
        return await pushing;
      } catch (error) {
        const known = await withHolder(error, this.options.timeout, (ask) => ask(connection));
        throw lostIsUncertain(known, this.name);
      } finally {
        this.connections.give(connection);
        if (!isTold) this.shared.committed();
      }
    }
    return againAfterDeadlock(() => this.#withSession((session) => session.pushTogether(pushes)));
  }

  /** The first connection makes the schema. */
  async #opened(connection: Connection): Promise<void> {
    if (this.#readying === null) await this.#greetFirst(connection);
    else await this.greetAgain(connection);
    const readying = (this.#readying ??= this.#ready(connection));
    try {
      await readying;
    } catch (error) {
      this.#readying = null;
      throw error;
    }
  }

  async #ready(connection: Connection): Promise<void> {
    await checkServer(connection, this.name);
    this.shared.shapes.found(await prepare(connection, this.name, this.options));
  }

  /** Connects, and makes the schema where there is none. @throws TqError where the database cannot be used */
  async ready(): Promise<void> {
    await this.read(async () => {});
  }

  /** Learns the server's time, and keeps the tables of models out of tq's own schema. */
  protected async greet(connection: Connection): Promise<void> {
    const asked = monotonicNow();
    const now = await placeOthers(connection);
    if (now !== null) this.serverClock.learn(now, asked);
  }

  /** A thread, which dates runs, asks more often in vain than a program, whose user waits. */
  #greetFirst(connection: Connection): Promise<void> {
    return this.serverClock.learnWell(
      () => this.greet(connection),
      this.options.thread === null ? 2 : 6,
    );
  }

  /** The server's clock may have been set since it was asked last. Nobody waits for the answer, and a loss is seen by others. */
  #learnAgain(connection: Connection): void {
    if (this.serverClock.isOld()) this.greet(connection).catch(() => {});
  }

  /** As `greet`, once the schema is there: a newer tq may have changed it since. */
  protected async greetAgain(connection: Connection): Promise<void> {
    await Promise.all([this.greet(connection), refuseRaised(connection, this.name)]);
  }

  now(): number {
    return this.options.clock.now();
  }

  after(ms: number, then: () => void): () => void {
    return callAfter(this.options.clock, ms, then);
  }

  session(outsideTask = false): Session {
    return new PostgresSession(this.shared, outsideTask);
  }

  release(session: Session): Soon<void> {
    return (session as PostgresSession).end();
  }

  /** Releasing the session at the end rolls back what `fn` has not committed. */
  async #withSession<T>(fn: (session: PostgresSession) => Promise<T>): Promise<T> {
    const session = new PostgresSession(this.shared);
    try {
      return await fn(session);
    } finally {
      const releasing = this.release(session);
      if (releasing) await releasing;
    }
  }

  async write<T>(fn: (session: Session) => Promise<T>): Promise<T> {
    return this.#withSession(async (session) => {
      await session.begin();
      const result = await fn(session);
      await session.commit();
      return result;
    }).catch(async (error: unknown) => {
      throw await withHolder(error, this.options.timeout, (ask) => this.connections.lendTo(ask));
    });
  }

  /** False where a thread has to ask first what it holds. */
  protected get mayClaim(): boolean {
    return true;
  }

  /** Claims by one statement where that finds tasks: a thread that was woken is not to wait for another round trip. */
  async claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    const { marks } = this.shared;
    const claiming = this.read((db) => claimUsually(db, options, this.now(), marks, "alone"));
    const claimed = await claiming.catch((error: unknown) => {
      throw lostIsUncertain(error, this.name); // the thread may hold tasks
    });
    if (claimed.length > 0) return claimed;
    if (!(await this.read((db) => hasClaimable(db, options, this.now())))) return [];
    return this.#withSession((session) => session.commit({ handBack: [], claim: options }));
  }

  /** Runs the store's own statements in a transaction. */
  protected async writeStatements<T>(fn: (db: Connection, now: number) => Promise<T>): Promise<T> {
    return this.write((session) => (session as PostgresSession).runStatements(fn));
  }

  /** Runs statements that each stand alone. */
  protected async read<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    const connection = await this.connections.take();
    try {
      return await fn(connection);
    } catch (error) {
      throw await withHolder(error, this.options.timeout, (ask) => ask(connection));
    } finally {
      this.connections.give(connection);
    }
  }

  /** Runs statements of a look, that all see the database as it is at the first of them. */
  protected async snapshot<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    return this.read(async (db) => {
      await db.command(BEGIN_LOOK);
      try {
        return await fn(db);
      } finally {
        await db.command("COMMIT").catch(() => db.lost());
      }
    });
  }

  push(tasks: readonly NewTask[]): Promise<number[]> {
    return this.pushes.push(tasks);
  }

  async pushRefusal(): Promise<string | null> {
    return this.read(async (db) => {
      if (await takesNoWrites(db)) return readOnlyWords(this.name);
      return this.shared.capacity.refusal(db, 1);
    });
  }

  async check(): Promise<void> {}

  /** The server has on its disk all that can be read here but claims, which need not be. */
  async flush(): Promise<void> {}

  /** @returns false where it is known that no webhook has an end to tell */
  protected mayHaveEnds(): boolean {
    return true;
  }

  async close(): Promise<void> {
    const telling = this.connections.unlessHurried(this.notifier.close());
    await telling.catch(() => {}); // others find the last commits by their looks
    await this.connections.close();
  }
}
