/** The condition of an SQLite database. */
import type { Database } from "bun:sqlite";
import type {
  ConditionStore,
  DiskTrial,
  OwnedFile,
  RememberedMode,
  WaitingCall,
  WorkerAbout,
} from "../store/condition.ts";
import type { BackupEnd, BackupRecord } from "../store/backup.ts";
import type { OldestReady } from "../store/measurements.ts";
import type { Access } from "./access.ts";
import { freeBytes } from "./file/capacity.ts";
import * as condition from "./sql/condition.ts";
import { setTrouble } from "./sql/workers.ts";

type OwnConnection = <T>(read: (db: Database) => Promise<T>) => Promise<T>;

/** Few programs ask how a database is: what looks at its files is imported here when one does. */
export class SqliteCondition implements ConditionStore {
  readonly #access: Access;
  readonly #withTemporary: OwnConnection;

  /** @param withTemporary for what reads the whole file: it must not fill the memory of the other connections. */
  constructor(access: Access, withTemporary: OwnConnection) {
    this.#access = access;
    this.#withTemporary = withTemporary;
  }

  setTrouble(worker: string, trouble: string | null): Promise<void> {
    return this.#access.write((db, now) => setTrouble(db, worker, trouble, now));
  }

  setThreads(worker: string, ready: number): Promise<void> {
    return this.#access.write((db) => condition.setThreads(db, worker, ready));
  }

  setAbout(worker: string, about: WorkerAbout, changedAt: number | null): Promise<void> {
    return this.#access.write((db) => condition.setAbout(db, worker, about, changedAt));
  }

  async endWaitForModels(): Promise<number> {
    const { endWaitForModels, isAnyWaitingForModels } = await import("./sql/waiting-for-models.ts");
    const now = this.#access.now();
    if (!(await this.#access.read((db) => isAnyWaitingForModels(db, now)))) return 0;
    return this.#access.write(endWaitForModels);
  }

  abouts(): Promise<ReadonlyMap<string, WorkerAbout>> {
    return this.#access.read(condition.readAbouts);
  }

  mode(): Promise<RememberedMode | null> {
    return this.#access.read(condition.readMode);
  }

  rememberMode(mode: RememberedMode): Promise<void> {
    return this.#access.write((db, now) => condition.rememberMode(db, mode, now));
  }

  async backups(): Promise<BackupRecord | null> {
    const { readBackups } = await import("./sql/backups.ts");
    return this.#access.read(readBackups);
  }

  async rememberBackup(end: BackupEnd): Promise<void> {
    const { rememberBackup } = await import("./sql/backups.ts");
    return this.#access.write((db, now) => rememberBackup(db, end, now));
  }

  async oldestReady(queues: readonly string[]): Promise<readonly OldestReady[]> {
    const { oldestReady } = await import("./sql/outlook.ts");
    return this.#access.read((db) => oldestReady(db, queues, this.#access.now()));
  }

  waitingCalls(): Promise<readonly WaitingCall[]> {
    return this.#access.read(condition.waitingCalls);
  }

  lastEnd(): Promise<number> {
    return this.#access.read(condition.lastEnd);
  }

  latestTime(): Promise<number> {
    return this.#access.read(condition.latestTime);
  }

  async diskTrial(): Promise<DiskTrial> {
    return "not tried";
  }

  async server(): Promise<null> {
    return null;
  }

  async lacksRight(): Promise<string | null> {
    const { lacksRight } = await import("./file/unwritable.ts");
    return lacksRight(this.#access.name);
  }

  async freeDisk(): Promise<number> {
    return freeBytes(this.#access.name);
  }

  async fileSystem(): Promise<string | null> {
    const { fileSystemOf } = await import("./file/examine.ts");
    return fileSystemOf(this.#access.name);
  }

  async flushTime(): Promise<number | null> {
    const { flushTimeBeside } = await import("./file/examine.ts");
    return flushTimeBeside(this.#access.name);
  }

  async damage(): Promise<readonly string[]> {
    const { findDamage } = await import("./file/examine.ts");
    return this.#withTemporary(async (db) => findDamage(db));
  }

  async ownedFiles(): Promise<readonly OwnedFile[]> {
    const { filesOf } = await import("./file/examine.ts");
    return filesOf(this.#access.name);
  }
}
