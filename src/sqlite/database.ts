/**
 * An open SQLite database: its sessions, their commits and flushes. `SqliteStore` extends it with the rest of `Store`,
 * which documents the methods.
 */
import type { Database } from "bun:sqlite";
import { dirname } from "node:path";
import { bootId } from "../boot-id.ts";
import { callAfter, type Clock, systemClock } from "../clock.ts";
import { type Soon, soon } from "../soon.ts";
import { PushGroup } from "../store/push-group.ts";
import type { ClaimOptions, Session } from "../store/session.ts";
import type { ClaimedTask, NewTask } from "../task.ts";
import { isTqError } from "../errors.ts";
import { awaitDue } from "./await-due.ts";
import { CommitWait } from "./commit-wait.ts";
import { CONNECTION_DEFAULTS, type ConnectionOptions, followLinks } from "./connection.ts";
import { Connections } from "./connections.ts";
import { translate } from "./errors.ts";
import { Capacity } from "./file/capacity.ts";
import { Flush, type WalFiles } from "./file/flush.ts";
import { FileIdentity } from "./file/identity.ts";
import { findUnwritable, isOnlyOfOthers, unwritableError } from "./file/unwritable.ts";
import { type KeptFiles, KeptLocks } from "./lock/kept-locks.ts";
import { LocalTurn, type Turn } from "./lock/turn.ts";
import { WriteLock } from "./lock/write-lock.ts";
import { WriteRequest } from "./lock/write-request.ts";
import { KnownFollowUps } from "../store/known-follow-ups.ts";
import { protectDatabase } from "./protection/protect.ts";
import { SqliteSession } from "./session.ts";
import { nextDue } from "./sql/due.ts";
import { TRAITS } from "./traits.ts";
import type { SessionOptions } from "./transaction.ts";

export interface SqliteOptions extends Partial<ConnectionOptions> {
  /** Absolute path of the database file. */
  readonly path: string;
  /**
   * "full": a commit is on disk before it is acknowledged (a claim need not be). "normal": a power cut may lose the last
   * commits, and does not damage the file.
   */
  readonly durability?: "full" | "normal";
  /** The ms to wait for the write lock, while another process or another transaction of this thread has it. */
  readonly timeout?: number;
  /** The turn to write among threads that share memory; default: among the transactions of this thread. */
  readonly turn?: Turn;
  /** True in a worker's thread, which may block: it has nothing else to do while it waits. */
  readonly blocking?: boolean;
  /** The descriptors of `openWal` to flush with; default: the store opens its own. */
  readonly wal?: WalFiles | null;
  /** The files with the locks of the main thread's store; default: the store opens its own. */
  readonly kept?: KeptFiles | null;
  readonly clock?: Clock;
  /** Tells one boot of the machine from another. */
  readonly bootId?: string;
  /** The most ready and scheduled tasks that the queue takes; 0: no limit. */
  readonly maxSize?: number;
  /** Free bytes on the disk below which pushes are refused. */
  readonly minFree?: number;
}

/** The turns by file: two stores of one thread on one file would deadlock without a common turn. */
const localTurns = new Map<string, LocalTurn>();

const READ_HEADER = "PRAGMA schema_version";

export class SqliteDatabase {
  readonly traits = TRAITS;
  /** The path of the database file. */
  readonly name: string;
  readonly folder: string;
  protected readonly options: Required<SqliteOptions>;
  protected readonly connections: Connections;
  protected readonly kept: KeptLocks;
  readonly #unprotect: () => void;
  protected readonly pushes: PushGroup;
  /** For questions alone: each check uses up some of what a capacity counted as free. */
  readonly #probe: Capacity;
  /** The options that all sessions share. */
  protected readonly shared: SessionOptions;
  readonly #commits = new CommitWait(this);
  #closed = false;

  /** @throws TqError when the file cannot be used. */
  constructor(options: SqliteOptions) {
    const path = (this.name = followLinks(options.path));
    this.folder = dirname(path);
    let turn = options.turn ?? localTurns.get(path);
    if (!turn) localTurns.set(path, (turn = new LocalTurn()));
    this.options = {
      durability: "full",
      timeout: 5_000,
      blocking: false,
      wal: null,
      kept: null,
      clock: systemClock,
      bootId: bootId(),
      maxSize: 0,
      minFree: 0,
      ...CONNECTION_DEFAULTS,
      ...options,
      path,
      turn,
    };
    this.connections = new Connections(this.options, () => this.shared.identity.checkAnew());
    this.#firstLook();
    this.kept = new KeptLocks(path, this.options.kept);
    this.#unprotect = protectDatabase(path);
    this.shared = {
      ...this.options,
      connections: this.connections,
      identity: new FileIdentity(path, this.options.onlyLooks ? "read" : "commit"),
      checkFiles: () => this.beforeCommit(),
      flush: new Flush(path, this.options.durability === "full", this.options.wal),
      lock: new WriteLock({ ...this.options, request: new WriteRequest(path) }),
      capacity: new Capacity(this.options),
      tables: new Set(),
      knownFollowUps: new KnownFollowUps(),
    };
    this.#probe = new Capacity(this.options);
    const pushing = new SqliteSession(this.shared);
    this.pushes = new PushGroup({
      alone: (task) => pushing.pushAlone(task),
      together: (list) => this.#withSession((session) => session.pushTogether(list)),
    });
  }

