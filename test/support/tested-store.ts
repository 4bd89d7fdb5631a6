/**
 * The store that a test runs on: SQLite, or what TQ_TEST_STORE says. "postgres": a PostgreSQL database of its own.
 * "late": a store that answers late.
 */
import { describe, test } from "bun:test";
import { hostname } from "node:os";
import { join } from "node:path";
import { openThreadStore, openWorkerStore } from "../../src/open-store.ts";
import type { Owner } from "../../src/store/session.ts";
import type { LiveOutput } from "../../src/store/task-output.ts";
import type { Store } from "../../src/store/store.ts";
import { databaseName, isDatabaseUrl } from "../../src/values/database-url.ts";
import { connect } from "./connect.ts";
import { makeFolder } from "./folder.ts";
import { configOf, type OpenOptions, openPlace } from "./open-place.ts";
import { UNWATCHED } from "./store.ts";
import { programPath } from "./postgres-server.ts";
import { preparePostgres, type TestDatabase } from "./postgres.ts";

const TESTED = process.env["TQ_TEST_STORE"];

/** True where tests are run again on a store that answers late: see `test/store/late.test.ts`. */
export const IS_LATE = TESTED === "late";

/** True where they are run again on PostgreSQL: see `test/postgres/again.test.ts`. */
export const IS_POSTGRES = TESTED === "postgres";

/** Stands before the paths of files that say recurring tasks; null: the database is a file of one host. */
export const HOST = IS_POSTGRES ? hostname() : null;

/** Some tests have several databases at once. */
const databaseLeft = IS_POSTGRES ? await preparePostgres(6) : null;

/** For tests that say nothing of PostgreSQL. @param why ends the sentence "skipped as …" */
export function onSqlite(why: string) {
  const name = (words: string) => (IS_POSTGRES ? `${words} (skipped as ${why})` : words);
  return {
    test(words: string, run: () => void | Promise<unknown>, timeout?: number) {
      test.skipIf(IS_POSTGRES)(name(words), run, timeout);
    },
    describe(words: string, define: () => void) {
      describe.skipIf(IS_POSTGRES)(name(words), define);
    },
  };
}

/** In one statement. */
const ALL_ROWS = `
  SELECT tablename, query_to_xml(format('SELECT * FROM tq.%I', tablename), true, false, '')::text AS rows
    FROM pg_tables WHERE schemaname = 'tq' ORDER BY tablename`;

type Value = string | number | null;

/** The database of one test, made when it is first used; its stores are closed with it. */
export class TestedDatabase implements AsyncDisposable {
  readonly #folder: string;
  readonly #own: Disposable | null = null;
  readonly #stores: Store[] = [];
  #server: TestDatabase | null = null;

  /** @param folder of the file, or of what belongs to a database on a server; default: one of its own */
  constructor(folder?: string) {
    if (folder === undefined) {
      const own = makeFolder();
      this.#own = own;
      this.#folder = own.path;
    } else this.#folder = folder;
  }

  /** The path of the file, or the URL: what TQ_DATABASE and --database take. */
  get place(): string {
    return this.#onServer()?.url ?? join(this.#folder, "tq.db");
  }

  /** Its name for people. */
  get name(): string {
    const { place } = this;
    return isDatabaseUrl(place) ? databaseName(place) : place;
  }

  /** Opens a store on it, as another program would. */
  open(options?: OpenOptions): Store {
    const store = openPlace(this.place, options, this.#folder);
    this.#stores.push(store);
    return store;
  }

  /** Shows what the runs of a worker's thread say, as that thread does. */
  liveOutput(owner: Owner): LiveOutput {
    const config = configOf(this.place, {}, this.#folder);
    const worker = openWorkerStore(config, owner.thread + 1);
    const { part } = worker.lend(owner.thread);
    const thread = openThreadStore(config, { thread: owner.thread, part, locks: UNWATCHED });
    this.#stores.push(thread, worker);
    const output = thread.liveOutput(owner);
    if (output === null) throw new Error("The store shows no output of runs");
    return output;
  }

  /** What another program sees and does, at once. The statement is in SQLite's words. */
  sql<T = Record<string, unknown>>(text: string, ...parameters: Value[]): T[] {
    const server = this.#onServer();
    if (server !== null) return rowsOf<T>(server, text, parameters);
    using db = connect(this.place);
    return db.query(text).all(...parameters) as T[];
  }

  /** Pushes a task with an INSERT, as another program would. @returns its id */
  push(insert: string, ...parameters: Value[]): number {
    const server = this.#onServer();
    if (server !== null) return idOf(rowsOf(server, `${insert} RETURNING id`, parameters));
    using db = connect(this.place);
    return db.transaction(() => {
      db.query(insert).run(...parameters);
      return idOf(db.query("SELECT max(id) AS id FROM tq__task").all());
    })();
  }

  /** All rows of all tables, to compare them with those of another moment. */
  async rows(): Promise<string> {
    const server = this.#onServer();
    if (server !== null) return JSON.stringify(await server.run(ALL_ROWS));
    using db = connect(this.place);
    const tables = db.query("SELECT name FROM sqlite_schema WHERE type = 'table'").values();
    return JSON.stringify(tables.map(([name]) => db.query(`SELECT * FROM "${name}"`).values()));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const store of this.#stores) await store.close();
    await this.#server?.[Symbol.asyncDispose]();
    this.#own?.[Symbol.dispose]();
  }

  #onServer(): TestDatabase | null {
    if (databaseLeft !== null) this.#server ??= databaseLeft();
    return this.#server;
  }
}

function idOf(rows: unknown[]): number {
  return (rows as { id: number }[])[0]?.id ?? 0;
}

/** Runs a statement for SQLite on PostgreSQL, at once: a test that looks or writes beside its program does not wait. */
function rowsOf<T>({ environment }: TestDatabase, text: string, parameters: readonly Value[]): T[] {
  const values = parameters.values();
  const sql = text
    .replaceAll("tq__", "tq.")
    .replace(/\?\d*/g, () => sqlText(values.next().value ?? null));
  const hasRows = /^\s*SELECT|\sRETURNING\s/i.test(sql);
  const asked = hasRows
    ? `WITH found AS (${sql}) SELECT coalesce(json_agg(found), '[]') FROM found`
    : sql;
  const psql = Bun.spawnSync([programPath("psql"), "-XqAt", "-v", "ON_ERROR_STOP=1", "-c", asked], {
    env: { ...process.env, ...environment, PGOPTIONS: "-c search_path=public -c lock_timeout=2s" },
  });
  if (psql.exitCode !== 0) throw new Error(psql.stderr.toString());
  return hasRows ? (JSON.parse(psql.stdout.toString()) as T[]) : [];
}

function sqlText(value: Value): string {
  if (value === null) return "NULL";
  return typeof value === "number" ? String(value) : `'${value.replaceAll("'", "''")}'`;
}
