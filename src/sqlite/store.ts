/** The store on SQLite. */
import type { Database } from "bun:sqlite";
import { type Clock, systemClock } from "../clock.ts";
import { isTqError, TqError } from "../errors.ts";
import { nextTurn } from "../next-turn.ts";
import type { Claim, ClaimedTask, NewTask, Task, TaskError } from "../task.ts";
import { type Soon, soon } from "../soon.ts";
import { awaitDue } from "./await-due.ts";
import { followLinks } from "./connection.ts";
import { Connections } from "./connections.ts";
import { translate } from "./errors.ts";
import { errorsOf } from "./sql/task-errors.ts";
import {
  bootId,
  checkLock,
  dropLock,
  holdLock,
  isAlive,
  removeIfDead,
  removeStrays,
} from "./file/liveness.ts";
import { Courtesy } from "./lock/write-request.ts";
import { FileIdentity } from "./file/identity.ts";
import { Flush, type LogFiles } from "./file/flush.ts";
import * as looking from "./sql/looking.ts";
import { SCHEMA_VERSION } from "./migrate.ts";
import { findAhead, mend } from "./sql/clock-repair.ts";
import { cancel, cancelMany, clean, matching, retryByHand, retryMany } from "./sql/by-hand.ts";
import { PushGroup } from "../store/push-group.ts";
import { Room } from "./file/capacity.ts";
import { type SessionOptions, SqliteSession } from "./session.ts";
import {
  type ClaimOptions,
  type CleanOptions,
  type NewWorker,
  type Owner,
  type Rescue,
  type RescuedTask,
  type Session,
  type Store,
  type StoreStatus,
  type MoveFilter,
  type QueueInfo,
  type TaskFilter,
  type Tidied,
  type ThreadDeath,
  type WorkerInfo,
} from "../store/store.ts";
import { isCrowdDue, makeDueReady } from "./sql/due.ts";
import { checkpoint, hasSlack, Vacuum } from "./file/vacuum.ts";
import { LocalTurn, type Turn } from "./lock/turn.ts";
import { register, rescueThread, rescueWorker, unknownWorkers, unregister } from "./sql/workers.ts";
import { WriteLock } from "./lock/write-lock.ts";

export interface SqliteOptions {
  /** Absolute path of the database file. */
  readonly path: string;
  /** "full" flushes every commit; "normal" may lose the last commits in a power cut, never more. */
  readonly durability?: "full" | "normal";
  /** How long to wait for another process's lock: ms. */
  readonly timeout?: number;
  /** Who writes next among those that share memory; default: the transactions of this thread. */
  readonly turn?: Turn;
  /** True in a worker thread, which has nothing else to do while it waits. */
  readonly blocking?: boolean;
  /** What `openLog` gave, to flush with; default: descriptors of its own. */
  readonly log?: LogFiles | null;
  readonly clock?: Clock;
  /** Tells one boot of the machine from another. */
  readonly bootId?: string;
  /** Ready and scheduled tasks that the queue takes; 0: no limit. */
  readonly maxSize?: number;
  /** Free bytes on the disk below which pushes are refused. */
  readonly minFree?: number;
}

/** Why a task was cancelled, where nobody says. */
const BY_HAND = "cancelled by hand";

async function countAside(db: Database): Promise<QueueInfo[]> {
  const counting = looking.countQueues(db);
  for (;;) {
    const part = counting.next();
    if (part.done) return part.value;
    await nextTurn();
  }
}

/** Tasks whose times are mended in one transaction: a few ms of the write lock. */
const MENDED_AT_ONCE = 500;

/** Two stores of one thread on one file must take turns with each other, or they would deadlock. */
const localTurns = new Map<string, LocalTurn>();

export class SqliteStore implements Store {
  readonly path: string;
  readonly #options: Required<SqliteOptions>;
  readonly #connections: Connections;
  readonly #pushes: PushGroup;
  readonly #vacuum = new Vacuum();
  /** What all sessions have in common. */
  readonly #shared: SessionOptions;
  #closed = false;