  /** The first read creates the WAL, which all that follows needs. */
  #firstLook(): void {
    try {
      nextDue(this.connections.idle);
    } catch (error) {
      const told = translate(error, this.name);
      this.connections.close(); // this may remove the WAL, of which the sentence speaks
      throw told;
    }
  }

  now(): number {
    return this.options.clock.now();
  }

  after(ms: number, then: () => void): () => void {
    return callAfter(this.options.clock, ms, then);
  }

  session(outsideTask = false): Session {
    return new SqliteSession(this.shared, outsideTask);
  }

  release(session: Session): Soon<void> {
    return soon((session as SqliteSession).end(), () => this.#released());
  }

  /** A transaction may have been under way when the store was closed, and have ended only now. */
  #released(): void {
    if (this.#closed) this.#closeAll();
  }

  /** Releasing the session at the end rolls back what `fn` has not committed. */
  async #withSession<T>(fn: (session: SqliteSession) => Promise<T>): Promise<T> {
    const session = new SqliteSession(this.shared);
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
    });
  }

  async claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    return this.#withSession(async (session) => {
      if (!session.hasClaimable(options) && !(await this.#awaitDue())) return [];
      const { version } = session; // read before the flush begins
      const flushed = this.shared.flush.inBackground();
      flushed.catch(() => {}); // it is awaited below
      await session.begin();
      const tasks = await session.claim(options);
      // A claimed task may have been committed after the flush began.
      const covered = session.version === version;
      if (covered) session.commitUnflushed();
      else await session.commit();
      await flushed;
      return tasks;
    });
  }

  /** Waits for a task that is due soon; true when one has come due. */
  async #awaitDue(): Promise<boolean> {
    const { blocking, clock } = this.options;
    const due = await this.read(nextDue);
    return due !== null && awaitDue(due, clock, blocking);
  }

  /** Runs the store's own statements in a write transaction. */
  protected async writeStatements<T>(fn: (db: Database, now: number) => T): Promise<T> {
    return this.write((session) => (session as SqliteSession).runStatements(fn));
  }

  protected async read<T>(fn: (db: Database) => T): Promise<T> {
    try {
      const answer = fn(this.connections.idle);
      this.connections.checkRead();
      return answer;
    } catch (error) {
      throw translate(error, this.name);
    }
  }

  protected async withTemporary<T>(read: (db: Database) => Promise<T>): Promise<T> {
    try {
      return await this.connections.withTemporary(read);
    } catch (error) {
      throw translate(error, this.name);
    }
  }

  push(tasks: readonly NewTask[]): Promise<number[]> {
    return this.pushes.push(tasks);
  }

  async pushRefusal(): Promise<string | null> {
    const found = this.connections.unwritable ?? findUnwritable(this.name);
    const isLooker = this.options.onlyLooks && found !== null && isOnlyOfOthers(found);
    if (found !== null && !isLooker) return unwritableError(this.name, found).message;
    try {
      // A new connection reads the header of the file, which the others have in memory.
      await this.withTemporary(async (db) => {
        db.query(READ_HEADER).get();
        this.#probe.check(db, 1, this.options.clock);
        this.shared.capacity.checkWrites();
      });
      return null;
    } catch (error) {
      if (isTqError(error) && error.code === "full") return error.message;
      throw error;
    }
  }

  async check(isLook = false): Promise<void> {
    this.#checkFiles(isLook);
  }

  /** Called before each commit, and before a write that is a transaction of its own. It may refuse. */
  protected beforeCommit(): void {
    this.#checkFiles();
  }

  #checkFiles(isLook = false): void {
    this.shared.identity.check(this.options.clock.monotonic(), isLook ? "read" : undefined);
    if (isLook) return;
    this.kept.check();
    this.shared.flush.check();
  }

  async flush(): Promise<void> {
    if (this.connections.unwritable) return; // at rest: it has no log
    await this.shared.flush.inBackground();
  }

  async version(): Promise<number> {
    return this.read(() => this.connections.version);
  }

  countsVersion(): Promise<number> {
    return this.version();
  }

  async changed(version: number, wait: number, signal?: AbortSignal): Promise<void> {
    await this.#commits.until(version, wait, signal);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#closeAll();
  }

  #closeAll(): void {
    this.#commits.close();
    this.shared.flush.close(); // before the last connection closes and removes the WAL
    this.kept.release(() => this.connections.close());
    this.#unprotect();
  }
}
