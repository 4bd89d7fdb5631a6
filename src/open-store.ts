/** Opens stores. This file alone names a database. */
import { statSync } from "node:fs";
import { dirname } from "node:path";
import type { Clock } from "./clock.ts";
import { TqError } from "./errors.ts";
import type { Moved, MoveSource, MoveTarget } from "./store/moving.ts";
import { databaseName, databaseUrlFault, isDatabaseUrl } from "./values/database-url.ts";
import type { PostgresOptions } from "./postgres/options.ts";
import type * as Postgres from "./postgres/store.ts";
import type * as PostgresWorker from "./postgres/worker-store.ts";
import type { Config } from "./settings/config.ts";
import type { SqliteOptions } from "./sqlite/database.ts";
import { SqliteStore } from "./sqlite/store.ts";
import { SqliteThreadStore, SqliteWorkerStore } from "./sqlite/worker-store.ts";
import type { Peeked } from "./store/peeked.ts";
import type { BackupContent, Restored, RestoreOptions } from "./store/restore.ts";
import type { Compacted, Store } from "./store/store.ts";
import type { TrialStore } from "./store/trial.ts";
import type { ThreadStore, ThreadStoreOptions, WorkerStore } from "./store/worker-store.ts";

export { POSTGRES_SCHEMA_VERSION } from "./postgres/schema-version.ts";
export { SCHEMA_VERSION } from "./sqlite/migrate.ts";
export { replaceFileFunctions } from "./sqlite/protection/protect.ts";

/** As in PostgresOptions. */
export type Migrated = NonNullable<PostgresOptions["migrated"]>;
type StoreConfig = Pick<Config, "database" | "queue" | "worker">;

/**
 * Opens the store of a program.
 *
 * @throws TqError when the database cannot be used
 */
export function openStore(config: StoreConfig, migrated?: Migrated): Store {
  return open(config, migrated && { migrated });
}

/** Opens the store of a server: few statements at a time, between which it shall take little memory. */
export function openServerStore(config: StoreConfig, migrated?: Migrated): Store {
  return open(config, migrated && { migrated }, { cacheKib: 2_000 });
}

/** Opens a store whose times come from this clock. */
export function openStoreWithClock(config: StoreConfig, clock: Clock): Store {
  return open(config, { clock });
}

/** Opens the store of a program that writes nothing; its user may have no right to write the database. */
export function openStoreToLook(config: StoreConfig): Store {
  return open(config, { onlyLooks: true, needsTables: true });
}

/** Opens the store of a program that changes what is there, and makes no queue. */
export function openExistingStore(config: StoreConfig): Store {
  return open(config, { needsTables: true });
}

/** @param forFile matters where the database is a file alone. */
function open(
  config: StoreConfig,
  options: Pick<
    SqliteOptions & PostgresOptions,
    "clock" | "onlyLooks" | "needsTables" | "migrated"
  > = {},
  forFile: Pick<SqliteOptions, "cacheKib"> = {},
): Store {
  const server = serverOf(config);
  if (server) return new (postgres().PostgresStore)({ ...server, ...options });
  return new SqliteStore({ ...optionsOf(config), ...options, ...forFile });
}

/** Opens a store that commits nothing, on a database that is there. Other programs start without it. */
export async function openTrialStore(config: StoreConfig): Promise<TrialStore> {
  refuseServer(config, "try a task", "try it on a database that is a file");
  const { SqliteTrialStore } = await import("./sqlite/trial-store.ts");
  return new SqliteTrialStore({ ...optionsOf(config), needsTables: true });
}

/** Opens the store of a worker's main thread, which lends its threads parts of it. */
export function openWorkerStore(
  config: StoreConfig,
  threads: number,
  migrated: Migrated = () => {},
): WorkerStore {
  const server = serverOf(config);
  if (server) return new (postgresWorker().PostgresWorkerStore)({ ...server, migrated });
  return new SqliteWorkerStore(optionsOf(config), threads);
}

