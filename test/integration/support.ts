/** The compiled binary, run for real and killed for real, each test in a folder of its own. */
import { Database } from "bun:sqlite";
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

/** The checkout, or the counted copy of it. */
export const ROOT = join(import.meta.dir, "../..");

export const TQ = join(ROOT, "dist/tq");

/** ms; far beyond what anything here takes. */
const DEADLINE = 10_000;

/** ms; long before an idle worker that nobody wakes looks by itself. How soon things happen, `bench` measures. */
export const SOON = 2_000;

/** ms between two looks. */
const LOOK = 4;

/** Resolves with the first answer that is neither false nor nothing; fails when it takes too long. */
export async function eventually<T>(
  what: string,
  look: () => T | Promise<T>,
  deadline = DEADLINE,
): Promise<Exclude<T, false | null | undefined>> {
  const end = performance.now() + deadline;
  for (;;) {
    const answer = await look();
    if (answer !== false && answer !== null && answer !== undefined) {
      return answer as Exclude<T, false | null | undefined>;
    }
    if (performance.now() > end) throw new Error(`In ${deadline} ms it did not happen: ${what}`);
    await Bun.sleep(LOOK);
  }
}

export interface Ended {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A line of the log in its JSON format. */
export interface LogLine {
  readonly event: string;
  readonly message: string;
  readonly task?: number;
  readonly [field: string]: unknown;
}

/** A row of the view `tq_tasks`, with the claim number that it does not show. */
export interface Row {
  readonly id: number;
  readonly state: string;
  readonly claim: number;
  readonly attempts: number;
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

/** The flags of tq push that are columns of tq_push. */
const SQL_COLUMNS = new Map([
  ["--args", "args"],
  ["--queue", "queue"],
]);

/** Pushes a task for each of these keys, in one statement. */
export function pushKeys(db: Database, first: number, count: number): void {
  db.query(
    `INSERT INTO tq_push (model, method, instances)
     WITH RECURSIVE key (n) AS (SELECT $first UNION ALL SELECT n + 1 FROM key WHERE n + 1 < $end)
     SELECT 'job', 'add', n FROM key`,
  ).run({ $first: first, $end: first + count });
}

/** A process that the test started; it does not outlive the test. */
export class Running {
  readonly pid: number;
  readonly exited: Promise<number>;
  stdout = "";
  stderr = "";
  readonly #child: Bun.Subprocess<Blob, "pipe", "pipe">;
  readonly #read: Promise<unknown>;

  constructor(child: Bun.Subprocess<Blob, "pipe", "pipe">) {
    this.#child = child;
    this.pid = child.pid;
    this.exited = child.exited;
    this.#read = Promise.all([
      gather(child.stdout, (text) => (this.stdout += text)),
      gather(child.stderr, (text) => (this.stderr += text)),
    ]);
  }

  /** The log so far. */
  get log(): LogLine[] {
    const lines = this.stderr.split("\n").filter((line) => line.startsWith("{"));
    return lines.flatMap((line) => {
      try {
        return [JSON.parse(line) as LogLine];
      } catch {
        return []; // not yet whole
      }
    });
  }

  /** Waits for an event in the log; `fields` must be as given. */
  async says(event: string, fields: Record<string, unknown> = {}): Promise<LogLine> {
    return eventually(
      `${event} ${JSON.stringify(fields)} in the log:\n${this.stderr}`,
      () => this.find(event, fields) ?? this.#failIfGone(event),
    ).catch((error: unknown) => {
      throw new Error(`${(error as Error).message}\nThe log is:\n${this.stderr}`);
    });
  }

  find(event: string, fields: Record<string, unknown> = {}): LogLine | undefined {
    return this.log.find(
      (line) =>
        line.event === event &&
        Object.entries(fields).every(([name, value]) => line[name] === value),
    );
  }

  count(event: string, fields: Record<string, unknown> = {}): number {
    return this.log.filter(
      (line) =>
        line.event === event &&
        Object.entries(fields).every(([name, value]) => line[name] === value),
    ).length;
  }

  #failIfGone(event: string): undefined {
    const { exitCode, signalCode } = this.#child;
    if (exitCode === null && signalCode === null) return undefined;
    if (!this.find(event) && this.#gone++ > 50) {
      throw new Error(`It ended with ${exitCode ?? signalCode} before ${event}`);
    }
    return undefined;
  }
  #gone = 0;

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Stops it with SIGSTOP and waits until none of its threads goes on. */
  async pause(): Promise<void> {
    this.#child.kill("SIGSTOP");
    const threads = `/proc/${this.pid}/task`;
    await eventually("all threads are stopped", () =>
      readdirSync(threads).every((thread) =>
        /\) T /.test(readFileSync(`${threads}/${thread}/stat`, "utf8")),
      ),
    );
  }

  /** Waits for its end by itself, with all that it wrote. */
  async ended(deadline = DEADLINE): Promise<Ended> {
    const late = Bun.sleep(deadline).then(() => {
      throw new Error(`It did not end within ${deadline} ms:\n${this.stderr}`);
    });
    await Promise.race([this.exited, late]);
    late.catch(() => {});
    await this.#read;
    const { exitCode, signalCode } = this.#child;
    if (signalCode !== null) return { code: null, stdout: this.stdout, stderr: this.stderr };
    return { code: exitCode, stdout: this.stdout, stderr: this.stderr };
  }

  /** Ends it with SIGKILL and waits until it is gone. */
  async end(): Promise<void> {
    this.#child.kill("SIGCONT");
    this.#child.kill("SIGKILL");
    await this.exited;
  }
}

