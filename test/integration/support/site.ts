/** The compiled binary, run for real and killed for real, each test in a folder and on a database of its own. */
import type { Database } from "bun:sqlite";
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { connect } from "../../support/connect.ts";
import { programPath } from "../../support/postgres-server.ts";
import { IS_POSTGRES, TestedDatabase } from "../../support/tested-store.ts";
import { eventually } from "./eventually.ts";
import { type Ended, Running } from "./running.ts";

/** The checkout, or the counted copy of it. */
export const ROOT = join(import.meta.dir, "../../..");

export const TQ = join(ROOT, "dist/tq");

/** A row of the view `tq_tasks`, with the claim number that it does not show. */
export interface Row {
  readonly id: number;
  readonly state: string;
  readonly claim: number;
  readonly attempts: number;
  readonly failures: number;
  readonly crashes: number;
  readonly queue: string;
  readonly worker: string | null;
  readonly result: string | null;
  readonly reason: string | null;
  readonly enqueued_at: number;
  readonly scheduled_at: number | null;
  readonly dequeued_at: number | null;
  readonly finished_at: number | null;
}

const OTHERS_IN_TRANSACTION = `
  SELECT pid FROM pg_stat_activity
   WHERE datname = current_database() AND pid <> pg_backend_pid() AND xact_start IS NOT NULL`;

/** The flags of tq push that are columns of tq_push. */
const SQL_COLUMNS = new Map([
  ["--args", "args"],
  ["--queue", "queue"],
]);

/** Pushes a task for each of these keys, in one statement. @param method in SQL, for the key `n` */
const insertOfKeys = (first: number, count: number, method = "'add'") =>
  `INSERT INTO tq_push (model, method, instances)
   WITH RECURSIVE key (n) AS (SELECT ${first} UNION ALL SELECT n + 1 FROM key WHERE n + 1 < ${first + count})
   SELECT 'job', ${method}, n FROM key`;

export function pushKeys(db: Database, first: number, count: number): void {
  db.run(insertOfKeys(first, count));
}

export interface StartOptions {
  readonly env?: Record<string, string>;
  readonly cwd?: string;
  readonly input?: string;
  readonly detached?: boolean;
}

/** A folder with a worker's world in it; at the end all that was started in it is killed and it is deleted. */
export class Site implements AsyncDisposable {
  readonly path = mkdtempSync(join(tmpdir(), "tq-site-"));
  readonly #tested = new TestedDatabase(this.path);
  readonly #running: Running[] = [];
  readonly #opened: Database[] = [];

  file(name: string): string {
    return join(this.path, name);
  }

  write(name: string, text: string): void {
    mkdirSync(dirname(this.file(name)), { recursive: true });
    writeFileSync(this.file(name), text);
  }

  read(name: string): string {
    return readFileSync(this.file(name), "utf8");
  }

  has(name: string): boolean {
    return existsSync(this.file(name));
  }

  /** Starts any program here, with a JSON log of every event. */
  spawn(command: string[], { env = {}, cwd, input = "", detached = false }: StartOptions = {}) {
    const inherited = Object.entries(process.env).filter(([name]) => !name.startsWith("TQ_"));
    const child = Bun.spawn(command, {
      cwd: cwd ?? this.path,
      env: {
        ...Object.fromEntries(inherited),
        TQ_LOG__FORMAT: "json",
        TQ_LOG__LEVEL: "debug",
        TQ_QUEUE__WORKER: "true",
        ...this.variables,
        ...env,
      },
      stdin: new Blob([input]),
      stdout: "pipe",
      stderr: "pipe",
      detached,
    });
    const running = new Running(child);
    this.#running.push(running);
    return running;
  }

  start(args: readonly string[], options?: StartOptions): Running {
    return this.spawn([TQ, ...args], options);
  }

  async run(...args: string[]): Promise<Ended> {
    return this.start(args).ended();
  }

  /** Starts a worker and waits until it works. */
  async worker(args: readonly string[] = ["-n", "1"], options?: StartOptions): Promise<Running> {
    const running = this.start(["worker", ...args], options);
    await running.says("worker.started");
    return running;
  }

  /** Pushes with the command line; gives the ids. */
  async push(...args: string[]): Promise<number[]> {
    const { code, stdout, stderr } = await this.run("push", ...args);
    if (code !== 0) throw new Error(`tq push ended with ${code}: ${stderr}`);
    return stdout.trim().split("\n").map(Number);
  }

  /** The value for TQ_DATABASE: the path of the file, or a URL. */
  get place(): string {
    return this.#tested.place;
  }

  /** With which a command finds the database; a file it finds in its folder. */
  get variables(): Record<string, string> {
    return IS_POSTGRES ? { TQ_DATABASE: this.place } : {};
  }