/** Opens the store of a thread, with the parts that its main thread lends it. */
export function openThreadStore(config: StoreConfig, options: ThreadStoreOptions): ThreadStore {
  const server = serverOf(config);
  if (server) return new (postgresWorker().PostgresThreadStore)(server, options);
  return new SqliteThreadStore(optionsOf(config), options);
}

/** Looks into the database without bringing it to this version's schema; null: there is none. */
export async function peekAt({ database }: Pick<StoreConfig, "database">): Promise<Peeked | null> {
  const { url, timeout } = database;
  if (url !== null) {
    const { peek: peekServer } = await import("./postgres/peek.ts");
    return peekServer(url, timeout);
  }
  const { peek } = await import("./sqlite/peek.ts"); // for one command alone
  return peek(database.path);
}

/**
 * Backs the database up as the settings say, with a connection alone: it disturbs no store of this process.
 *
 * @throws TqError "invalid" where they name no folder
 */
export async function backUpDatabase(config: StoreConfig & Pick<Config, "backup">) {
  refuseServer(config, "back up", BACK_UP_SERVER);
  const { backUpFile } = await import("./sqlite/file/backup-folder.ts");
  const { path, minFree = 0 } = optionsOf(config);
  const { folder, keep } = config.backup;
  if (folder === null) throw new TqError("invalid", "Cannot back up: [backup] folder is not set");
  return backUpFile({ database: path, minFree, path: folder, keep });
}

/** Reads a backup to its end. @throws TqError where it cannot be used, or a worker of the database lives */
export async function inspectBackup(config: StoreConfig, file: string): Promise<BackupContent> {
  refuseServer(config, "restore", RESTORE_SERVER);
  const { inspectBackup: inspect } = await import("./sqlite/restore/restore.ts");
  return inspect(config.database.path, file);
}

/** Puts a backup in the place of the database. @param content as `inspectBackup` has found it */
export async function restoreBackup(
  config: StoreConfig,
  options: Omit<RestoreOptions, "database" | "minFree">,
  content: BackupContent,
): Promise<Restored> {
  refuseServer(config, "restore", RESTORE_SERVER);
  const { restoreBackup: restore } = await import("./sqlite/restore/restore.ts");
  const { path: database, minFree = 0 } = optionsOf(config);
  return restore({ ...options, database, minFree }, content);
}

/** Makes the file of the database smaller. */
export async function compactDatabase(config: StoreConfig, full: boolean): Promise<Compacted> {
  refuseServer(config, "compact", "use VACUUM FULL, or pg_repack, at a quiet time");
  const { compact } = await import("./sqlite/file/compact.ts");
  return compact(optionsOf(config), full);
}

/**
 * The SQL that makes what tq needs in a PostgreSQL database, and the roles that may use it: what one lacks that has a schema,
 * and the rights; all where no database is named.
 *
 * @throws TqError where the database cannot be looked at, is that of a newer tq, or its queue has moved
 */
export async function serverSetup({
  database: { url, timeout },
}: Pick<StoreConfig, "database">): Promise<string> {
  const { sqlFor } = await import("./postgres/setup.ts");
  return sqlFor(url, timeout);
}

/**
 * Brings the schema of a PostgreSQL database to this version.
 *
 * @returns how the database is named, and the version that its schema had: 0 where there was none, null where it was this one
 * @throws TqError "invalid" for a file: the first program that opens it does so
 */
export async function migrateServer(
  config: StoreConfig,
): Promise<{ readonly name: string; readonly from: number | null }> {
  const { path, url } = config.database;
  if (url === null) {
    const why = "a file is brought to this version by the first program that opens it";
    const advice = "tq migrate --to moves its queue into another database";
    throw new TqError("invalid", `Cannot migrate ${path}: ${why}; ${advice}`);
  }
  let from: number | null = null;
  const store = openStore(config, (version) => (from = version));
  try {
    await store.version(); // the first connection brings it there
    return { name: store.name, from };
  } finally {
    await store.close();
  }
}

/**
 * Moves the queue, with the tables of its models, into another database; the one that it leaves is refused from then on.
 *
 * @param to the URL of a PostgreSQL database without a queue, or the path of a file that is not there
 * @param leave tables that stay where they are
 * @throws TqError "conflict" while a worker lives, or where the other database is in use
 */
