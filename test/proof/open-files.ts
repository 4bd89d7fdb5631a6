/**
 * A proof under load: tasks read, copy, hash and stream the files of their own database in every way that Bun, Node.js
 * and native code have, beside `sqlite3` shells and kills. Then nothing that was acknowledged may be lost, no task may
 * run twice at once, and the file must be sound. `bun test/proof/open-files.ts SECONDS [EXECUTABLE]` runs it by hand.
 */
import { type Database, SQLiteError } from "bun:sqlite";
import { closeSync, existsSync, mkdtempSync, openSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect } from "../support/connect.ts";
import { findDoubleRuns, readNotes, RUNS } from "./double-runs.ts";

const ROOT = join(import.meta.dir, "../..");
const MODELS = Bun.fileURLToPath(new URL("./models.ts", import.meta.url));
const WORKERS = 2;
const BATCH = 20;
/** With more ready tasks the producer waits. */
const MOST_READY = 300;
/** A worker that stops has this long. */
const STOP_MS = 15_000;
/** The last worker has this long for the rest. */
const DRAIN_MS = 30_000;
/** One of so many tasks drops the locks that no other lock doubles: its worker ends with 6. */
const DROPS_EVERY = 1_500;

export interface Proof {
  /** Tasks whose push was acknowledged. */
  readonly acknowledged: number;
  /** Runs by way of opening the files, and whether these were refused. */
  readonly runs: Readonly<Record<string, number>>;
  readonly shells: number;
  readonly kills: number;
  /** Workers that ended by themselves, by exit code. */
  readonly ended: Readonly<Record<string, number>>;
  readonly problems: readonly string[];
}

