/** The store on SQLite. What few programs ask for, such as a backup, is imported where they do. */
import { busyCancel } from "./busy-cancel.ts";
import type {
  CleanOptions,
  Look,
  LookOptions,
  ManyMove,
  Part,
  Place,
  QueueInfo,
  ReadFilter,
  Rest,
  Standing,
  StoreStatus,
  TaskNames,
  Waiting,
  WorkerInfo,
} from "../store/looking.ts";
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
import { SqliteTaskEvents } from "./task-event-store.ts";
import { SqliteCondition } from "./condition-store.ts";
import { SqliteDatabase } from "./database.ts";
import * as liveness from "./file/liveness.ts";
import * as live from "./file/live-output.ts";
import { surroundingsOf } from "./file/surroundings.ts";
import { checkpoint, hasSlack, walNote, Vacuum } from "./file/vacuum.ts";
import { rescueDead, rescueThread } from "./rescue.ts";
import { readSteps, recount, repairTimes, type SliceAccess } from "./slices.ts";
import type { SqliteSession } from "./session.ts";
import * as byHand from "./sql/by-hand.ts";
import { attemptsOf } from "./sql/attempts.ts";
import { countQueues, countWithPauses } from "./sql/counts.ts";
import { outputsOf, ownerOf, withProgress } from "./sql/outputs.ts";
import { isCrowdDue, makeDueReady } from "./sql/due.ts";
import * as looking from "./sql/looking.ts";
import { repairPauses } from "./sql/pauses.ts";
import { hasWork, look } from "./sql/ready-count.ts";
import * as taskList from "./sql/task-list.ts";
import * as order from "./sql/ready-order.ts";
import { STATEMENTS } from "./statements.ts";
import { errorsOf } from "./sql/task-errors.ts";
import * as workers from "./sql/workers.ts";
import { SqliteWebhooks } from "./webhook-store.ts";
import { readWorking } from "./working.ts";

