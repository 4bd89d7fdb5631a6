/** The store on PostgreSQL. */
import type {
  CleanOptions,
  Look,
  LookOptions,
  ManyMove,
  Part,
  Place,
  ReadFilter,
  Rest,
  Standing,
  StoreStatus,
  TaskNames,
  Waiting,
  WorkerInfo,
} from "../store/looking.ts";
import { TqError } from "../errors.ts";
import type { Backup } from "../store/backup.ts";
import { BY_HAND } from "../store/by-hand-words.ts";
import { Crons } from "../store/parts/crons.ts";
import { Failures } from "../store/parts/failures.ts";
import { Pauses } from "../store/parts/pauses.ts";
import { PushKeys } from "../store/parts/push-keys.ts";
import { Redactions } from "../store/parts/redactions.ts";
import { Statistics } from "../store/parts/statistics.ts";
import { Tokens } from "../store/parts/tokens.ts";
import type { NewWorker, Rescue, RescuedTask, ThreadDeath } from "../store/rescue.ts";
import type { Owner } from "../store/session.ts";
import type { Situation, WantedTask } from "../store/situation.ts";
import type { RunOutput } from "../store/task-output.ts";
import type { Store, Tidied } from "../store/store.ts";
import type { Working } from "../store/working.ts";
import type { Attempt, Claim, Task, TaskError } from "../task.ts";
import type { Access } from "./access.ts";
import { PostgresCondition } from "./condition-store.ts";
import type { Connection } from "./connection.ts";
import { PostgresDatabase } from "./database.ts";
import { Life } from "./life.ts";
import { Rescuer } from "./rescue.ts";
import type { PostgresSession } from "./session.ts";
import { repairTimes } from "./repair-times.ts";
import { attemptsOf } from "./sql/attempts.ts";
import * as byHand from "./sql/by-hand.ts";
import { cronVersion } from "./sql/cron-rows.ts";
import { lostClaims } from "./sql/claims.ts";
import { isCrowdDue, makeDueReady } from "./sql/due.ts";
import { countsVersion } from "./sql/kept-counts.ts";
import * as looking from "./sql/looking.ts";
import { measure } from "./sql/measurements.ts";
import { outputsOf, withProgress } from "./sql/outputs.ts";
import { hasWork, look } from "./sql/ready-count.ts";
import { recount } from "./sql/recount.ts";
import { readSituation } from "./sql/situation.ts";
import { statusOf, waitingOf } from "./sql/status.ts";
import { errorsOf } from "./sql/task-errors.ts";
import * as taskList from "./sql/task-list.ts";
import * as upkeep from "./sql/upkeep.ts";
import * as workers from "./sql/workers.ts";
import { readWorking } from "./sql/working.ts";
import { STATEMENTS } from "./statements.ts";
import { PostgresTaskEvents } from "./task-event-store.ts";
import { Versions } from "./versions.ts";
import { PostgresWebhooks } from "./webhook-store.ts";

