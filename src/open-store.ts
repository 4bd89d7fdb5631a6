/** The one place that names a database: everything else opens its store here. */
import type { Config } from "./settings/config.ts";
import { type SqliteOptions, SqliteStore } from "./sqlite/store.ts";
import type { Store } from "./store/store.ts";

type StoreConfig = Pick<Config, "database" | "queue">;

/** Opens the database that the settings name, with every setting that a store obeys. */
export function openStore(
  { database, queue }: StoreConfig,
  how: Pick<SqliteOptions, "turn" | "blocking" | "log"> = {},
): Store {
  const minFree = database.min_free_mb * 1_000_000;
  return new SqliteStore({ ...database, ...how, maxSize: queue.max_size, minFree });
}
