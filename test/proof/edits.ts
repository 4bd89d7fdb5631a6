/**
 * A proof under load: the models of `tq worker --watch` are edited again and again while tasks are pushed and run, in
 * place and by renaming, into code that is broken, empty, gone, away for a moment, behind a link, or that never loads. No task may run on files of two moments, none
 * may be lost or have its effect twice, and the last edit counts in the end.
 * `bun test/proof/edits.ts EDITS [GAP_MS] [EXECUTABLE]` runs it by hand.
 */
import type { Database } from "bun:sqlite";
import { mkdirSync, readFileSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { connect } from "../support/connect.ts";
import { makeFolder } from "../support/folder.ts";

const ROOT = join(import.meta.dir, "../..");

/** The worker has this long to take up the last edit, and to end. */
const END_MS = 60_000;

const MODELS = `
import { currentTask, Model, ModelSQL, v } from "tq";
const { ONE } = await import("../models/one.ts");
await Bun.sleep(50);
const { TWO } = await import("../models/two.ts");
export class Effect extends ModelSQL("effect", { task: v.number(), one: v.number(), two: v.number() }) {}
export class Job extends Model {
  static override readonly __name__ = "job";
  static async quick() { await note(); }
  static async slow() { await Bun.sleep(Math.random() * 40); await note(); }
}
export async function note() {
  await Effect.create([{ task: currentTask()?.id ?? 0, one: ONE, two: TWO }]);
}`;

const ASIDE = `
import { task } from "tq";
import { note } from "./models.ts";
export const aside = task("aside", note);`;

const STARTED = '"event":"worker.started"';

/** All threads have new models. */
const LOADED = '"event":"models.loaded"';

/** How an edit goes from the version before to this one. Of `one` and `two`, `one` always changes first. */
type Edit = (folder: string, version: number) => void | Promise<void>;

/** The folder of the models themselves, beside that of what they import. */
const entry = (folder: string, file: string) => join(folder, "../entries", file);

const text = (name: string, version: number) => `export const ${name} = ${version};\n`;

function rename(folder: string, file: string, content: string): void {
  writeFileSync(join(folder, `.${file}`), content);
  renameSync(join(folder, `.${file}`), join(folder, file));
}

const inPlace: Edit = (folder, version) => {
  writeFileSync(join(folder, "one.ts"), text("ONE", version));
  writeFileSync(join(folder, "two.ts"), text("TWO", version));
};

const renamed: Edit = (folder, version) => {
  rename(folder, "one.ts", text("ONE", version));
  rename(folder, "two.ts", text("TWO", version));
};

const broken: Edit = (folder, version) => {
  rename(folder, "one.ts", `export const ONE = ${version}; export {`);
};

const gone: Edit = (folder, version) => {
  rename(folder, "one.ts", text("ONE", version));
  rmSync(join(folder, "two.ts"), { force: true });
};

const linked: Edit = (folder, version) => {
  const target = join(folder, "targets", `${version}.ts`);
  mkdirSync(join(folder, "targets"), { recursive: true });
  writeFileSync(target, text("TWO", version));
  rename(folder, "one.ts", text("ONE", version));
  symlinkSync(target, join(folder, ".two.ts"));
  renameSync(join(folder, ".two.ts"), join(folder, "two.ts"));
};

/** A full disk, or an editor that writes into the file: the worker may see it before there is anything in it. */
const emptied: Edit = async (folder, version) => {
  for (const file of ["aside.ts", "models.ts"]) writeFileSync(entry(folder, file), "");
  await Bun.sleep(1_000);
  void renamed(folder, version);
  writeFileSync(entry(folder, "models.ts"), MODELS);
  writeFileSync(entry(folder, "aside.ts"), ASIDE);
};

const hanging: Edit = (folder, version) => {
  const end = version % 2 === 0 ? "await new Promise(() => {});" : "while (true) {}";
  rename(folder, "one.ts", text("ONE", version));
  rename(folder, "two.ts", text("TWO", version) + end);
};

/** The other file of models has a function of its own. */
const away: Edit = async (folder, version) => {
  renameSync(entry(folder, "aside.ts"), entry(folder, ".aside.ts"));
  await Bun.sleep(1_200);
  renameSync(entry(folder, ".aside.ts"), entry(folder, "aside.ts"));
  void renamed(folder, version);
};

const KINDS: readonly Edit[] = [
  renamed,
  inPlace,
  linked,
  emptied,
  broken,
  renamed,
  away,
  gone,
  renamed,
  hanging,
  renamed,
];

export interface EditsProof {
  readonly edits: number;
  readonly tasks: number;
  /** Pairs of versions that tasks ran on. */
  readonly versions: number;
  /** How often all threads had new models, and how often these could not be loaded. */
  readonly loads: number;
  readonly refusals: number;
  readonly replaced: number;
  readonly problems: readonly string[];
}

export async function prove(
  edits: number,
  gapMs = 500,
  executable = join(ROOT, "dist/tq"),
): Promise<EditsProof> {
  using folder = makeFolder();
  return await new Run(folder.path, executable).run(edits, gapMs);
}

interface Counted {
  readonly task: number;
  readonly one: number;
  readonly two: number;
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

  async run(edits: number, gapMs: number): Promise<EditsProof> {
    mkdirSync(join(this.#folder, "models"));
    const models = join(this.#folder, "models");
    mkdirSync(entry(models, ""));
    writeFileSync(entry(models, "models.ts"), MODELS);
    writeFileSync(entry(models, "aside.ts"), ASIDE);
    await inPlace(models, 0);
    await this.#start("push", "job", "quick", "1").exited; // makes the database
    this.#pushed = 1;
    const worker = this.#start("worker", "--threads", "2", "--watch");
    try {
      // One that starts with models that never load waits for these.
      await this.#until("the worker has started", () => this.#log().includes(STARTED));
      await this.#edit(models, edits, gapMs);
    } finally {
      this.#isOver = true;
      worker.kill("SIGTERM");
      await worker.exited;
    }
    return this.#judge(edits);
  }

  async #edit(models: string, edits: number, gapMs: number): Promise<void> {
    const pushing = this.#push();
    for (let version = 1; version <= edits; version++) {
      await (KINDS[version % KINDS.length] ?? inPlace)(models, version);
      await Bun.sleep(Math.random() * 2 * gapMs);
    }
    await renamed(models, edits + 1);
    await this.#until("the last edit counts", () => this.#effects().some(isOf(edits + 1)));
    this.#isOver = true;
    await pushing;
    await this.#until("all tasks have ended", () => this.#effects().length === this.#pushed);
    await this.#until("an edit was taken up", () => this.#log().includes(LOADED));
  }

  #start(...args: string[]): Bun.Subprocess {
    return Bun.spawn([this.#executable, ...args], {
      cwd: this.#folder,
      env: {
        ...process.env,
        TQ_MODELS: join(this.#folder, "entries"),
        TQ_QUEUE__WORKER: "true",
        TQ_LOG__FORMAT: "json",
      },
      stdout: "ignore",
      stderr: Bun.file(join(this.#folder, `${args[0]}.log`)),
    });
  }

  /** Some hundred tasks a second, of both kinds. */
  async #push(): Promise<void> {
    using db = this.#connect();
    const push = db.query(`INSERT INTO tq_push (model, method, instances) VALUES ('job', ?, 1)`);
    const pushAside = db.query(`INSERT INTO tq_push (model) VALUES ('aside')`);
    while (!this.#isOver) {
      db.transaction(() => {
        for (const method of ["quick", "slow", "quick"]) push.run(method);
        pushAside.run();
      })();
      this.#pushed += 4;
      await Bun.sleep(20);
    }
  }

  async #until(what: string, isSo: () => boolean): Promise<void> {
    const end = performance.now() + END_MS;
    while (!isSo()) {
      if (performance.now() > end) return void this.#problems.push(`In vain: ${what}`);
      await Bun.sleep(50);
    }
  }

  #effects(): Counted[] {
    using db = this.#connect();
    return db.query("SELECT task, one, two FROM effect").all() as Counted[];
  }

  #log(): string {
    return readFileSync(join(this.#folder, "worker.log"), "utf8");
  }

  #connect(): Database {
    return connect(join(this.#folder, "tq.db"));
  }

  #judge(edits: number): EditsProof {
    const effects = this.#effects();
    for (const { task, one, two } of effects) {
      // `two` may be of any earlier edit that left it, but no thread may have an older `one` beside a newer `two`.
      if (two > one || one - two > 2) {
        this.#problems.push(`Task ${task} ran on two versions: ${one} and ${two}`);
      }
    }
    const tasks = new Set(effects.map(({ task }) => task));
    if (tasks.size !== effects.length) this.#problems.push("A task had its effect twice");
    using db = this.#connect();
    const left = db.query("SELECT id, state, reason FROM tq_tasks WHERE state <> 'finished'").all();
    if (left.length > 0) this.#problems.push(`Not finished: ${JSON.stringify(left.slice(0, 5))}`);
    const log = this.#log();
    const count = (event: string) => log.split(`"event":"${event}"`).length - 1;
    if (this.#problems.length > 0) this.#problems.push(log.slice(-5_000));
    return {
      edits,
      tasks: this.#pushed,
      versions: new Set(effects.map(({ one, two }) => `${one} ${two}`)).size,
      loads: count("models.loaded"),
      refusals: count("models.refused"),
      replaced: count("thread.replaced"),
      problems: this.#problems,
    };
  }
}

function isOf(version: number): (effect: Counted) => boolean {
  return ({ one, two }) => one === version && two === version;
}

if (import.meta.main) {
  const [edits = "200", gap = "500", executable] = process.argv.slice(2);
  const proof = await prove(Number(edits), Number(gap), executable);
  console.log(JSON.stringify(proof, null, 2)); // oxlint-disable-line no-console
  process.exit(proof.problems.length === 0 ? 0 : 1);
}
