/** A worker in this process with a model of jobs, in a folder that is new for each test. */
import type { Database } from "bun:sqlite";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "bun:test";
import { connect as connectTo } from "../support/connect.ts";
import { parseSettings } from "../../src/settings/config.ts";
import type { Event } from "../../src/log/events.ts";
import type { WorkerProcessOptions } from "../../src/worker/options.ts";
import { WorkerProcess } from "../../src/worker/worker.ts";

export const MODELS = `import { writeFileSync } from "node:fs";
import { Model } from "tq";
class Lazy extends Error { override get message(): string { throw new Error("no catalogue"); } }
export class Job extends Model {
  static override readonly __name__ = "job";
  async add() { return this.id + 1; }
  async fail() { throw new Error("no paper"); }
  async exit() { process.exit(3); }
  static lazy() { throw new Lazy(); }
  static trap() { throw new Proxy({}, { getPrototypeOf() { throw new Error("trap"); } }); }
  static post() { for (const word of [null, 7, "x", { type: 7 }]) globalThis.postMessage(word); }
  async hang(file: string) { writeFileSync(file, ""); await new Promise(() => {}); }
}
`;

export let folder = "";
export let events: Event[] = [];

/** Gives each test of a file a folder of its own. */
export function renewFolder(): void {
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), "tq-worker-"));
    events = [];
    writeFileSync(join(folder, "models.ts"), MODELS);
  });
  afterEach(() => rmSync(folder, { recursive: true }));
}

type More = Pick<WorkerProcessOptions, "drain" | "models" | "closing" | "exitWithParent"> & {
  threads?: number;
  timeout?: string;
  beforeStart?: (worker: WorkerProcess) => void;
};

export async function start({ threads = 2, timeout = "5s", beforeStart, ...more }: More = {}) {
  const config = parseSettings(
    {
      database: { path: join(folder, "tq.db"), durability: "normal", timeout },
      models: join(folder, "models.ts"),
      queue: { worker: true },
      worker: { threads },
      log: { level: "error" },
    },
    "the test",
    folder,
  );
  const worker = new WorkerProcess({ config, ...more, report: (event) => events.push(event) });
  beforeStart?.(worker);
  await worker.start();
  return worker;
}

/** The database as another program has it. */
export function connect(): Database {
  return connectTo(join(folder, "tq.db"));
}

/** As another program does. */
export function push(
  method: string,
  args: unknown[] = [],
  scheduledAt: number | null = null,
): void {
  using db = connect();
  db.query(
    "INSERT INTO tq_push (model, method, instances, args, scheduled_at) VALUES ('job', ?, '1', ?, ?)",
  ).run(method, JSON.stringify(args), scheduledAt);
}

export function tasks(): { state: string; crashes: number; result: string | null }[] {
  using db = connect();
  return db.query("SELECT state, crashes, result FROM tq_tasks ORDER BY id").all() as never;
}

/** What the workers say of themselves to other programs. */
export function troubles(): (string | null)[] {
  using db = connect();
  return db.query("SELECT trouble FROM tq_workers").values().flat() as (string | null)[];
}
