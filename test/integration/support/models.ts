/** The models that worker processes of these tests run. */
import { Site } from "./site.ts";

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
