/** A PostgreSQL server under torture: an empty database of it, whose connections are cut. */
import { TqError } from "../../src/errors.ts";
import { insist } from "./insist.ts";
import { copyDatabase, openStore } from "../../src/open-store.ts";
import type { Config } from "../../src/settings/config.ts";
import { Transaction } from "../../src/transaction/transaction.ts";

const TABLES = ["torture_account", "torture_ledger", "torture_order"];

/** All other views go with the tables that they show. */
const CLEAR = [
  ...TABLES.map((name) => `DROP TABLE IF EXISTS ${name}`),
  "DROP VIEW tq_push",
  "DROP SCHEMA tq CASCADE",
];

export class Server {
  readonly #config: Config;

  /** @param config of the folder of the torture, after its runtime was entered */
  constructor(config: Config) {
    this.#config = config;
  }

  /**
   * Cuts a connection of a process, as a firewall or an administrator does.
   *
   * @param which of them; taken modulo their number
   * @returns false where it has none
   */
  async cut(pid: number, which: number): Promise<boolean> {
    const cutting = () =>
      Transaction.start({}, async () => {
        const found = await Transaction.current.sql<{ pid: number }>`
        SELECT pid FROM pg_stat_activity
         WHERE datname = current_database() AND application_name LIKE ${`tq ${pid} %`} ORDER BY pid`;
        const backend = found[which % Math.max(found.length, 1)];
        if (!backend) return false;
        await Transaction.current.sql`SELECT pg_terminate_backend(${backend.pid}::integer)`;
        return true;
      });
    return (await insist(cutting)) ?? true;
  }

  /** Copies all that there is into a file: its checks are those of a torture of a file. */
  async copyTo(path: string): Promise<void> {
    await copyDatabase(this.#config, path);
  }

  /** Leaves the database as empty as it was. */
  async clear(): Promise<void> {
    await Transaction.start({}, async () => {
      for (const statement of CLEAR) await Transaction.current.sql.unsafe(statement);
    });
  }
}

/** @throws TqError "conflict" for a database that somebody uses */
export async function refuseUsed(config: Config): Promise<void> {
  const store = openStore(config);
  try {
    const [tasks, workers] = [await store.list({ limit: 1 }), await store.workers()];
    const recurring = await store.cron.rows();
    if (tasks.length + workers.length + recurring.length === 0) return;
    const what = workers.length > 0 ? "workers use it" : "there is a queue in it";
    throw new TqError(
      "conflict",
      `Cannot torture ${store.name}: ${what}; name an empty database, which nobody needs`,
    );
  } finally {
    await store.close();
  }
}
