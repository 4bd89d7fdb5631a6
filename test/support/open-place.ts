/** Opens the store at a place, which is the path of a file or the URL of a PostgreSQL database, as a program does. */
import type { Clock } from "../../src/clock.ts";
import { openStore, openStoreWithClock } from "../../src/open-store.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { isDatabaseUrl } from "../../src/values/database-url.ts";

export interface OpenOptions {
  /** Default: the clock of the database. */
  readonly clock?: Clock;
  /** Of a file: a server decides it for itself. */
  readonly durability?: "full" | "normal";
  /** As in tq.toml. */
  readonly database?: Readonly<Record<string, unknown>>;
  readonly queue?: Readonly<Record<string, unknown>>;
}

/** @param folder for files that belong to a database on a server */
export function openPlace(
  place: string,
  { clock, durability = "full", database = {}, queue = {} }: OpenOptions = {},
  folder?: string,
): Store {
  const ofFile = isDatabaseUrl(place) ? {} : { durability };
  const settings = { database: { path: place, ...ofFile, ...database }, queue };
  const config = parseSettings(settings, "the test", folder);
  return clock === undefined ? openStore(config) : openStoreWithClock(config, clock);
}
