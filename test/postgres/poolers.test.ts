/** Poolers between a program and PostgreSQL: in session mode all goes on; in transaction mode workers are refused. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, writeFileSync } from "node:fs";
import { PostgresStore } from "../../src/postgres/store.ts";
import { PostgresWorkerStore } from "../../src/postgres/worker-store.ts";
import { errorOf, sentenceOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { makePostgresDatabase, type TestDatabase } from "../support/postgres.ts";
import { newTask, withSession } from "../support/store.ts";
import { until } from "../support/until.ts";

setDefaultTimeout(30_000);

/** What a pooler must know to let the settings of a connection pass unheard. */
const SETTINGS =
  "lock_timeout,idle_in_transaction_session_timeout,tcp_keepalives_idle,tcp_keepalives_interval,tcp_keepalives_count,client_connection_check_interval,default_transaction_isolation,jit,array_nulls,bytea_output,extra_float_digits,intervalstyle,quote_all_identifiers,transform_null_equals";

class Pooled implements AsyncDisposable {
  readonly database: TestDatabase;
  readonly #folder = makeFolder();
  readonly #pooler: Bun.Subprocess;

  constructor(database: TestDatabase, mode: "session" | "transaction", ignored: string) {
    this.database = database;
    const { PGHOST, PGPORT = "5432", PGUSER = "tq", PGDATABASE } = database.environment;
    const file = this.#folder.file("pgbouncer.ini");
    writeFileSync(
      file,
      `[databases]
shop = host=${PGHOST} port=${PGPORT} user=${PGUSER} dbname=${PGDATABASE}
[pgbouncer]
listen_addr =
unix_socket_dir = ${this.#folder.path}
listen_port = 6432
auth_type = any
pool_mode = ${mode}
ignore_startup_parameters = ${ignored}
`,
    );
    chmodSync(this.#folder.path, 0o777);
    chmodSync(file, 0o644);
    const user = process.getuid?.() === 0 ? ["-u", "postgres"] : [];
    const options = { stdout: "ignore", stderr: "ignore" } as const;
    this.#pooler = Bun.spawn(["pgbouncer", ...user, file], options);
  }

  url(more = ""): string {
    return `postgresql://tq@/shop?host=${this.#folder.path}&port=6432${more}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#pooler.kill("SIGKILL");
    await this.#pooler.exited;
    await this.database[Symbol.asyncDispose]();
    this.#folder[Symbol.dispose]();
  }
}

/** A database behind a pooler that takes connections. */
async function pooled(mode: "session" | "transaction", ignored = "extra_float_digits") {
  const made = new Pooled(await makePostgresDatabase(), mode, ignored);
  await until(async () => {
    const sql = new Bun.SQL(made.url("&prepare=false"), { max: 1 });
    try {
      await sql.unsafe("SELECT 1").simple();
    } finally {
      await sql.close({ timeout: 0 });
    }
  });
  return made;
}

async function signOn(url: string): Promise<void> {
  const store = new PostgresWorkerStore({ url, folder: "/" });
  try {
    await store.register({ id: "worker-1", pid: process.pid, threads: 1, queues: [] });
    await store.push([newTask()]);
    await store.unregister("worker-1");
  } finally {
    await store.close();
  }
}

needs("postgres", "pgbouncer").describe("behind a pooler", () => {
  test("in session mode a worker signs on, whatever the pooler makes of its settings", async () => {
    for (const ignored of ["extra_float_digits", SETTINGS]) {
      await using made = await pooled("session", ignored);
      await signOn(made.url());
    }
  });

  test("in transaction mode a worker is refused, and leaves no row", async () => {
    await using made = await pooled("transaction");
    expect(await sentenceOf(() => signOn(made.url("&prepare=false")))).toEndWith(
      "a pooler in transaction mode is between, and proof of life does not pass it; connect to the server itself, or use pool_mode = session",
    );
    expect(await made.database.run("SELECT id FROM tq.worker")).toHaveLength(0);
  });

  test("in transaction mode a program pushes that prepares no statements", async () => {
    await using made = await pooled("transaction", SETTINGS);
    const store = new PostgresStore({ url: made.url("&prepare=false"), folder: "/" });
    expect(await Promise.all([1, 2, 3].map(() => store.push([newTask()])))).toHaveLength(3);
    await store.close();
    expect(await made.database.run("SELECT id FROM tq.task")).toHaveLength(3);
  });

  test("in transaction mode one that prepares statements learns why it cannot", async () => {
    await using made = await pooled("transaction");
    const stores = [1, 2].map(() => new PostgresStore({ url: made.url(), folder: "/" }));
    const [one, other] = stores as [PostgresStore, PostgresStore];
    const error = await errorOf(async () => {
      await one.get(1);
      await other.get(1);
      await withSession(other, async (session) => {
        await session.push([newTask()]); // the server's connection is its own now
        await one.get(1);
      });
    });
    expect(error.message).toContain("add ?prepare=false to database.url");
    await Promise.all(stores.map((store) => store.close()));
  });
});