export async function prove(seconds: number, executable = join(ROOT, "dist/tq")): Promise<Proof> {
  const folder = mkdtempSync(join(tmpdir(), "tq-proof-"));
  try {
    return await new Run(folder, executable).run(seconds);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

class Run {
  readonly #folder: string;
  readonly #executable: string;
  readonly #log: number;
  readonly #workers = new Set<Bun.Subprocess>();
  readonly #ended: Record<string, number> = {};
  readonly #problems: string[] = [];
  #until = Infinity;
  #acknowledged = 0;
  #shells = 0;
  #kills = 0;

  constructor(folder: string, executable: string) {
    this.#folder = folder;
    this.#executable = executable;
    this.#log = openSync(join(folder, "log.txt"), "a");
  }

  async run(seconds: number): Promise<Proof> {
    const until = (this.#until = performance.now() + seconds * 1000);
    await this.#start("push", "job", "add", "0").exited; // makes the database
    const workers = Array.from({ length: WORKERS }, () => this.#keepWorker());
    await Promise.all([this.#push(), this.#lookIn(), this.#killWorkers()]);
    this.#until = Math.min(until, performance.now());
    for (const worker of this.#workers) worker.kill("SIGTERM");
    const late = setTimeout(() => {
      for (const worker of this.#workers) worker.kill("SIGKILL");
    }, STOP_MS);
    await Promise.all(workers);
    clearTimeout(late);
    await this.#drain();
    closeSync(this.#log);
    this.#checkDatabase();
    const runs = this.#checkRuns();
    if (this.#problems.length > 0) this.#problems.push(this.#lastWords());
    return {
      acknowledged: this.#acknowledged,
      runs,
      shells: this.#shells,
      kills: this.#kills,
      ended: this.#ended,
      problems: this.#problems,
    };
  }

  get #isOver(): boolean {
    return performance.now() >= this.#until;
  }

  #start(...args: string[]): Bun.Subprocess {
    return Bun.spawn([this.#executable, ...args], {
      cwd: this.#folder,
      env: {
        ...process.env,
        TQ_MODELS: MODELS,
        TQ_QUEUE__WORKER: "true",
        TQ_WORKER__MAX_CRASHES: "1000",
        TQ_LOG__LEVEL: "error",
      },
      stdout: "ignore",
      stderr: this.#log,
    });
  }

  /** As a service manager does. */
  async #keepWorker(): Promise<void> {
    while (!this.#isOver) {
      const worker = this.#start("worker", "--threads", "2");
      this.#workers.add(worker);
      await worker.exited;
      this.#workers.delete(worker);
      if (worker.signalCode === null && !this.#isOver) this.#count(worker);
    }
  }

  /** A task may still drop the locks. */
  async #drain(): Promise<void> {
    for (let tries = 0; tries < 10; tries++) {
      const worker = this.#start("worker", "--drain");
      const late = setTimeout(() => worker.kill("SIGKILL"), DRAIN_MS);
      await worker.exited;
      clearTimeout(late);
      if (worker.exitCode === 0) return;
      this.#count(worker);
    }
    this.#problems.push("No worker drained the queue");
  }

  #count({ exitCode, signalCode }: Bun.Subprocess): void {
    const how = `${exitCode ?? signalCode}`;
    this.#ended[how] = (this.#ended[how] ?? 0) + 1;
  }

  /** Each batch has a connection of its own: one that stays open would keep the log for the workers. */
  async #push(): Promise<void> {
    while (!this.#isOver) {
      try {
        if (this.#pushBatch()) this.#acknowledged += BATCH;
      } catch (error) {
        if (!(error instanceof SQLiteError)) throw error;
        if (!error.code?.startsWith("SQLITE_BUSY")) return this.#giveUp(error);
      }
      await Bun.sleep(5);
    }
  }

  #giveUp(error: SQLiteError): void {
    this.#problems.push(`A push failed: ${error.code} ${error.message}`);
    this.#until = performance.now();
  }

  /** @returns false where enough tasks are ready. */
  #pushBatch(): boolean {
    return this.#withDatabase((db) => {
      db.run("PRAGMA busy_timeout = 5000");
      db.run("PRAGMA synchronous = FULL");
      using ready = db.prepare("SELECT count(*) FROM tq__task WHERE state = 'ready'");
      if (Number(ready.values()[0]?.[0]) > MOST_READY) return false;
      using insert = db.prepare(
        "INSERT INTO tq_push (model, method, instances, args) VALUES ('job', ?, ?, ?)",
      );
      db.run("BEGIN IMMEDIATE");
      for (let key = this.#acknowledged + 1; key <= this.#acknowledged + BATCH; key++) {
        insert.run(...callOf(key));
      }
      db.run("COMMIT");
      return true;
    });
  }

  #withDatabase<T>(fn: (db: Database) => T): T {
    const db = connect(join(this.#folder, "tq.db"));
    try {
      return fn(db);
    } finally {
      db.close();
    }
  }

  /** The shell deletes the log when no lock says that others use it. */
  async #lookIn(): Promise<void> {
    while (!this.#isOver) {
      const sql = "SELECT count(*) FROM tq_tasks WHERE state = 'running'";
      const database = join(this.#folder, "tq.db");
      await Bun.spawn(["sqlite3", database, sql], { stdout: "ignore", stderr: "ignore" }).exited;
      this.#shells += 1;
      await Bun.sleep(20);
    }
  }

  async #killWorkers(): Promise<void> {
    while (!this.#isOver) {
      await Bun.sleep(Math.min(1_000 + Math.random() * 4_000, this.#until - performance.now()));
      const [worker] = [...this.#workers].sort(() => Math.random() - 0.5);
      if (this.#isOver || !worker) continue;
      worker.kill("SIGKILL");
      this.#kills += 1;
    }
  }

  #checkDatabase(): void {
    try {
      this.#withDatabase((db) => {
        const [[sound] = []] = db.query("PRAGMA integrity_check").values();
        if (sound !== "ok") this.#problems.push(`The file is not sound: ${String(sound)}`);
        const rows = db.query("SELECT key, count(*) FROM effect GROUP BY key").values();
        const effects = new Map(rows as [number, number][]);
        const keys = Array.from({ length: this.#acknowledged }, (_, index) => index + 1);
        this.#tell(
          keys.filter((key) => !effects.has(key)),
          "acknowledged and without effect",
        );
        this.#tell(
          keys.filter((key) => (effects.get(key) ?? 0) > 1),
          "with two effects",
        );
      });
    } catch (error) {
      this.#problems.push(`The file cannot be read: ${String(error)}`);
    }
  }

  #checkRuns(): Record<string, number> {
    const file = join(this.#folder, RUNS);
    const notes = existsSync(file) ? readNotes(file) : [];
    this.#tell(findDoubleRuns(notes), "that ran twice at once");
    const ends = notes.flatMap(({ end }) => end ?? []);
    const counts = Map.groupBy(ends, ({ way, refused }) => `${way}${refused ? ", refused" : ""}`);
    return Object.fromEntries([...counts].map(([way, all]) => [way, all.length]));
  }

  #lastWords(): string {
    return readFileSync(join(this.#folder, "log.txt"), "utf8").slice(-2_000);
  }

  #tell(keys: readonly number[], what: string): void {
    if (keys.length > 0)
      this.#problems.push(`${keys.length} tasks ${what}, as ${keys.slice(0, 5)}`);
  }
}

/** The method, the instance and the arguments of the task of this key. */
function callOf(key: number): [string, string, string] {
  if (key % DROPS_EVERY === 0) return ["dropAll", `${key}`, "[]"];
  if (key % 3 !== 0) return ["add", `${key}`, "[]"];
  const pause = key % 60 === 0 ? Math.round(Math.random() * 300) : 0;
  return ["open", `${key}`, JSON.stringify([key % 2 === 0 && pause === 0, pause])];
}

if (import.meta.main) {
  const [seconds = "10", executable] = process.argv.slice(2);
  console.log(Bun.inspect(await prove(Number(seconds), executable)));
}
