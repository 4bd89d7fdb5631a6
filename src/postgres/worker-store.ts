/** The store of a worker on PostgreSQL: its threads connect by themselves, and show by its main thread what their runs say. */
import { monotonicNow } from "../clock.ts";
import { TqError } from "../errors.ts";
import type { Look, LookOptions } from "../store/looking.ts";
import type { NewWorker, Rescue, RescuedTask, ThreadDeath } from "../store/rescue.ts";
import type { ClaimOptions, Owner } from "../store/session.ts";
import type { LiveOutput } from "../store/task-output.ts";
import type {
  Lent,
  ThreadStore,
  ThreadStoreOptions,
  Watch,
  WatchEvents,
  WorkerStore,
} from "../store/worker-store.ts";
import type { Claim, ClaimedTask } from "../task.ts";
import { CommitWatch } from "./commit-watch.ts";
import type { Connection } from "./connection.ts";
import { newApplication } from "./database.ts";
import type { PostgresOptions } from "./options.ts";
import { Listener } from "./listener.ts";
import { LiveOutputs, ThreadLiveOutput } from "./live-outputs.ts";
import { Poolers } from "./poolers.ts";
import { lostClaims } from "./sql/claims.ts";
import { see, seeAll } from "./sql/ready-count.ts";
import { setIdle } from "./sql/workers.ts";
import { KnownSigns } from "./signs.ts";
import { SCHEMA_CHANGED } from "./notifier.ts";
import { OpenTransactions } from "./open-transactions.ts";
import { standbyError } from "./standby-wait.ts";
import { PostgresStore } from "./store.ts";

/** The part that the main thread lends to a thread. */
export interface Part {
  /** How the server lists the connections of the process. */
  readonly application: string;
  /** The channel on which the thread says what its runs say. */
  readonly channel: string;
  /** In shared memory: whether the threads may claim. */
  readonly mayClaim: Int32Array;
}

/** The values of `mayClaim`. */
const MAY_CLAIM = 0;
const OTHERS_MAY_CLAIM = 1;

/**
 * The most connections of a thread, and of the main thread besides its life and its listener. A task needs up to three at
 * once: a transaction, one inside it, and the tables that this one makes.
 */
const CONNECTIONS = 4;

export class PostgresWorkerStore extends PostgresStore implements WorkerStore {
  readonly #watches = new Set<CommitWatch>();
  readonly #poolers: Poolers;
  readonly #listener: Listener;
  readonly #outputs: LiveOutputs;
  readonly #signs = new KnownSigns();
  /** Tasks that a worker claims while others may take it for dead are theirs a moment later. */
  readonly #mayClaim = new Int32Array(new SharedArrayBuffer(4));
  /** The worker that is registered; null: none. */
  #worker: string | null = null;

