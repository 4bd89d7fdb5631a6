/** A database on PostgreSQL beside a folder with models, and the real command on both. */
import { eventually } from "../integration/support/eventually.ts";
import { MODELS } from "../integration/support/models.ts";
import type { Ended, Running } from "../integration/support/running.ts";
import { Site } from "../integration/support/site.ts";
import { makePostgresDatabase, type TestDatabase } from "../support/postgres.ts";

export class Shop implements AsyncDisposable {
  readonly site = new Site();
  readonly database: TestDatabase;

  constructor(database: TestDatabase) {
    this.database = database;
    this.site.write("models.ts", MODELS);
  }

  get options() {
    return { env: { TQ_DATABASE: this.database.url } };
  }

  worker(threads = 1): Promise<Running> {
    return this.site.worker(["-n", String(threads)], this.options);
  }

  /** Runs a command that may fail. @param env more variables */
  async tried(args: readonly string[], env: Record<string, string> = {}): Promise<Ended> {
    return this.site.start(args, { env: { ...this.options.env, ...env } }).ended();
  }

  async run(...args: string[]): Promise<string> {
    const { code, stdout, stderr } = await this.tried(args);
    if (code !== 0) throw new Error(`tq ${args.join(" ")} ended with ${code}: ${stderr}`);
    return stdout.trim();
  }

  async push(method: string, key: number): Promise<number> {
    return Number(await this.run("push", "job", method, String(key)));
  }

  async one<T>(sql: string): Promise<T | undefined> {
    const [row] = await this.database.run(sql);
    return row as T | undefined;
  }

  async becomes(id: number, state: string): Promise<void> {
    await eventually(`task ${id} becomes ${state}`, async () => {
      const row = await this.one<{ state: string }>(`SELECT state FROM tq.task WHERE id = ${id}`);
      return row?.state === state;
    });
  }

  async effectsOf(key: number): Promise<number | undefined> {
    const row = await this.one<{ times: number }>(
      `SELECT count(*)::int AS times FROM effect WHERE key = ${key}`,
    );
    return row?.times;
  }

  /** The pids of the server's processes that serve this worker. */
  async backends({ pid }: Running): Promise<number[]> {
    const rows = await this.database.run(
      `SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'tq ${pid} %'`,
    );
    return rows.map((row) => Number(row["pid"]));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.site[Symbol.asyncDispose]();
    await this.database[Symbol.asyncDispose]();
  }
}

export async function makeShop(): Promise<Shop> {
  return new Shop(await makePostgresDatabase());
}
