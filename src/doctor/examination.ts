/** One look at a database, for all checks: what several of them need is read once. */
import type { BackupRecord } from "../store/backup.ts";
import type {
  DiskTrial,
  RememberedMode,
  ServerCondition,
  WorkerAbout,
} from "../store/condition.ts";
import { isStopped, isWorker } from "../store/live-workers.ts";
import type { OldestReady } from "../store/measurements.ts";
import type { QueueInfo, StoreStatus, Waiting, WorkerStatus } from "../store/looking.ts";
import type { Health } from "./check.ts";

/** The parts of the status that the checks look at. */
export type Given = Pick<StoreStatus, "workers" | "queues" | "schema">;

/** A worker that is started again lives within this time: until then its absence is no fault. */
export const RESTART_MS = 5_000;

export class Examination {
  readonly health: Health;
  readonly #given: Given | null;
  #status: Promise<StoreStatus> | null = null;
  #waiting: Promise<Waiting> | null = null;
  #oldest: Promise<readonly OldestReady[]> | null = null;
  #abouts: Promise<ReadonlyMap<string, WorkerAbout>> | null = null;
  #mode: Promise<RememberedMode | null> | null = null;
  #backups: Promise<BackupRecord | null> | null = null;
  #flushTime: Promise<number | null> | null = null;
  #diskTrial: Promise<DiskTrial> | null = null;
  #server: Promise<ServerCondition | null> | null = null;

  /** @param given where it has been read already. */
  constructor(health: Health, given: Given | null = null) {
    this.health = health;
    this.#given = given;
  }

  /** True where workers are to run the tasks. */
  get needsWorker(): boolean {
    return this.health.mode === "worker";
  }

  async workers(): Promise<readonly WorkerStatus[]> {
    return (this.#given ?? (await this.waiting())).workers;
  }

  /** Those that live and have threads. */
  async live(): Promise<readonly WorkerStatus[]> {
    return (await this.workers()).filter((one) => one.alive && isWorker(one));
  }

  /** Those that live and can run tasks. */
  async able(): Promise<readonly WorkerStatus[]> {
    return (await this.live()).filter((one) => one.trouble === null && !isStopped(one));
  }

  async queues(): Promise<readonly QueueInfo[]> {
    return (this.#given ?? (await this.#statusOnce())).queues;
  }

  async schema(): Promise<number> {
    return (this.#given ?? (await this.#statusOnce())).schema;
  }

  waiting(): Promise<Waiting> {
    return (this.#waiting ??= this.health.store.waiting());
  }

  /** Since when the tasks that are to run now could run, by queue. */
  oldest(): Promise<readonly OldestReady[]> {
    return (this.#oldest ??= this.waiting().then(({ queues }) =>
      this.health.store.condition.oldestReady(queues),
    ));
  }

  /**
   * True where no worker that can run tasks is there, and none has shown itself a moment ago: a worker that is started
   * again is no fault.
   */
  async lacksWorkers(): Promise<boolean> {
    if ((await this.able()).length > 0) return false;
    const { store } = this.health;
    const now = store.now();
    const started = (await this.workers()).filter(isWorker).map((one) => one.started_at);
    const signs = [await store.condition.lastEnd(), ...started];
    return !signs.some((at) => at <= now && now - at < RESTART_MS);
  }

  abouts(): Promise<ReadonlyMap<string, WorkerAbout>> {
    return (this.#abouts ??= this.health.store.condition.abouts());
  }

  remembered(): Promise<RememberedMode | null> {
    return (this.#mode ??= this.health.store.condition.mode());
  }

  backups(): Promise<BackupRecord | null> {
    return (this.#backups ??= this.health.store.condition.backups());
  }

  flushTime(): Promise<number | null> {
    return (this.#flushTime ??= this.health.store.condition.flushTime());
  }

  diskTrial(): Promise<DiskTrial> {
    return (this.#diskTrial ??= this.health.store.condition.diskTrial());
  }

  /** null: the database is a file. */
  server(): Promise<ServerCondition | null> {
    return (this.#server ??= this.health.store.condition.server());
  }

  #statusOnce(): Promise<StoreStatus> {
    return (this.#status ??= this.health.store.status());
  }
}

/** A worker for people. */
export function named({ id, pid }: Pick<WorkerStatus, "id" | "pid">): string {
  return `worker ${id} (pid ${pid})`;
}

/** Some of these names, and how many more there are. */
export function some(names: readonly string[], most = 5): string {
  const more = names.length - most;
  return `${names.slice(0, most).join(", ")}${more > 0 ? ` and ${more} more` : ""}`;
}