export class PostgresStore extends PostgresDatabase implements Store {
  protected readonly access: Access = {
    name: this.name,
    now: () => this.now(),
    read: (fn) => this.read(fn),
    brief: (fn) => this.lookBriefly(fn),
    snapshot: (fn) => this.snapshot(fn),
    write: (fn) => this.writeStatements(fn),
    inSession: (fn) => this.write((session) => fn(session as PostgresSession)),
  };
  readonly #known = this.shared.knownFollowUps;
  readonly condition = new PostgresCondition(this.access);
  readonly cron = new Crons(this.access, STATEMENTS.cron, () => this.cronVersion());
  readonly failures = new Failures(this.access, STATEMENTS.failures, this.#known);
  readonly pauses = new Pauses(this.access, STATEMENTS.pauses);
  readonly pushKeys = new PushKeys(this.access, STATEMENTS.pushKeys, this.pushes, () =>
    this.flush(),
  );
  readonly redactions = new Redactions(this.access, STATEMENTS.redactions, this.#known);
  readonly statistics = new Statistics(this.access, STATEMENTS.statistics, (queues) =>
    this.snapshot((db) => measure(db, queues, this.now())),
  );
  readonly taskEvents = new PostgresTaskEvents(this.access);
  readonly tokens = new Tokens(this.access, STATEMENTS.tokens);
  readonly webhooks = new PostgresWebhooks(this.access, () => this.mayHaveEnds());
  protected readonly life = new Life({
    ...this.options,
    name: this.name,
    hurry: this.connections.hurried,
    now: () => this.now(),
    learnTime: (db) => this.greetAgain(db),
  });
  protected readonly rescuer = new Rescuer({
    ...this.options,
    access: this.access,
    life: this.life,
    known: this.#known,
  });
  readonly #versions = new Versions(this.access);

  /** Runs a statement that takes no time. */
  protected lookBriefly<T>(fn: (db: Connection) => Promise<T>): Promise<T> {
    return this.read(fn);
  }

  protected cronVersion(): Promise<string> {
    return this.lookBriefly(cronVersion);
  }

  async get(id: number): Promise<Task | null> {
    return this.read((db) => looking.getTask(db, id, this.now()));
  }

  async getByRef(ref: string): Promise<Task | null> {
    return this.read((db) => looking.getTaskByRef(db, ref, this.now()));
  }

  async errors(task: number): Promise<TaskError[]> {
    return this.read((db) => errorsOf(db, task));
  }

  async attempts(task: number): Promise<Attempt[]> {
    return this.read((db) => attemptsOf(db, task));
  }

  async output(task: number, from = 1): Promise<RunOutput[]> {
    return this.snapshot((db) => outputsOf(db, task, from));
  }

  async standings(ids: readonly number[], asked?: ReadonlySet<number>): Promise<Standing[]> {
    return this.read(async (db) => {
      const standings = await looking.standingsOf(db, ids, this.now());
      return asked?.size ? withProgress(db, standings, asked) : standings;
    });
  }

  async situation(wanted: WantedTask): Promise<Situation | null> {
    return this.snapshot((db) => readSituation(db, wanted, this.now()));
  }

  async list(filter: ReadFilter = {}): Promise<Task[]> {
    return (await Array.fromAsync(this.parts(filter))).flatMap(({ found }) => found);
  }

  parts(filter: ReadFilter = {}): AsyncGenerator<Part<Task>, void> {
    return taskList.listParts(this.access, filter);
  }

  matching(filter: ReadFilter): AsyncGenerator<Part<number>, void> {
    return taskList.matchingParts(this.access, filter);
  }

  async countBefore(filter: ReadFilter, before: number): Promise<Rest> {
    return this.snapshot((db) => taskList.countBefore(db, filter, before));
  }

  async lastPushedBefore(time: number): Promise<number> {
    return this.read((db) => taskList.lastPushedBefore(db, time));
  }

  async names(): Promise<TaskNames> {
    return this.read(looking.listNames);
  }

  async status(): Promise<StoreStatus> {
    return this.snapshot((db) => statusOf(db, this.name, this.now()));
  }

  async waiting(): Promise<Waiting> {
    return this.snapshot((db) => waitingOf(db, this.now()));
  }

  recount(): AsyncGenerator<boolean, void> {
    return recount(this.access);
  }

  countsVersion(): Promise<number | null> {
    return this.lookBriefly(countsVersion);
  }

  async look(options: LookOptions): Promise<Look> {
    return this.read((db) => look(db, options, this.now()));
  }

  async makeCrowdReady(): Promise<boolean> {
    const isCrowd = await this.lookBriefly((db) => isCrowdDue(db, this.now()));
    return isCrowd && this.writeStatements(makeDueReady);
  }

  async hasWork(queues: readonly string[], scheduled: boolean): Promise<boolean> {
    return this.read((db) => hasWork(db, queues, scheduled, this.now()));
  }

  async version(): Promise<number> {
    return this.#versions.current();
  }

  async changed(version: number, wait: number, signal?: AbortSignal): Promise<void> {
    await this.#versions.changed(version, wait, signal);
  }

  async stillHeld(claims: readonly Claim[]): Promise<Claim[]> {
    const lost = await this.read((db) => lostClaims(db, claims, false));
    return claims.filter((claim) => !lost.includes(claim));
  }

  async cancel(id: number, reason = BY_HAND): Promise<Task> {
    return this.writeStatements((db, now) => byHand.cancel(db, id, reason, now));
  }

  async retry(id: number): Promise<Task> {
    return this.writeStatements((db, now) => byHand.retryByHand(db, id, now));
  }

  async delete(id: number): Promise<Task> {
    return this.writeStatements((db) => byHand.deleteOne(db, id));
  }

  async place(id: number, place: Place): Promise<Task> {
    return this.writeStatements((db, now) => byHand.place(db, id, place, now));
  }

  async moveMany(move: ManyMove, ids: readonly number[], filter: ReadFilter): Promise<number> {
    return this.writeStatements((db, now) => byHand.moveMany(db, move, ids, filter, now));
  }

  async countCleanable(options: Omit<CleanOptions, "limit">): Promise<number> {
    return this.read((db) => byHand.countCleanable(db, options));
  }

  async clean(options: CleanOptions): Promise<number> {
    return this.writeStatements((db) => byHand.clean(db, options));
  }

  async repairTimes(what: "all" | "places"): Promise<number> {
    return repairTimes(this.access, what);
  }

  async backup(): Promise<Backup> {
    throw new TqError(
      "invalid",
      `Cannot back up ${this.name}: the database is PostgreSQL's; use pg_dump, or the backups of the server`,
    );
  }

  async tidy(): Promise<Tidied> {
    return upkeep.tidy(this.access);
  }

  /** PostgreSQL needs no preparing. */
  async adapt(): Promise<void> {}

  async register(worker: NewWorker): Promise<void> {
    await this.ready();
    await this.life.take(worker);
  }

  async isAlive(worker: string): Promise<boolean> {
    return this.read((db) => workers.isAlive(db, worker));
  }

  async checkAlive(worker: string): Promise<void> {
    await this.life.check(worker);
  }

  async unregister(worker: string): Promise<void> {
    this.life.leave(worker);
    try {
      await this.writeStatements((db, now) => workers.unregister(db, worker, now));
    } finally {
      await this.life.release(worker);
    }
  }

  async workers(): Promise<WorkerInfo[]> {
    return this.read(workers.listWorkers);
  }

  async working(): Promise<Working> {
    return this.snapshot(readWorking);
  }

  async rescueDead(maxCrashes: number): Promise<Rescue[]> {
    return this.rescuer.rescueDead(maxCrashes);
  }

  async rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]> {
    return this.rescuer.rescueThread(owner, death);
  }

  override async close(): Promise<void> {
    this.#versions.close();
    await this.life.close();
    await super.close();
  }
}