export class SqliteStore extends SqliteDatabase implements Store {
  readonly #access: Access = {
    name: this.name,
    now: () => this.now(),
    read: async (fn) => this.read(fn),
    brief: async (fn) => this.read(fn),
    write: async (fn) => this.writeStatements(fn),
    inSession: (fn) => this.write((session) => fn(session as SqliteSession)),
    version: () => this.version(),
    changed: (...until) => this.changed(...until),
  };
  readonly #slices: SliceAccess = { ...this.#access, connections: this.connections };
  readonly #known = this.shared.knownFollowUps;
  readonly #rescuing = { ...this.#access, bootId: this.options.bootId, known: this.#known };
  readonly condition = new SqliteCondition(this.#access, (fn) => this.withTemporary(fn));
  readonly cron = new Crons(this.#access, STATEMENTS.cron, () => this.version());
  readonly failures = new Failures(this.#access, STATEMENTS.failures, this.#known);
  readonly pauses = new Pauses(this.#access, STATEMENTS.pauses);
  readonly pushKeys = new PushKeys(this.#access, STATEMENTS.pushKeys, this.pushes, () =>
    this.flush(),
  );
  readonly redactions = new Redactions(this.#access, STATEMENTS.redactions, this.#known);
  readonly statistics = new Statistics(this.#access, STATEMENTS.statistics, async (queues) => {
    const { measure } = await import("./sql/measurements.ts");
    return this.read((db) => measure(db, queues, this.now()));
  });
  readonly taskEvents = new SqliteTaskEvents(this.#access);
  readonly tokens = new Tokens(this.#access, STATEMENTS.tokens);
  readonly webhooks = new SqliteWebhooks(this.#access);
  readonly #vacuum = new Vacuum();

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
    // The live output first: a run that ends meanwhile is then among those that have ended.
    const owner = await this.read((db) => ownerOf(db, task));
    const run = owner && live.readRun(this.name, owner);
    return this.read((db) => outputsOf(db, task, from, run, owner?.claim));
  }

  async standings(ids: readonly number[], asked?: ReadonlySet<number>): Promise<Standing[]> {
    const standings = await this.read((db) => looking.standingsOf(db, ids, this.now()));
    if (!asked?.size) return standings;
    const shown = (owner: Owner) => live.readProgress(this.name, owner);
    return this.read((db) => withProgress(db, standings, asked, shown));
  }

  async situation(wanted: WantedTask): Promise<Situation | null> {
    const { readSituation } = await import("./sql/situation.ts");
    const around = surroundingsOf(this.name, this.shared.capacity.refusal());
    return this.read((db) => readSituation(db, wanted, this.now(), around));
  }

  async list(filter: ReadFilter = {}): Promise<Task[]> {
    return (await Array.fromAsync(this.parts(filter))).flatMap(({ found }) => found);
  }

  parts(filter: ReadFilter = {}): AsyncGenerator<Part<Task>, void> {
    return readSteps(this.#slices, (db) => taskList.listParts(db, filter, () => this.now()));
  }

  matching(filter: ReadFilter): AsyncGenerator<Part<number>, void> {
    return readSteps(this.#slices, (db) => taskList.matchingParts(db, filter));
  }

  async countBefore(filter: ReadFilter, before: number): Promise<Rest> {
    const elapsed = () => this.options.clock.monotonic();
    return this.read((db) => taskList.countBefore(db, filter, before, elapsed));
  }

  async lastPushedBefore(time: number): Promise<number> {
    return this.read((db) => taskList.lastPushedBefore(db, time));
  }

  async names(): Promise<TaskNames> {
    return this.read(looking.listNames);
  }

  async status(): Promise<StoreStatus> {
    const queues = await this.#countQueues();
    const about = { path: this.name, durability: this.options.durability };
    const { statusOf } = await import("./status.ts");
    return this.read((db) => statusOf(db, about, queues, this.now()));
  }

  async waiting(): Promise<Waiting> {
    const { waitingOf } = await import("./status.ts");
    return this.read((db) => waitingOf(db, this.name, this.now()));
  }

  recount(): AsyncGenerator<boolean, void> {
    return recount(this.#slices);
  }

  async #countQueues(): Promise<QueueInfo[]> {
    const counting = countQueues(this.connections.reader);
    const first = await this.read(() => counting.next());
    if (first.done) return first.value;
    counting.return([]); // others read on this connection too: start again on a temporary one
    return this.withTemporary(countWithPauses);
  }

  async look(options: LookOptions): Promise<Look> {
    return this.read((db) => look(db, options, this.now()));
  }

  async makeCrowdReady(): Promise<boolean> {
    const isCrowd = await this.read((db) => isCrowdDue(db, this.now()));
    return isCrowd && this.writeStatements(makeDueReady);
  }

  async hasWork(queues: readonly string[], scheduled: boolean): Promise<boolean> {
    return this.read((db) => hasWork(db, queues, scheduled, this.now()));
  }

  async stillHeld(claims: readonly Claim[]): Promise<Claim[]> {
    const lost = await this.read((db) => looking.lostClaims(db, claims));
    return claims.filter((claim) => !lost.includes(claim));
  }

  async cancel(id: number, reason = BY_HAND): Promise<Task> {
    try {
      return await this.writeStatements((db, now) => byHand.cancel(db, id, reason, now));
    } catch (error) {
      throw await busyCancel(error, () => this.get(id));
    }
  }

  async retry(id: number): Promise<Task> {
    return this.writeStatements((db) => byHand.retryByHand(db, id, this.now()));
  }

  async delete(id: number): Promise<Task> {
    return this.writeStatements((db) => byHand.deleteOne(db, id));
  }

  async place(id: number, place: Place): Promise<Task> {
    return this.writeStatements((db, now) => byHand.place(db, id, place, now));
  }

  async moveMany(move: ManyMove, ids: readonly number[], filter: ReadFilter): Promise<number> {
    return this.writeStatements((db) => byHand.moveMany(db, move, ids, filter, this.now()));
  }

  async countCleanable(options: Omit<CleanOptions, "limit">): Promise<number> {
    return this.read((db) => byHand.countCleanable(db, options));
  }

  async clean(options: CleanOptions): Promise<number> {
    return this.writeStatements((db) => byHand.clean(db, options));
  }

  async repairTimes(what: "all" | "places"): Promise<number> {
    if (what === "all") await this.writeStatements(repairPauses);
    return repairTimes(this.#slices, what);
  }

  async backup(path: string, keep: number | null = null): Promise<Backup> {
    const { backUpAndRemember } = await import("./remembered-backup.ts");
    const now = this.now();
    const place = { ...this.options, ...this.shared, database: this.name, path, keep, now };
    return backUpAndRemember(place, this, (fn) => this.withTemporary(fn));
  }

  async tidy(isMore = hasSlack): Promise<Tidied> {
    if (await this.read(isMore)) {
      const elapsed = () => this.options.clock.monotonic();
      await this.writeStatements((db) => this.#vacuum.slice(db, elapsed));
    }
    const kept = await this.read(checkpoint);
    return { more: await this.read(isMore), note: walNote(this.name, kept) };
  }

  async adapt(): Promise<void> {
    await this.#makeOrderIndex(order.LIMITS_MEANWHILE);
  }

  async register(worker: NewWorker): Promise<void> {
    liveness.takeLock(this.name, worker.id); // first: a registered worker without a lock counts as dead
    await this.writeStatements((db, now) => workers.register(db, worker, this.options.bootId, now));
    const registered = new Set((await this.workers()).map(({ id }) => id));
    liveness.removeStrays(this.name, registered);
    live.removeStrayLive(this.name, registered);
    if (worker.threads > 0) await this.#makeOrderIndex(order.LIMITS_AT_START);
  }

  async #makeOrderIndex(limits: order.IndexLimits): Promise<void> {
    if (await this.read((db) => order.needsOrderIndex(db, limits)))
      await this.writeStatements(order.makeOrderIndex);
  }

  async isAlive(worker: string): Promise<boolean> {
    return liveness.isAlive(this.name, worker);
  }

  async checkAlive(worker: string): Promise<void> {
    liveness.checkLock(this.name, worker);
  }

  async unregister(worker: string): Promise<void> {
    try {
      await this.writeStatements((db, now) => workers.unregister(db, worker, now));
    } finally {
      live.removeLive(this.name, worker);
      liveness.releaseLock(this.name, worker); // other workers rescue claims that could not be given back
    }
  }

  async workers(): Promise<WorkerInfo[]> {
    return this.read(looking.listWorkers);
  }

  async working(): Promise<Working> {
    return this.read((db) => readWorking(db, this.name));
  }

  async rescueDead(maxCrashes: number): Promise<Rescue[]> {
    return rescueDead(this.#rescuing, maxCrashes);
  }

  async rescueThread(owner: Owner, death: ThreadDeath): Promise<RescuedTask[]> {
    return rescueThread(this.#rescuing, owner, death);
  }
}
