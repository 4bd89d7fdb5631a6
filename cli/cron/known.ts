/** The recurring tasks that this folder knows: those in the database, and those of tq.toml that no worker has taken up. */
import { saidBySource } from "../../src/cron/in-force.ts";
import { type CronRow, DATABASE_ORIGIN, kindOf } from "../../src/cron/ledger.ts";
import { isOwn } from "../../src/cron/own.ts";
import { databaseExists } from "../../src/open-store.ts";
import type { Config } from "../../src/settings/config.ts";
import type { Store } from "../../src/store/store.ts";
import { noSuch } from "../../src/tasks/cron/control.ts";
import { withExisting, withStore } from "../command/program.ts";

/** Those of tq.toml that are not in the database. Where it leaves the rest to a model, a worker knows more. */
export function newOnes(config: Config, rows: readonly CronRow[]): CronRow[] {
  const origin = config.file ?? DATABASE_ORIGIN;
  return config.cron
    .filter(({ name }) => !rows.some((row) => row.name === name) && !isOwn(name))
    .map(({ name, definition }) => ({
      name,
      definition,
      origin,
      kind: kindOf({ origin }),
      held: false,
      isUnknown: false,
      others: [],
      override: {},
      decidedUntil: 0,
      former: [],
      zone: null,
      removedAt: null,
      waiting: null,
      waitingCount: 0,
    }))
    .filter(isWhole);
}

function isWhole(row: CronRow): boolean {
  const said = saidBySource(row);
  return "schedule" in said && "task" in said;
}

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
