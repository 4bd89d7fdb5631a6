/** Stores on a PostgreSQL database of their own, with a clock that the test moves. */
import { PostgresStore } from "../../src/postgres/store.ts";
import type { PostgresOptions } from "../../src/postgres/database.ts";
import { TestClock } from "./clock.ts";
import { makeFolder } from "./folder.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

/** The server of this process's tests, with a database that has the schema. */
let server: Promise<PostgresServer> | null = null;
let databases = 0;

const TEMPLATE = "tq_template";

async function startWithTemplate(): Promise<PostgresServer> {
  const started = await startPostgres(["autovacuum=off", "synchronous_commit=off"]);
  await admin(started, `CREATE DATABASE ${TEMPLATE}`);
  const first = new PostgresStore({ url: started.url(TEMPLATE), folder: "/" });
  await first.ready();
  await first.close();
  return started;
}

/** One connection, so that no two copies of the template are made at once. */
let administrator: Bun.SQL | null = null;

async function admin({ url }: PostgresServer, statement: string): Promise<readonly unknown[]> {
  administrator ??= new Bun.SQL(url("postgres"), { max: 1 });
  return (await administrator.unsafe(statement)) as unknown[];
}

export interface TestDatabase extends AsyncDisposable {
  readonly url: string;
  /** How PostgreSQL's own clients find it. */
  readonly environment: Readonly<Record<string, string>>;
  /** How many transactions have written anything on the server. */
  written(): Promise<number>;
  /** Runs a statement of the test's own. */
  run(statement: string): Promise<readonly Record<string, unknown>[]>;
}

/** Makes a database that has the schema. */
export async function makePostgresDatabase(): Promise<TestDatabase> {
  const on = await (server ??= startWithTemplate());
  databases += 1;
  const name = `tq_${databases}`;
  await admin(on, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  let own: Bun.SQL | null = null;
  return {
    url: on.url(name),
    environment: { ...on.environment, PGDATABASE: name },
    async written() {
      const [row] = await admin(on, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next");
      return Number((row as { next: string }).next);
    },
    async run(statement) {
      own ??= new Bun.SQL(on.url(name), { max: 1, connection: { search_path: "public" } });
      return (await own.unsafe(statement)) as Record<string, unknown>[];
    },
    async [Symbol.asyncDispose]() {
      await own?.close({ timeout: 0 });
      await admin(on, `DROP DATABASE ${name} WITH (FORCE)`);
    },
  };
}

/** A store whose workers can die. */
export class MortalStore extends PostgresStore {
  /** Frees the lock of the worker, as the server does once the process is gone. */
  async killed(worker: string): Promise<void> {
    await this.life.release(worker);
  }
}

export interface TestPostgres extends AsyncDisposable {
  readonly database: TestDatabase;
  readonly store: MortalStore;
  readonly clock: TestClock;
  /** Opens another store on the same database, as another process would; it is closed with the first. */
  open(options?: Partial<PostgresOptions>): MortalStore;
}

/** @example await using test = await makePostgres(); */
export async function makePostgres(options: Partial<PostgresOptions> = {}): Promise<TestPostgres> {
  const folder = makeFolder();
  const database = await makePostgresDatabase();
  const clock = new TestClock();
  const stores: MortalStore[] = [];
  const open = (more: Partial<PostgresOptions> = {}) => {
    const { url } = database;
    const application = "tq test"; // of one process: no rescue ends the connections of another store
    const all = { url, folder: folder.path, clock, application, ...options, ...more };
    const store = new MortalStore(all);
    stores.push(store);
    return store;
  };
  return {
    database,
    store: open(),
    clock,
    open,
    async [Symbol.asyncDispose]() {
      for (const store of stores) await store.close();
      await database[Symbol.asyncDispose]();
      folder[Symbol.dispose]();
    },
  };
}
