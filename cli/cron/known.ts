/** The recurring tasks that this folder knows: those in the database, and those of tq.toml that no worker has taken up. */
import { DATABASE_ORIGIN } from "../../src/cron/ledger.ts";
import type { CronRow } from "../../src/cron/ledger.ts";
import type { Config } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { noSuch } from "../../src/tasks/cron/control.ts";

/** Those of tq.toml that are not in the database. */
export function newOnes(config: Config, rows: readonly CronRow[]): CronRow[] {
  return config.cron
    .filter(({ name }) => !rows.some((row) => row.name === name))
    .map(({ name, definition }) => ({
      name,
      definition,
      origin: config.file ?? DATABASE_ORIGIN,
      override: {},
      decidedUntil: 0,
      removedAt: null,
      waiting: null,
    }));
}

/** Puts one that tq.toml has into the database, as a worker does at its start. @throws TqError "not_found" */
export async function takeUp(store: Store, config: Config, name: string): Promise<void> {
  const rows = await store.cron.rows();
  if (rows.some((row) => row.name === name)) return;
  const all = newOnes(config, rows);
  const found = all.find((one) => one.name === name);
  if (found === undefined) {
    throw noSuch(
      name,
      [...rows, ...all].map((one) => one.name),
    );
  }
  await store.cron.add(found.origin, { name, definition: found.definition });
}
