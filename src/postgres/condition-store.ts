/** The condition of a PostgreSQL database. */
import type {
  ConditionStore,
  DiskTrial,
  OwnedFile,
  RememberedMode,
  ServerCondition,
  WaitingCall,
  WorkerAbout,
} from "../store/condition.ts";
import type { BackupRecord } from "../store/backup.ts";
import type { OldestReady } from "../store/measurements.ts";
import type { Access } from "./access.ts";
import * as condition from "./sql/condition.ts";
import { noteTrouble } from "./sql/noted-failures.ts";
import { oldestReady } from "./sql/outlook.ts";
import { commitTime, diskTrial, readServer } from "./sql/server-condition.ts";
import { endWaitForModels, isAnyWaitingForModels } from "./sql/waiting-for-models.ts";

export class PostgresCondition implements ConditionStore {
  readonly #access: Access;
  /** As this process has last said or read it. */
  #mode: RememberedMode | null = null;

  constructor(access: Access) {
    this.#access = access;
  }

  setTrouble(worker: string, trouble: string | null): Promise<void> {
    return this.#access.write(async (db, now) => {
      await condition.setTrouble(db, worker, trouble);
      if (trouble !== null) await noteTrouble(db, trouble, now);
    });
  }

  setThreads(worker: string, ready: number): Promise<void> {
    return this.#access.write((db) => condition.setThreads(db, worker, ready));
  }

  setAbout(worker: string, about: WorkerAbout, changedAt: number | null): Promise<void> {
    return this.#access.write((db) => condition.setAbout(db, worker, about, changedAt));
  }

  async endWaitForModels(): Promise<number> {
    const now = this.#access.now();
    if (!(await this.#access.read((db) => isAnyWaitingForModels(db, now)))) return 0;
    return this.#access.write(endWaitForModels);
  }

  abouts(): Promise<ReadonlyMap<string, WorkerAbout>> {
    return this.#access.read(condition.readAbouts);
  }

  async mode(): Promise<RememberedMode | null> {
    const mode = await this.#access.read(condition.readMode);
    this.#mode = mode ?? this.#mode;
    return mode;
  }

  rememberMode(mode: RememberedMode): Promise<void> {
    this.#mode = mode;
    return this.#access.write((db, now) => condition.rememberMode(db, mode, now));
  }

  /** A server that has taken over may lack it. */
  async rememberModeAgain(): Promise<void> {
    const known = this.#mode;
    if (known !== null && (await this.mode()) === null) await this.rememberMode(known);
  }

  /** The server's backups are others' business. */
  async backups(): Promise<BackupRecord | null> {
    return null;
  }

  async rememberBackup(): Promise<void> {}

  oldestReady(queues: readonly string[]): Promise<readonly OldestReady[]> {
    return this.#access.snapshot((db) => oldestReady(db, queues, this.#access.now()));
  }

  waitingCalls(): Promise<readonly WaitingCall[]> {
    return this.#access.snapshot(condition.waitingCalls);
  }

  lastEnd(): Promise<number> {
    return this.#access.read(condition.lastEnd);
  }

  latestTime(): Promise<number> {
    return this.#access.read(condition.latestTime);
  }

  server(): Promise<ServerCondition> {
    return this.#access.read(readServer);
  }

  diskTrial(): Promise<DiskTrial> {
    return this.#access.read(diskTrial);
  }

  lacksRight(): Promise<string | null> {
    return this.#access.read(condition.lacksRight);
  }

  /** The server does not tell. */
  async freeDisk(): Promise<number> {
    return Infinity;
  }

  async fileSystem(): Promise<string | null> {
    return null;
  }

  flushTime(): Promise<number | null> {
    return this.#access.read(commitTime);
  }

  async damage(): Promise<readonly string[]> {
    return [];
  }

  async ownedFiles(): Promise<readonly OwnedFile[]> {
    return [];
  }
}