  /** @throws TqError when the file cannot be used. */
  constructor(options: SqliteOptions) {
    const path = (this.path = followLinks(options.path));
    let turn = options.turn ?? localTurns.get(path);
    if (!turn) localTurns.set(path, (turn = new LocalTurn()));
    this.#options = {
      durability: "full",
      timeout: 5_000,
      blocking: false,
      log: null,
      clock: systemClock,
      bootId: bootId(),
      maxSize: 0,
      minFree: 0,
      ...options,
      path,
      turn,
    };
    this.#connections = new Connections(this.#options);
    this.#firstLook();
    const identity = new FileIdentity(path);
    this.#shared = {
      ...this.#options,
      connections: this.#connections,
      identity,
      flush: new Flush(path, this.#options.durability === "full", this.#options.log),
      lock: new WriteLock({ ...this.#options, courtesy: new Courtesy(path) }),
      room: new Room(this.#options),
      tables: new Set(),
    };
    const pushing = new SqliteSession(this.#shared);
    this.#pushes = new PushGroup({
      alone: (task) => pushing.pushAlone(task),
      together: (fn) => this.write(fn),
    });
  }

  /** It makes the WAL, which all that follows expects to be there. */
  #firstLook(): void {
    try {
      looking.nextDue(this.#connections.reader);
    } catch (error) {
      this.#connections.close();
      throw translate(error, this.path);
    }
  }

  now(): number {
    return this.#options.clock.now();
  }

  session(stray = false): Session {
    return new SqliteSession(this.#shared, stray);
  }

  release(session: Session): Soon<void> {
    return soon((session as SqliteSession).end(), () => this.#released());
  }

  /** What was under way when the store was closed has ended. */
  #released(): void {
    if (this.#closed) this.#closeAll();
  }

  async #withSession<T>(fn: (session: SqliteSession) => Promise<T>): Promise<T> {
    const session = new SqliteSession(this.#shared);
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
      if (!session.mayClaim(options) && !(await this.#awaitDue())) return [];
      const { version } = session;
      const flushed = this.#shared.flush.meanwhile();
      flushed.catch(() => {}); // it is looked at below
      await session.begin();
      const tasks = await session.claim(options);
      // What somebody has committed since the flush began may be what was claimed.
      const covered = session.version === version;
      await (covered ? session.commitUnflushed() : session.commit());
      await flushed;
      return tasks;
    });
  }

  /** True when a task has come due meanwhile. */
  async #awaitDue(): Promise<boolean> {
    const { blocking, clock } = this.#options;
    const due = await this.nextDue();
    return due !== null && awaitDue(due, clock, blocking);
  }

  /** A write of the store's own statements. */
  async #move<T>(fn: (db: Database, now: number) => T): Promise<T> {
    return this.write((session) => (session as SqliteSession).statements(fn));
  }

  async #look<T>(fn: (db: Database) => T): Promise<T> {
    try {
      return fn(this.#connections.reader);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  push(tasks: readonly NewTask[]): Promise<number[]> {
    return this.#pushes.push(tasks);
  }

  async get(id: number): Promise<Task | null> {
    return this.#look((db) => looking.getTask(db, id));
  }

  async getByRef(ref: string): Promise<Task | null> {
    return this.#look((db) => looking.getTaskByRef(db, ref));
  }

  async errors(task: number): Promise<TaskError[]> {
    return this.#look((db) => errorsOf(db, task));
  }

  async list(filter: TaskFilter = {}): Promise<Task[]> {
    return (await Array.fromAsync(this.pages(filter))).flat();
  }

  async *pages(filter: TaskFilter = {}): AsyncGenerator<readonly Task[], void> {
    let rest: TaskFilter | null = filter;
    while (rest) {
      const page: looking.Page = await this.#look((db) => looking.listPage(db, rest ?? filter));
      if (page.tasks.length > 0) yield page.tasks;
      else await nextTurn();
      rest = page.next;
    }
  }

  async status(): Promise<StoreStatus> {
    const queues = await this.#countQueues();
    return this.#look((db) => ({
      path: this.path,
      schema: SCHEMA_VERSION,
      durability: this.#options.durability,
      ...looking.fileSizes(db, this.path),
      queues,
      workers: looking
        .listWorkers(db)
        .map((worker) => ({ ...worker, alive: isAlive(this.path, worker.id) })),
    }));
  }

  async #countQueues(): Promise<QueueInfo[]> {
    const counting = await this.#look(looking.countQueues);
    const first = await this.#look(() => counting.next());
    if (first.done) return first.value;
    counting.return([]); // others look at this connection: begin anew on one of our own
    try {
      return await this.#connections.aside(() => this.#shared.identity.look(), countAside);
    } catch (error) {
      throw translate(error, this.path);
    }
  }

  async countReady(
    queues: readonly string[],
    limit: number,
    worker: string | null = null,
  ): Promise<number> {
    return this.#look((db) => looking.countReady(db, queues, limit, worker));
  }

  async nextDue(): Promise<number | null> {
    return this.#look(looking.nextDue);
  }

  async isCrowdDue(): Promise<boolean> {
    return this.#look((db) => isCrowdDue(db, this.now()));
  }

  async makeDueReady(): Promise<void> {
    return this.#move(makeDueReady);
  }

  async hasWork(queues: readonly string[], scheduled: boolean): Promise<boolean> {
    return this.#look((db) => looking.hasWork(db, queues, scheduled));
  }

  async isAlive(worker: string): Promise<boolean> {
    return isAlive(this.path, worker);
  }

  async checkAlive(worker: string): Promise<void> {
    checkLock(this.path, worker);
  }

  async check(): Promise<void> {
    this.#shared.identity.check(this.#options.clock.monotonic());
    this.#shared.flush.check();
  }

  async flush(): Promise<void> {
    await this.#shared.flush.meanwhile();
  }

  async version(): Promise<number> {
    return this.#look(looking.dataVersion);
  }

  async stillHeld(claims: readonly Claim[]): Promise<Claim[]> {
    return this.#look((db) => looking.stillHeld(db, claims));
  }

  async cancel(id: number, reason = BY_HAND): Promise<Task> {
    return this.#move((db, now) => cancel(db, id, reason, now));
  }

  async retry(id: number): Promise<Task> {
    return this.#move((db) => retryByHand(db, id));
  }

  async cancelAll(filter: MoveFilter, reason = BY_HAND): Promise<number> {
    const { states } = filter;
    return this.#moveAll(filter, (ids, db, now) => cancelMany(db, { ids, states }, reason, now));
  }

  async retryAll(filter: MoveFilter): Promise<number> {
    const { states } = filter;
    return this.#moveAll(filter, (ids, db) => retryMany(db, { ids, states }));
  }

  async #moveAll(
    filter: MoveFilter,
    move: (ids: readonly number[], db: Database, now: number) => number,
  ): Promise<number> {
    const slices = matching(this.#connections.reader, filter);
    let moved = 0;
    try {
      for (;;) {
        const { value: ids } = await this.#look(() => slices.next());
        if (!ids) return moved;
        moved += await this.#move((db, now) => move(ids, db, now));
        await nextTurn();
      }
    } catch (error) {
      if (moved === 0 || !isTqError(error)) throw error;
      const message = `Only the first ${moved} that match were done: ${error.message}`;
      throw new TqError(error.code, message, { cause: error });
    }
  }

  async clean(options: CleanOptions): Promise<number> {
    return this.#move((db) => clean(db, options));
  }

  async mendTimes(what: "all" | "places"): Promise<number> {
    const places = what === "places";
    const began = this.now();
    const slices = findAhead(this.#connections.reader, began, places);
    let mended = 0;
    for (;;) {
      const { value: ids } = await this.#look(() => slices.next());
      if (!ids) return mended;
      await nextTurn();
      for (let start = 0; start < ids.length; start += MENDED_AT_ONCE) {
        const some = ids.slice(start, start + MENDED_AT_ONCE);
        // Who is pushed meanwhile stands behind them all.
        mended += await this.#move((db, now) =>
          mend(db, some, { now, to: Math.min(began, now), places }),
        );
        await nextTurn();
      }
    }
  }

  async tidy(): Promise<Tidied> {
    const { clock } = this.#options;
    if (await this.#look(hasSlack)) {
      await this.#move((db) => this.#vacuum.slice(db, () => clock.monotonic()));
    }
    const held = await this.#look(checkpoint);
    return { more: await this.#look(hasSlack), held };
  }

  async register(worker: NewWorker): Promise<void> {
    holdLock(this.path, worker.id);
    await this.#move((db, now) => register(db, worker, this.#options.bootId, now));
    removeStrays(this.path, new Set((await this.workers()).map(({ id }) => id)));
  }

  async unregister(worker: string): Promise<void> {
    try {
      await this.#move((db, now) => unregister(db, worker, now));
    } finally {
      dropLock(this.path, worker); // what could not be put back is rescued by others
    }
  }

  async workers(): Promise<WorkerInfo[]> {
    return this.#look(looking.listWorkers);
  }

  async rescueDead(maxCrashes: number): Promise<Rescue[]> {
    const unknown = (await this.#look(unknownWorkers)).map((id) => ({ id, pid: null }));
    const workers = [...(await this.workers()), ...unknown];
    const dead = workers.filter(({ id }) => removeIfDead(this.path, id));
    const rescues: Rescue[] = [];
    for (const worker of dead) {
      const tasks = await this.#move((db, now) =>
        rescueWorker(db, worker.id, this.#options.bootId, maxCrashes, now),
      );
      if (tasks) rescues.push({ worker, tasks });
    }
    return rescues;
  }

  async rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]> {
    return this.#move((db, now) => rescueThread(db, owner, death, now));
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#closeAll();
  }

  #closeAll(): void {
    this.#shared.flush.close(); // before the last connection, which removes the WAL
    this.#connections.close();
  }
}