  /** Gives these statements to the shell of the database. */
  shell(statements: string): Promise<Ended> {
    const command = IS_POSTGRES
      ? [programPath("psql"), "-Xq", "-v", "ON_ERROR_STOP=1", this.place]
      : ["sqlite3", "-bail", "-cmd", ".timeout 5000", this.place];
    const env = { PGOPTIONS: "-c search_path=public" }; // else a role named tq makes tables in the schema tq
    return this.spawn(command, { input: statements, env }).ended();
  }

  /** False before a program has made the database; one of a server is there. */
  get isMade(): boolean {
    return IS_POSTGRES || this.has("tq.db");
  }

  /** Pushes one task; by SQL, which is quicker, as soon as there is a database to push into. */
  async pushOne(model: string, method: string, instance: string, ...flags: string[]) {
    const [flag, value = null, ...more] = flags;
    if (this.isMade && more.length === 0 && (!flag || SQL_COLUMNS.has(flag))) {
      const column = SQL_COLUMNS.get(flag ?? "") ?? "queue";
      const insert = `INSERT INTO tq_push (model, method, instances, ${column}) VALUES (?, ?, ?, ?)`;
      return this.#tested.push(insert, model, method, instance, value);
    }
    const [id = 0] = await this.push(model, method, instance, ...flags);
    return id;
  }

  /** Pushes a task for each of these keys, in one statement. */
  pushKeys(...keys: Parameters<typeof insertOfKeys>): void {
    this.sql(insertOfKeys(...keys));
  }

  /** Pauses a worker at a moment at which none of its threads has the write lock, or rows. */
  async pauseUnlocked(worker: Running): Promise<void> {
    await eventually("it is paused without the write lock", async () => {
      await worker.pause();
      if (!this.isLocked(0)) return true;
      worker.kill("SIGCONT");
      return undefined;
    });
  }

  /** True while some process has the write lock, for longer than this; on a server: while one has a transaction. */
  isLocked(timeout: number): boolean {
    if (IS_POSTGRES) return this.all(OTHERS_IN_TRANSACTION).length > 0;
    using database = this.connect(timeout);
    try {
      database.run("BEGIN IMMEDIATE");
      database.run("ROLLBACK");
      return false;
    } catch (error) {
      if ((error as { code?: string }).code !== "SQLITE_BUSY") throw error;
      return true;
    }
  }

  /** A connection as another program has it; the database must be there. */
  connect(timeout?: number): Database {
    return connect(this.file("tq.db"), timeout);
  }

  /** The database, for looking; it must be there. */
  get database(): Database {
    const [open] = this.#opened;
    if (open) return open;
    const database = this.connect();
    database.run("PRAGMA query_only = 1");
    this.#opened.push(database);
    return database;
  }

  all<T>(sql: string): T[] {
    if (IS_POSTGRES) return this.#tested.sql<T>(sql);
    return this.database.query(sql).all() as T[];
  }

  /** The work of another program. */
  sql(text: string): void {
    this.#tested.sql(text);
  }

  one<T>(sql: string): T {
    return this.all<T>(sql)[0] as T;
  }

  hasTable(name: string): boolean {
    const tables = IS_POSTGRES
      ? "SELECT tablename AS name FROM pg_tables"
      : "SELECT name FROM sqlite_schema";
    return this.all<{ name: string }>(tables).some((table) => table.name === name);
  }

  task(id: number): Row {
    return this.one<Row>(`SELECT * FROM tq__task WHERE id = ${id}`);
  }

  /** Waits until the task is in this state. */
  async becomes(id: number, state: string, deadline?: number): Promise<Row> {
    return eventually(
      `task ${id} becomes ${state}`,
      () => {
        const row = this.task(id);
        return row.state === state && row;
      },
      deadline,
    ).catch((error: unknown) => {
      const now = JSON.stringify(this.task(id));
      const logs = this.#running.map((running) => running.stderr).join("\n");
      throw new Error(`${(error as Error).message}; it is ${now}\n${logs}`);
    });
  }

  /** How often each key had its effect, in the table that the models here write. */
  effects(): Map<number, number> {
    const rows = this.all<{ key: number; times: number }>(
      "SELECT key, count(*) AS times FROM effect GROUP BY key ORDER BY key",
    );
    return new Map(rows.map(({ key, times }) => [key, times]));
  }

  effectsOf(key: number): number {
    return this.effects().get(key) ?? 0;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.#running.map((running) => running.end()));
    for (const database of this.#opened) database.close();
    await this.#tested[Symbol.asyncDispose]();
    rmSync(this.path, { recursive: true, force: true });
  }
}