async function gather(stream: ReadableStream<Uint8Array>, take: (text: string) => void) {
  const decoder = new TextDecoder();
  for await (const chunk of stream) take(decoder.decode(chunk, { stream: true }));
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

  /** Pushes one task; by SQL, which is quicker, as soon as there is a database to push into. */
  async pushOne(model: string, method: string, instance: string, ...flags: string[]) {
    const [flag, value = null, ...more] = flags;
    if (this.has("tq.db") && more.length === 0 && (!flag || SQL_COLUMNS.has(flag))) {
      using database = this.connect();
      const column = SQL_COLUMNS.get(flag ?? "") ?? "queue";
      return database.transaction(() => {
        database
          .query(
            `INSERT INTO tq_push (model, method, instances, ${column}) VALUES ($model, $method, $instance, $value)`,
          )
          .run({
            $model: model,
            $method: method,
            $instance: instance,
            $value: value,
          });
        return (database.query("SELECT max(id) AS id FROM tq__task").get() as { id: number }).id;
      })();
    }
    const [id = 0] = await this.push(model, method, instance, ...flags);
    return id;
  }

  /** A connection as another program has it; the database must be there. */
  connect(timeout = 5_000): Database {
    const database = new Database(this.file("tq.db"), { readwrite: true, create: false });
    database.run(`PRAGMA busy_timeout = ${timeout}`);
    return database;
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
    return this.database.query(sql).all() as T[];
  }

  one<T>(sql: string): T {
    return this.all<T>(sql)[0] as T;
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
    rmSync(this.path, { recursive: true, force: true });
  }
}

/** A folder with models for the misfortunes of these tests. */
export function siteWithModels(): Site {
  const site = new Site();
  site.write("models.ts", MODELS);
  return site;
}

/** `effect` counts what was committed; a file named `go` lets those go on that wait for it. */
export const MODELS = `
import { Database } from "bun:sqlite";
import { existsSync, writeFileSync } from "node:fs";
import { Model, ModelSQL, Transaction, currentTask, v } from "tq";

export class Effect extends ModelSQL("effect", { key: v.number(), attempt: v.number() }) {}

let age = 0;

async function effect(key: number): Promise<void> {
  await Effect.create([{ key, attempt: currentTask()?.attempt ?? 0 }]);
}

function spin(ms: number): void {
  const end = performance.now() + ms;
  while (performance.now() < end);
}

async function fileIsThere(name: string): Promise<void> {
  while (!existsSync(name)) await Bun.sleep(5);
}

export class Job extends Model {
  static override readonly __name__ = "job";

  /** Its effect, at once. */
  async add() { await effect(this.id); }
  /** Its effect, when the file is there; the effect is made before and after the wait in two places. */
  async wait(name = "go") { await effect(this.id); await fileIsThere(name); }
  /** Waits without having touched the database, then has its effect. */
  async linger(name = "go") { await fileIsThere(name); await effect(this.id); }
  async sleep(ms: number) { await Bun.sleep(ms); await effect(this.id); }
  /** Keeps its thread busy, then has its effect. */
  async spin(ms: number) { spin(ms); await effect(this.id); }
  async fail(message: string) { await effect(this.id); throw new Error(message); }
  /** Which task of its thread it is. */
  static async threadAge() { return (age += 1); }
  async fanOut(count: number) {
    const keys = Array.from({ length: count }, (_, index) => new Job(this.id * 100 + index + 1));
    await Transaction.current.setContext({ queue_batch: 1 }, () => Job.__queue__["add"](keys));
  }

  /** Leaves a connection of its own open in a transaction. */
  keepLock() {
    const db = new Database("tq.db");
    db.run("PRAGMA busy_timeout = 5000");
    db.run("BEGIN IMMEDIATE");
    globalThis["kept"] = db;
  }

  /** Begins a transaction after its end, which writes and never ends. */
  leaveTransaction() {
    const write = async () => {
      await Effect.create([{ key: this.id, attempt: 0 }]);
      await new Promise(() => {});
    };
    setTimeout(() => void Transaction.start({}, write), 5);
  }

  /** Commits when the file is there; if that is refused, says so and waits for another file. */
  async commitWhen() {
    await fileIsThere("go");
    await effect(this.id);
    try {
      await Transaction.current.commit();
    } catch (error) {
      writeFileSync("refused", "");
      await fileIsThere("went");
      throw error;
    }
  }

  // What hurts its thread
  async exit(code: number) { await effect(this.id); process.exit(code); }
  async exitWhen(name = "go") { await fileIsThere(name); process.exit(7); }
  async writeAndExitWhen(name = "go") { await effect(this.id); await fileIsThere(name); process.exit(7); }
  async exitLater(code: number) { await effect(this.id); await Bun.sleep(20); process.exit(code); }
  async reject() { await effect(this.id); void Promise.reject(new Error("nobody awaits")); await new Promise(() => {}); }
  async throwInTimer() { await effect(this.id); setTimeout(() => { throw new Error("in a timer"); }, 1); await new Promise(() => {}); }
  /** Ends; what it leaves behind throws when the file is there. */
  async throwAfterwards(name = "throw") {
    setInterval(() => { if (existsSync(name)) throw new Error("afterwards"); }, 1);
  }
  async loop() { for (;;); }
  async loopWriting() { await effect(this.id); for (;;); }
  async overflow() { await effect(this.id); const down = (): number => 1 + down(); return down(); }

  // What kills its process
  async abort() { await effect(this.id); process.abort(); }
  async killItself() { await effect(this.id); process.kill(process.pid, "SIGKILL"); await new Promise(() => {}); }
}
`;
