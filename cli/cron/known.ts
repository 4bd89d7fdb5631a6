/** The database for a change of a recurring task. */
import { databaseExists } from "../../src/open-store.ts";
import type { Config } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { takeUp } from "../../src/tasks/cron/known.ts";
import { withExisting, withStore } from "../command/program.ts";

/** Opens the database for a change of one. A database is made where tq.toml has it. */
export async function withKnown<T>(
  config: Config,
  name: string,
  fn: (store: Store) => Promise<T>,
): Promise<T> {
  const isOfFile = config.cron.some((one) => one.name === name);
  const open = databaseExists(config) || !isOfFile ? withExisting : withStore;
  return open(config, async (store) => {
    await takeUp(store, config, name);
    return fn(store);
  });
}
