/** Opens the store at a place, which is the path of a file or the URL of a PostgreSQL database, as a program does. */
import type { Clock } from "../../src/clock.ts";
import { openStore, openStoreWithClock } from "../../src/open-store.ts";
import { type Config, parseSettings } from "../../src/settings/config.ts";
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
export function openPlace(place: string, options: OpenOptions = {}, folder?: string): Store {
  const config = configOf(place, options, folder);
  const { clock } = options;
  return clock === undefined ? openStore(config) : openStoreWithClock(config, clock);
}

/** @param folder as for `openPlace` */
export function configOf(
  place: string,
  { durability = "full", database = {}, queue = {} }: OpenOptions = {},
  folder?: string,
): Config {
  const ofFile = isDatabaseUrl(place) ? {} : { durability };
  const settings = { database: { path: place, ...ofFile, ...database }, queue };
  return parseSettings(settings, "the test", folder);
}