export async function moveDatabase(
  config: StoreConfig,
  to: string,
  leave: readonly string[],
): Promise<Moved> {
  const { moveQueue } = await import("./store/moving.ts");
  await using source = await openSource(config);
  await using target = await openTarget(config, to, source);
  return await moveQueue(source, target, leave); // before both ends are closed
}

/** Copies the queue, with the tables of its models, into a file that is not there, while nobody uses it. */
export async function copyDatabase(config: StoreConfig, file: string): Promise<void> {
  const { moveQueue } = await import("./store/moving.ts");
  await using source = await openSource(config);
  await using target = await openTarget(config, file, source);
  await moveQueue(source, target, [], true);
}

async function openSource(config: StoreConfig): Promise<MoveSource> {
  const server = serverOf(config);
  if (server === null) {
    const { SqliteMoveSource } = await import("./sqlite/moving/source.ts");
    return SqliteMoveSource.open(optionsOf(config), config.worker.max_crashes);
  }
  const { PostgresMoveSource } = await import("./postgres/moving/source.ts");
  return PostgresMoveSource.open(server, config.worker.max_crashes);
}

async function openTarget(
  { database, queue, worker }: StoreConfig,
  to: string,
  source: MoveSource,
): Promise<MoveTarget> {
  if (!isDatabaseUrl(to)) {
    const { SqliteMoveTarget } = await import("./sqlite/moving/target.ts");
    return SqliteMoveTarget.open(to, database.url === null ? database.path : null);
  }
  const fault = databaseUrlFault(to);
  if (fault !== null) throw new TqError("invalid", `Cannot move the queue there: ${fault}`);
  const { PostgresMoveTarget } = await import("./postgres/moving/target.ts");
  const server = serverOf({ database: { ...database, url: to }, queue, worker });
  if (server === null) throw new TqError("invalid", "Cannot move: no database is named");
  return PostgresMoveTarget.open(server, source);
}

/** False where opening the store would create a database. A server tells it at the first statement. */
export function databaseExists({ database }: StoreConfig): boolean {
  if (database.url !== null) return true;
  try {
    // Beside the log of a file that is gone the store makes none, and says why.
    return [database.path, `${database.path}-wal`].some(
      (path) => statSync(path, { throwIfNoEntry: false }) !== undefined,
    );
  } catch {
    return true; // it cannot be seen: opening the store says why
  }
}

/** Loaded where a URL is set, and at once, as a store is opened without a wait. */
function postgres(): typeof Postgres {
  // oxlint-disable-next-line typescript/no-require-imports
  return require("./postgres/store.ts") as typeof Postgres;
}

/** As `postgres`. */
function postgresWorker(): typeof PostgresWorker {
  // oxlint-disable-next-line typescript/no-require-imports
  return require("./postgres/worker-store.ts") as typeof PostgresWorker;
}

/** The options of a store on PostgreSQL; null: the database is a file. */
function serverOf({ database, queue, worker }: StoreConfig): PostgresOptions | null {
  const { url, path, timeout, connections } = database;
  if (url === null) return null;
  const limits = { timeout, connections, lockTimeout: worker.lock_timeout };
  return { url, folder: dirname(path), ...limits, maxSize: queue.max_size };
}

const BACK_UP_SERVER = "use pg_dump, or the backups of the server";
const RESTORE_SERVER = "use pg_restore, or the backups of the server";

/** @throws TqError "invalid" where the database is PostgreSQL's. */
function refuseServer({ database }: StoreConfig, doing: string, instead: string): void {
  if (database.url === null) return;
  const name = databaseName(database.url);
  throw new TqError(
    "invalid",
    `Cannot ${doing} on ${name}: the database is PostgreSQL's; ${instead}`,
  );
}

/** Every setting that decides about a store. */
function optionsOf({ database, queue }: StoreConfig): SqliteOptions {
  const minFree = database.min_free_mb * 1_000_000;
  return { ...database, maxSize: queue.max_size, minFree };
}
