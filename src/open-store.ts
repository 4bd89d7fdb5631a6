/** Opens stores. This file alone names a database. */
import { statSync } from "node:fs";
import type { Clock } from "./clock.ts";
import { TqError } from "./errors.ts";
import type { Config } from "./settings/config.ts";
import type { SqliteOptions } from "./sqlite/database.ts";
import type { Peeked } from "./sqlite/peek.ts";
import { SqliteStore } from "./sqlite/store.ts";
import { SqliteThreadStore, SqliteWorkerStore } from "./sqlite/worker-store.ts";
import type { BackupContent, Restored, RestoreOptions } from "./store/restore.ts";
import type { Compacted, Store } from "./store/store.ts";
import type { TrialStore } from "./store/trial.ts";
import type { ThreadStore, ThreadStoreOptions, WorkerStore } from "./store/worker-store.ts";

export { SCHEMA_VERSION } from "./sqlite/migrate.ts";
export { replaceFileFunctions } from "./sqlite/protection/protect.ts";

type StoreConfig = Pick<Config, "database" | "queue">;

/** Opens the store of a program. @throws TqError when the database cannot be used */
export function openStore(config: StoreConfig): Store {
  return new SqliteStore(optionsOf(config));
}

/** Opens the store of a server: few statements at a time, between which it shall take little memory. */
export function openServerStore(config: StoreConfig): Store {
  return new SqliteStore({ ...optionsOf(config), cacheKib: 2_000 });
}

/** Opens a store whose times come from this clock. */
export function openStoreWithClock(config: StoreConfig, clock: Clock): Store {
  return new SqliteStore({ ...optionsOf(config), clock });
}

/** Opens the store of a program that writes nothing; its user may have no right to write the database. */
export function openStoreToLook(config: StoreConfig): Store {
  return new SqliteStore({ ...optionsOf(config), onlyLooks: true, needsTables: true });
}

/** Opens the store of a program that changes what is there, and makes no queue. */
export function openExistingStore(config: StoreConfig): Store {
  return new SqliteStore({ ...optionsOf(config), needsTables: true });
}

/** Opens a store that commits nothing, on a database that is there. Other programs start without it. */
export async function openTrialStore(config: StoreConfig): Promise<TrialStore> {
  const { SqliteTrialStore } = await import("./sqlite/trial-store.ts");
  return new SqliteTrialStore({ ...optionsOf(config), needsTables: true });
}

/** Opens the store of a worker's main thread, which lends its threads parts of it. */
export function openWorkerStore(config: StoreConfig, threads: number): WorkerStore {
  return new SqliteWorkerStore(optionsOf(config), threads);
}

/** Opens the store of a thread, with the parts that its main thread lends it. */
export function openThreadStore(config: StoreConfig, options: ThreadStoreOptions): ThreadStore {
  return new SqliteThreadStore(optionsOf(config), options);
}

/** Looks into the database without bringing it to this version's schema; null: there is none. */
export async function peekAt({ database }: Pick<StoreConfig, "database">): Promise<Peeked | null> {
  const { peek } = await import("./sqlite/peek.ts"); // for one command alone
  return peek(database.path);
}

/**
 * Backs the database up as the settings say, with a connection alone: it disturbs no store of this process.
 *
 * @throws TqError "invalid" where they name no folder
 */
export async function backUpDatabase(config: StoreConfig & Pick<Config, "backup">) {
  const { backUpFile } = await import("./sqlite/file/backup-folder.ts");
  const { path, minFree = 0 } = optionsOf(config);
  const { folder, keep } = config.backup;
  if (folder === null) throw new TqError("invalid", "Cannot back up: [backup] folder is not set");
  return backUpFile({ database: path, minFree, path: folder, keep });
}

/** Reads a backup to its end. @throws TqError where it cannot be used, or a worker of the database lives */
export async function inspectBackup(config: StoreConfig, file: string): Promise<BackupContent> {
  const { inspectBackup: inspect } = await import("./sqlite/restore/restore.ts");
  return inspect(config.database.path, file);
}

/** Puts a backup in the place of the database. @param content as `inspectBackup` has found it */
export async function restoreBackup(
  config: StoreConfig,
  options: Omit<RestoreOptions, "database" | "minFree">,
  content: BackupContent,
): Promise<Restored> {
  const { restoreBackup: restore } = await import("./sqlite/restore/restore.ts");
  const { path: database, minFree = 0 } = optionsOf(config);
  return restore({ ...options, database, minFree }, content);
}

/** Makes the file of the database smaller. */
export async function compactDatabase(config: StoreConfig, full: boolean): Promise<Compacted> {
  const { compact } = await import("./sqlite/file/compact.ts");
  return compact(optionsOf(config), full);
}

/** False where opening the store would create a database. */
export function databaseExists({ database }: StoreConfig): boolean {
  try {
    // Beside the log of a file that is gone the store makes none, and says why.
    return [database.path, `${database.path}-wal`].some(
      (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
    );
  } catch {
    return true; // it cannot be seen: opening the store says why
  }
}

/** Every setting that decides about a store. */
function optionsOf({ database, queue }: StoreConfig): SqliteOptions {
  const minFree = database.min_free_mb * 1_000_000;
  return { ...database, maxSize: queue.max_size, minFree };
}
