/** The one place that names a database: everything else opens its store here. */
import { existsSync } from "node:fs";
import type { Config } from "./settings/config.ts";
import type { SqliteOptions } from "./sqlite/database.ts";
import { SqliteStore } from "./sqlite/store.ts";
import { SqliteThreadStore, SqliteWorkerStore } from "./sqlite/worker-store.ts";
import type { Store } from "./store/store.ts";
import type { ThreadStore, ThreadStoreOptions, WorkerStore } from "./store/worker-store.ts";

export { SCHEMA_VERSION } from "./sqlite/migrate.ts";

type StoreConfig = Pick<Config, "database" | "queue">;

/** For a program. @throws TqError when the database cannot be used. */
export function openStore(config: StoreConfig): Store {
  return new SqliteStore(optionsOf(config));
}

/** For the main thread of a worker; its threads get parts of it. */
export function openWorkerStore(config: StoreConfig, threads: number): WorkerStore {
  return new SqliteWorkerStore(optionsOf(config), threads);
}

/** For a thread, with the part that its main thread has lent it. */
export function openThreadStore(config: StoreConfig, options: ThreadStoreOptions): ThreadStore {
  return new SqliteThreadStore(optionsOf(config), options);
}

/** False where there is no database yet: opening it would make one. */
export function databaseExists({ database }: StoreConfig): boolean {
  return existsSync(database.path);
}

/** Every setting that a store obeys. */
function optionsOf({ database, queue }: StoreConfig): SqliteOptions {
  const minFree = database.min_free_mb * 1_000_000;
  return { ...database, maxSize: queue.max_size, minFree };
}
