/**
 * A proof under load: while workers run and others push, the queue is backed up; each copy is restored elsewhere and
 * drained. Then each task of the copy has run to its end once, and none before a held one is resumed.
 * `bun test/proof/backups.ts ROUNDS [EXECUTABLE]` runs it by hand.
 */
import { Database, SQLiteError } from "bun:sqlite";
import { mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../support/connect.ts";
import { makeFolder } from "../support/folder.ts";

const ROOT = join(import.meta.dir, "../..");
const MODELS = Bun.fileURLToPath(new URL("./backup-models.ts", import.meta.url));
const WORKERS = 2;
const BATCH = 100;
const PAUSE_MS = 10;
/** With more ready tasks the producer waits. */
const MOST_READY = 400;
const SLOW_EVERY = 3;
const HELD_EVERY = 3;
const MOST_DRAINS = 10;

export interface Round {
  /** Tasks in the copy. */
  readonly tasks: number;
  readonly finished: number;
  /** Tasks that ran when it was made. */
  readonly running: number;
  /** Tasks that the restored queue has run. */
  readonly drained: number;
  readonly held: boolean;
}

export interface BackupProof {
  readonly rounds: readonly Round[];
  readonly pushed: number;
  readonly problems: readonly string[];
}

export async function proveBackups(
  rounds: number,
  executable = join(ROOT, "dist/tq"),
  say: (round: Round) => void = () => {},
): Promise<BackupProof> {
  using folder = makeFolder();
  return await new Run(folder.path, executable).run(rounds, say);
}

class Run {
  readonly #folder: string;
  readonly #executable: string;
  readonly #problems: string[] = [];
  #pushed = 0;
  #isOver = false;

  constructor(folder: string, executable: string) {
    this.#folder = folder;
    this.#executable = executable;
  }

  async run(rounds: number, say: (round: Round) => void): Promise<BackupProof> {
    await this.#tq(this.#folder, "push", "job", "add", "0");
    await this.#drain(this.#folder); // makes the table of effects
    const workers = Array.from({ length: WORKERS }, () => this.#start(this.#folder, "worker"));
    const pushing = this.#push();
    const done: Round[] = [];
    for (let n = 0; n < rounds && this.#problems.length === 0; n++) {
      const round = await this.#round(n);
      say(round);
      done.push(round);
    }
    this.#isOver = true;
    await pushing;
    for (const worker of workers) worker.kill("SIGTERM");
    await Promise.all(workers.map(({ exited }) => exited));
    return { rounds: done, pushed: this.#pushed, problems: this.#problems };
  }

  async #round(n: number): Promise<Round> {
    const place = join(this.#folder, `restored-${n}`);
    mkdirSync(place);
    const copy = join(place, "copy.db");
    await this.#tq(this.#folder, "backup", copy);
    const before = countsOf(copy);
    if (before.effects !== before.finished) {
      this.#problems.push(`${copy}: ${before.effects} effects of ${before.finished} tasks`);
    }
    const held = n % HELD_EVERY === 0;
    await this.#tq(place, "restore", copy, held ? "--hold" : "--run");
    if (held) await this.#checkHeld(place, before.effects);
    await this.#drain(place);
    const after = countsOf(join(place, "tq.db"));
    const { tasks, finished, running } = before;
    for (const [what, count] of Object.entries({ ...after, running: tasks })) {
      if (count !== tasks) this.#problems.push(`${place}: ${count} ${what} of ${tasks}`);
    }
    rmSync(place, { recursive: true });
    return { tasks, finished, running, drained: after.finished - finished, held };
  }

  async #checkHeld(place: string, effects: number): Promise<void> {
    await this.#drain(place);
    const { effects: now } = countsOf(join(place, "tq.db"));
    if (now !== effects) this.#problems.push(`${place}: ${now - effects} tasks ran while held`);
    await this.#tq(place, "resume", "*");
  }

  /** On a busy machine a worker may give up at its end, while the disk flushes for seconds: the next one goes on. */
  async #drain(place: string): Promise<void> {
    for (let tries = 1; ; tries++) {
      try {
        return await this.#tq(place, "worker", "--drain");
      } catch (error) {
        if (tries === MOST_DRAINS) throw error;
      }
    }
  }

  /** Runs tq to its end. @throws with what it said where it fails */
  async #tq(cwd: string, ...args: string[]): Promise<void> {
    const child = this.#start(cwd, ...args);
    const said = await new Response(child.stderr).text();
    if ((await child.exited) !== 0) throw new Error(`tq ${args.join(" ")}: ${said}`);
  }

  #start(cwd: string, ...args: string[]) {
    return Bun.spawn([this.#executable, ...args], {
      cwd,
      env: {
        ...process.env,
        TQ_MODELS: MODELS,
        TQ_QUEUE__WORKER: "true",
        TQ_WORKER__THREADS: "2",
        TQ_LOG__LEVEL: "error",
      },
      stdout: "ignore",
      stderr: "pipe",
    });
  }

  async #push(): Promise<void> {
    using db = connect(join(this.#folder, "tq.db"));
    const ready = db.query("SELECT count(*) FROM tq__task WHERE state = 'ready'");
    while (!this.#isOver) {
      try {
        if (Number(ready.values()[0]?.[0]) < MOST_READY) this.#pushBatch(db);
      } catch (error) {
        if (!(error instanceof SQLiteError) || !error.code?.startsWith("SQLITE_BUSY")) throw error;
      }
      await Bun.sleep(PAUSE_MS);
    }
  }

  #pushBatch(db: Database): void {
    const insert = db.query("INSERT INTO tq_push (model, method, instances) VALUES ('job', ?, ?)");
    db.transaction(() => {
      for (let key = this.#pushed + 1; key <= this.#pushed + BATCH; key++) {
        insert.run(key % SLOW_EVERY === 0 ? "nap" : "add", key);
      }
    })();
    this.#pushed += BATCH;
  }
}

/** Distinct effects are counted: none may be there twice. */
const COUNTS = `
  SELECT count(*) AS tasks, sum(state = 'finished') AS finished, sum(state = 'running') AS running,
         (SELECT count(*) FROM effect) AS effects, (SELECT count(DISTINCT key) FROM effect) AS keys
    FROM tq__task`;

type Counts = Record<"tasks" | "finished" | "running" | "effects" | "keys", number>;

function countsOf(path: string): Counts {
  using db = new Database(path, { readonly: true });
  return db.query(COUNTS).get() as Counts;
}

if (import.meta.main) {
  const [rounds = "100", executable] = process.argv.slice(2);
  const {
    pushed,
    rounds: done,
    problems,
  } = await proveBackups(Number(rounds), executable, (round) => console.log(JSON.stringify(round)));
  const sum = (key: "tasks" | "running" | "drained") =>
    done.reduce((total, round) => total + round[key], 0);
  console.log(
    `${done.length} copies of a queue of ${pushed} tasks: ${sum("tasks")} tasks in them, ${sum("running")} running, ${sum("drained")} drained`,
  );
  for (const problem of problems) console.log(problem);
  process.exit(problems.length === 0 ? 0 : 1);
}