  constructor(options: PostgresOptions) {
    super({ ...options, application: newApplication(), keep: 0, connections: CONNECTIONS });
    this.#listener = new Listener({ ...this.options, name: this.name }, (payload) =>
      this.#heard(payload),
    );
    this.#poolers = new Poolers(this.name);
    this.#outputs = new LiveOutputs(this.access);
  }

  #heard(payload: string): void {
    if (payload === SCHEMA_CHANGED) this.life.askNow();
    this.#poolers.heard();
    for (const watch of this.#watches) watch.notified();
  }

  hurry(): void {
    this.connections.hurry();
  }

  lend(thread: number): Lent {
    const { application } = this.options;
    const channel = `${application} ${thread}`;
    const part: Part = { application, channel, mayClaim: this.#mayClaim };
    const listening = this.#outputs.listen(channel);
    return { part, [Symbol.dispose]: () => listening[Symbol.dispose]() };
  }

  watch(events: WatchEvents): Watch {
    const watch = new CommitWatch(events, (isIdle) => this.#setIdle(isIdle));
    this.#watches.add(watch);
    return watch;
  }

  /** Only idle workers are woken; where this fails, the next look of this one finds what was pushed. */
  async #setIdle(isIdle: boolean): Promise<void> {
    const worker = this.#worker;
    if (worker === null) throw new TqError("conflict", "Cannot wake a worker that has signed off");
    await this.#asLife((db) => setIdle(db, worker, isIdle));
  }

  #renewWatches(): void {
    for (const watch of this.#watches) watch.renew();
  }

  /** @throws TqError "database" behind a pooler that gives each transaction another connection */
  override async register(worker: NewWorker): Promise<void> {
    await this.ready();
    await this.#listener.start();
    const missed = (reason: string) => {
      Atomics.store(this.#mayClaim, 0, OTHERS_MAY_CLAIM);
      this.connections.drop(); // they may wait for answers that never come
      this.#listener.renew();
      this.#renewWatches();
      worker.missed?.(reason);
    };
    const cameBack = () => {
      Atomics.store(this.#mayClaim, 0, MAY_CLAIM);
      this.#renewWatches();
      this.condition.rememberModeAgain().catch(() => {}); // it is said once more at the next return, or start
      worker.cameBack?.();
    };
    const life = await this.life.take({ ...worker, missed, cameBack });
    try {
      await this.read((db) => this.#poolers.refuse(db, life.lock));
    } catch (error) {
      await this.unregister(worker.id).catch(() => {});
      throw error;
    }
    this.#worker = worker.id;
  }

  /** A worker that could not register has left nothing to remove. */
  override async unregister(worker: string): Promise<void> {
    this.#worker = null;
    if (this.life.bornAt === null) return;
    // A server that stands still answers nothing, and ends no connection.
    await this.connections.unlessHurried(super.unregister(worker));
  }

  /** Looks on the connection that proves its life: each answer is a sign of it, and no other need stay open. */
  override async look(options: LookOptions): Promise<Look> {
    if (!this.#signs.isWanted) {
      const seen = await this.#asLife((db) => see(db, options, this.now()));
      this.#signs.see(seen);
      return seen.look;
    }
    const asked = monotonicNow();
    const { wantsCounts } = this.#signs;
    const seen = await this.#asLife((db) => seeAll(db, options, this.now(), wantsCounts));
    this.#signs.see(seen);
    this.#signs.tell(seen.signs, seen.look, wantsCounts);
    this.serverClock.learn(seen.signs.serverTime, asked);
    if (seen.signs.isRaised) this.life.askNow();
    else this.life.learned();
    return seen.look;
  }

  protected override async cronVersion(): Promise<string> {
    return this.#signs.cronVersion ?? super.cronVersion();
  }

  protected override mayHaveEnds(): boolean {
    return this.#signs.mayHaveEnds;
  }

  /** The next look tells it. A busy worker looks seldom, and asks. */
  override countsVersion(): Promise<number | null> {
    return this.#signs.countsVersion(() => super.countsVersion());
  }

  override async rescueDead(maxCrashes: number): Promise<Rescue[]> {
    if (!this.#signs.areAllAlive) return super.rescueDead(maxCrashes);
    this.rescuer.allLive();
    return [];
  }

  protected override lookBriefly<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    return this.#asLife(fn);
  }

  override async stillHeld(claims: readonly Claim[]): Promise<Claim[]> {
    const lost = await this.#asLife((db) => lostClaims(db, claims, false));
    return claims.filter((claim) => !lost.includes(claim));
  }

  #asLife<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    const { statements } = this.life;
    return statements ? statements(fn) : this.read(fn);
  }

  /** The output of the thread belongs to the run that is put back. */
  override async rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]> {
    await this.#outputs.written();
    return super.rescueThread(owner, death);
  }

  override async close(): Promise<void> {
    this.#listener.close();
    await this.#outputs.written();
    await super.close();
  }
}

export class PostgresThreadStore extends PostgresStore implements ThreadStore {
  /** Its transactions wait for rows, not for each other. */
  readonly turns = null;
  readonly #channel: string;
  readonly #mayClaim: Int32Array;
  #output: ThreadLiveOutput | null = null;
  /** The losses of connections after which the thread has put back what it held. */
  #lossesSeen = 0;

  constructor(options: PostgresOptions, { part, locks, thread }: ThreadStoreOptions) {
    const { application, channel, mayClaim } = part as Part;
    const own = { application, thread, connections: CONNECTIONS };
    super({ ...options, ...own, open: new OpenTransactions(locks) });
    this.#channel = channel;
    this.#mayClaim = mayClaim;
  }

  get #hasLife(): boolean {
    return Atomics.load(this.#mayClaim, 0) === MAY_CLAIM;
  }

  protected override get mayClaim(): boolean {
    return this.#hasLife && this.connections.losses === this.#lossesSeen;
  }

  /**
   * A thread that claims holds nothing. After a failover the server may believe that it does: the commits with which its
   * tasks ended are lost where the standby had not received them. So may be what it has declared.
   */
  override async claim(options: ClaimOptions): Promise<ClaimedTask[]> {
    if (!this.#hasLife) return []; // it is woken once its worker is back
    this.#refuseStuck();
    const { losses } = this.connections;
    if (losses !== this.#lossesSeen) {
      await this.rescueThread(options.owner, { running: null, reason: "", maxCrashes: null });
      await Promise.all([this.redactions.declareAgain(), this.failures.declareAgain()]);
      this.#lossesSeen = losses;
    }
    return super.claim(options);
  }

  override async rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]> {
    this.#refuseStuck();
    return super.rescueThread(owner, death);
  }

  /** The claims of a commit that is not answered yet cannot be seen, and would be forgotten. */
  #refuseStuck(): void {
    if (this.connections.isAnyStuck) throw standbyError(this.name);
  }

  hurry(): void {
    this.connections.hurry();
  }

  liveOutput(owner: Owner): LiveOutput {
    return (this.#output ??= new ThreadLiveOutput(this.#channel, owner));
  }

  override async close(): Promise<void> {
    this.#output?.close();
    await super.close();
  }
}
