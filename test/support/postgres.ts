/** Stores on a PostgreSQL database of their own, with a clock that the test moves. */
import { PostgresStore } from "../../src/postgres/store.ts";
import type { PostgresOptions } from "../../src/postgres/options.ts";
import { TestClock } from "./clock.ts";
import { makeFolder } from "./folder.ts";
import { type PostgresServer, startPostgres } from "./postgres-server.ts";

/** The server of this process's tests, with a database that has the schema. */
let server: Promise<PostgresServer> | null = null;
let databases = 0;

const TEMPLATE = "tq_template";

async function startWithTemplate(): Promise<PostgresServer> {
  const started = await startPostgres([
    "autovacuum=off",
    "synchronous_commit=off",
    "deadlock_timeout=20ms",
  ]);
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

/** A database, and the connection with which tests look into it. */
interface Made {
  readonly name: string;
  readonly own: Bun.SQL;
}

/** Databases that tests have left: to empty one takes some ms, to make one ten times as long. */
const left: Made[] = [];

/** Leaves the schema as it is made: only models' tables, rows and the numbers of ids are of a test. */
const EMPTY = `
DO $$ DECLARE name text; BEGIN
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'tq' AND tablename NOT IN ('schema', 'total', 'share')
  LOOP EXECUTE 'DELETE FROM tq.' || name; END LOOP;
  UPDATE tq.schema SET moved_to = NULL;
  DROP TRIGGER IF EXISTS moved_away ON tq.task;
  UPDATE tq.total SET total = 0;
  UPDATE tq.share SET share = random();
  PERFORM setval(('tq.' || quote_ident(sequencename))::regclass, 1, false) FROM pg_sequences WHERE schemaname = 'tq' AND last_value IS NOT NULL;
  FOR name IN SELECT quote_ident(tablename) FROM pg_tables WHERE schemaname = 'public'
  LOOP EXECUTE 'DROP TABLE public.' || name || ' CASCADE'; END LOOP;
END $$`;

/** What a killed connection leaves behind ends with it a moment later; the server's own wait looks every 100 ms. */
const END_OTHERS = `
DO $$ BEGIN
  LOOP
    PERFORM pg_terminate_backend(pid) FROM pg_stat_activity
      WHERE datname = current_database() AND pid <> pg_backend_pid() AND backend_type = 'client backend';
    EXIT WHEN NOT FOUND;
    PERFORM pg_sleep(0.002);
    PERFORM pg_stat_clear_snapshot();
  END LOOP;
END $$`;

/** Gives a test a database that has the schema, and nothing else. */
export async function makePostgresDatabase(): Promise<TestDatabase> {
  const on = await (server ??= startWithTemplate());
  return asTestDatabase(on, left.pop() ?? (await makeDatabase(on)));
}

/** Starts the server and makes databases, for tests that cannot wait for one. */
export async function preparePostgres(count: number): Promise<() => TestDatabase> {
  const on = await (server ??= startWithTemplate());
  for (let made = 0; made < count; made++) left.push(await makeDatabase(on));
  return () => {
    const made = left.pop();
    if (!made) throw new Error(`All ${count} databases of this process are in use`);
    return asTestDatabase(on, made);
  };
}

function asTestDatabase(on: PostgresServer, made: Made): TestDatabase {
  const { name, own } = made;
  return {
    url: on.url(name),
    environment: { ...on.environment, PGDATABASE: name },
    async written() {
      const [row] = await admin(on, "SELECT pg_snapshot_xmax(pg_current_snapshot())::text AS next");
      return Number((row as { next: string }).next);
    },
    async run(statement) {
      return (await own.unsafe(statement)) as Record<string, unknown>[];
    },
    async [Symbol.asyncDispose]() {
      await own.unsafe(END_OTHERS);
      await own.unsafe(EMPTY);
      left.push(made);
    },
  };
}

async function makeDatabase(on: PostgresServer): Promise<Made> {
  databases += 1;
  const name = `tq_${databases}`;
  await admin(on, `CREATE DATABASE ${name} TEMPLATE ${TEMPLATE}`);
  const options = { max: 1, connection: { search_path: "public" } };
  return { name, own: new Bun.SQL(on.url(name), options) };
}

/** A store whose workers can die. */
class MortalStore extends PostgresStore {
  /** Frees the lock of the worker, as the server does once the process is gone. */
  async killed(worker: string): Promise<void> {
    await this.life.release(worker);
  }

  /** Its commits wake nobody: each NOTIFY has a transaction of its own, and tests count those that write. */
  silence(): this {
    return this.onCommit(() => {});
  }

  /** Its commits call this, and wake nobody. */
  onCommit(told: () => void): this {
    this.notifier.committed = told;
    this.notifier.committing = () => false;
    return this;
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
