/** Says in the log that opening a store has made a queue. */
import { statSync } from "node:fs";
import type { Report } from "./log/events.ts";
import { databaseExists, type Migrated } from "./open-store.ts";
import type { Config } from "./settings/config.ts";
import { databaseName } from "./values/database-url.ts";

type StoreConfig = Pick<Config, "database" | "queue" | "worker">;

/** Opens a store, and reports where that has made a new queue: the old one may be on a disk that is not mounted. */
export function openReporting<S>(
  config: StoreConfig,
  report: Report,
  opening: (migrated: Migrated) => S,
): S {
  const { path, url } = config.database;
  const found = fileToFill(config);
  const store = opening((from) => {
    if (from > 0 || url === null) return;
    report({ name: "store.made", database: databaseName(url), found: "no schema tq" });
  });
  if (found !== null) report({ name: "store.made", database: path, found });
  return store;
}

/** Tells where opening the store makes a queue, and from which file; null: it makes none. An emptied queue looks new. */
export function fileToFill(config: StoreConfig): "nothing" | "an empty file" | null {
  if (!databaseExists(config)) return "nothing";
  const { path, url } = config.database;
  try {
    const isEmpty = url === null && statSync(path, { throwIfNoEntry: false })?.size === 0;
    return isEmpty ? "an empty file" : null;
  } catch {
    return null; // it cannot be seen: opening the store says why
  }
}
