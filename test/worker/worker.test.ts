/** A worker in this process, its threads started from the source. */
import { Database } from "bun:sqlite";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { parseSettings } from "../../src/settings/config.ts";
import type { WorkerOptions } from "../../src/embed.ts";
import { startWorker } from "../../src/start-worker.ts";
import type { Event } from "../../src/log/events.ts";
import { DUE_SOON_MS } from "../../src/store/store.ts";
import { LONG_LOAD_MS, longLoadWords } from "../../src/registry/long-load.ts";
import { WorkerProcess, type WorkerProcessOptions } from "../../src/worker/worker.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { errorOf } from "../support/error.ts";

setDefaultTimeout(20_000);

const MODELS = `import { writeFileSync } from "node:fs";
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

let folder = "";
let events: Event[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "tq-worker-"));
  events = [];
  writeFileSync(join(folder, "models.ts"), MODELS);
});

afterEach(() => rmSync(folder, { recursive: true }));

type More = Pick<WorkerProcessOptions, "drain" | "models"> & {
  threads?: number;
  timeout?: string;
  beforeStart?: (worker: WorkerProcess) => void;
};

async function start({ threads = 2, timeout = "5s", beforeStart, ...more }: More = {}) {
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
function connect(): Database {
  const db = new Database(join(folder, "tq.db"), { readwrite: true, create: false });
  db.run("PRAGMA busy_timeout = 5000");
  return db;
}

/** As another program does. */
function push(method: string, args: unknown[] = [], scheduledAt: number | null = null): void {
  using db = connect();
  db.query(
    "INSERT INTO tq_push (model, method, instances, args, scheduled_at) VALUES ('job', ?, '1', ?, ?)",
  ).run(method, JSON.stringify(args), scheduledAt);
}

function tasks(): { state: string; crashes: number; result: string | null }[] {
  using db = connect();
  return db.query("SELECT state, crashes, result FROM tq_tasks ORDER BY id").all() as never;
}

async function until(what: () => boolean): Promise<void> {
  const end = performance.now() + 10_000;
  while (!what()) {
    if (performance.now() > end) throw new Error("It did not happen in time");
    await Bun.sleep(2);
  }
}

describe("a worker", () => {
  test("knows its models, runs what is pushed, and sums up at its end", async () => {
    const worker = await start();
    expect(worker.catalog).toEqual({
      job: ["add", "exit", "fail", "hang", "lazy", "post", "trap"],
    });
    for (const method of ["add", "fail", "add"]) push(method);
    await until(() => tasks().every(({ state }) => state === "finished" || state === "failed"));
    await worker.stop();
    expect(await worker.stopped).toEqual({ finished: 2, failed: 1 });
    expect(tasks().map(({ result }) => result)).toEqual(["2", null, "2"]);
    expect(existsSync(join(folder, "tq.db-workers"))).toBe(false);
  });

  test("that drains stops by itself; a task set aside for its crashes counts as failed", async () => {
    const first = await start();
    await first.stop();
    for (const method of ["exit", "add"]) push(method);
    const worker = await start({ drain: "ready" });
    expect(await worker.stopped).toEqual({ finished: 1, failed: 1 });
    expect(tasks()[0]).toMatchObject({ state: "failed", crashes: 3 });
    const names = events.map(({ name }) => name);
    expect(names.filter((name) => name === "task.crashed")).toHaveLength(2);
    expect(names.filter((name) => name === "task.poisoned")).toHaveLength(1);
  });

  test("that is stopped now interrupts what runs and puts it back", async () => {
    const worker = await start();
    const hangs = join(folder, "hangs");
    push("hang", [hangs]);
    await until(() => existsSync(hangs));
    const graceful = worker.stop();
    await worker.stop("now");
    await graceful;
    expect(tasks()[0]).toMatchObject({ state: "ready", crashes: 0 });
    expect(events.map(({ name }) => name)).toContain("task.interrupted");
  });

  test("whose models cannot be loaded does not start, and leaves nothing", async () => {
    writeFileSync(join(folder, "models.ts"), `throw new Error("no licence");\n`);
    const starting = start();
    expect(starting).rejects.toMatchObject({ code: "models" });
    await starting.catch((error: Error) => {
      expect(error.message).toStartWith(`Cannot load models from ${join(folder, "models.ts")}`);
    });
    expect(existsSync(join(folder, "tq.db-workers"))).toBe(false);
  });

  test.each([
    ["process.exit(3);", "they ended their thread with process.exit(3) while they were loaded"],
    [
      'setTimeout(() => { throw new Error("no route"); }); await new Promise(() => {});',
      "error: no route",
    ],
  ])(
    "whose models end their thread while they are loaded does not start: %s",
    async (code, reason) => {
      const models = join(folder, "models.ts");
      writeFileSync(models, code);
      expect(await errorOf(() => start())).toMatchObject({
        code: "models",
        message: `Cannot load models from ${models}: ${reason}`,
      });
      expect(existsSync(join(folder, "tq.db-workers"))).toBe(false);
    },
  );

  test("says once which file it is still loading, when that takes long", async () => {
    const models = join(folder, "models.ts");
    writeFileSync(models, "await new Promise(() => {});");
    const late = Promise.withResolvers<() => void>();
    const { setTimeout: real } = globalThis;
    using _ = spyOn(globalThis, "setTimeout").mockImplementation(((
      then: () => void,
      wait: number,
    ) => {
      if (wait !== LONG_LOAD_MS) return real(then, wait);
      late.resolve(then);
      return real(() => {}, 0);
    }) as never);
    let stop = (): unknown => undefined;
    const starting = start({ beforeStart: (worker) => void (stop = () => worker.stop()) });
    const isLate = await late.promise;
    const said = () => events.filter(({ name }) => name === "log.note");
    await until(() => {
      if (said().length === 0) isLate();
      return said().length > 0;
    });
    await stop();
    await starting;
    expect(said()).toEqual([
      {
        name: "log.note",
        level: "warn",
        message: longLoadWords(models),
      },
    ]);
  });

  test("is not hurt by what cannot be looked at when it is thrown, nor by messages that are not its own", async () => {
    const worker = await start({ drain: "ready", threads: 1 });
    for (const method of ["lazy", "trap", "post", "add"]) push(method);
    expect(await worker.stopped).toEqual({ finished: 2, failed: 2 });
    const states = tasks().map(({ state, crashes }) => [state, crashes]);
    expect(states).toEqual([
      ["failed", 0],
      ["failed", 0],
      ["finished", 0],
      ["finished", 0],
    ]);
  });

  test("says once why a new thread cannot start, and goes on when it can", async () => {
    const worker = await start({ threads: 1 });
    writeFileSync(join(folder, "models.ts"), `throw new Error("no licence");\n`);
    push("exit");
    const said = () =>
      events.filter((event) => event.name === "log.note" && event.message.includes("no licence"));
    await until(() => said().length > 0);
    writeFileSync(join(folder, "models.ts"), MODELS);
    push("add");
    await until(() => tasks()[1]?.state === "finished");
    expect(said()).toHaveLength(1);
    await worker.stop();
  });

  describe("whose system gives no thread", () => {
    const { Worker: Real } = globalThis;
    const refuse = () => {
      globalThis.Worker = class {
        constructor() {
          throw new TypeError("Failed to spawn worker thread");
        }
      } as unknown as typeof Worker;
    };
    const allow = () => {
      globalThis.Worker = Real;
    };
    afterEach(allow);
    const sentence =
      "Cannot start thread 1: Failed to spawn worker thread; give the worker fewer with --threads, or raise the limit of the system";

    test("does not start", async () => {
      refuse();
      expect(await errorOf(() => start())).toMatchObject({ code: "invalid", message: sentence });
      expect(existsSync(join(folder, "tq.db-workers"))).toBe(false);
    });

    test("tries again where the thread would have replaced another", async () => {
      const worker = await start({ threads: 1 });
      refuse();
      push("exit");
      await until(() =>
        events.some((event) => event.name === "log.note" && event.message.endsWith(sentence)),
      );
      allow();
      push("add");
      await until(() => tasks()[1]?.state === "finished");
      await worker.stop();
    });
  });

  test("stops while its models are still being loaded, which may be for ever", async () => {
    writeFileSync(
      join(folder, "models.ts"),
      `import { writeFileSync } from "node:fs";
       writeFileSync(${JSON.stringify(join(folder, "loading"))}, "");
       await new Promise(() => {});`,
    );
    let stop = (): unknown => undefined;
    const starting = start({ beforeStart: (worker) => void (stop = () => worker.stop()) });
    await until(() => existsSync(join(folder, "loading")));
    await stop();
    const worker = await starting;
    expect(await worker.stopped).toEqual({ finished: 0, failed: 0 });
    expect(events.some(({ name }) => name === "worker.started")).toBe(false);
  });

  test("that is stopped before it has begun begins nothing", async () => {
    const worker = await start({ beforeStart: (it) => void it.stop() });
    expect(await worker.stopped).toEqual({ finished: 0, failed: 0 });
    expect(events.map(({ name }) => name)).toEqual(["worker.stopping", "worker.stopped"]);
  });

  test("that is idle stops without waiting for the write lock once for each thread", async () => {
    const worker = await start({ threads: 4, timeout: "300ms" });
    using other = connect();
    other.run("BEGIN IMMEDIATE"); // another program
    await worker.stop();
    const notes = events.filter((event) => event.name === "log.note");
    expect(notes).toEqual([
      expect.objectContaining({ message: expect.stringContaining("Cannot sign off") as string }),
    ]);
    other.run("ROLLBACK");
  });

  test("looks again after a look for tasks that failed", async () => {
    const worker = await start({ threads: 1 });
    const { store } = worker;
    const look = store.look.bind(store);
    let refusals = 0;
    spyOn(store, "look").mockImplementation(async (options) => {
      const seen = await look(options);
      if (seen.due !== null && seen.due - Date.now() <= DUE_SOON_MS && refusals++ === 0)
        throw new Error("torn page");
      return seen;
    });
    push("add", [], Date.now() + 50);
    await until(() => tasks()[0]?.state === "finished");
    expect(refusals).toBeGreaterThan(0);
    expect(events).toContainEqual(
      expect.objectContaining({ message: "Cannot look for tasks: Error: torn page" }),
    );
    await worker.stop();
  });

  test("that drains and loses its database meanwhile says so once, by its promise `stopped`", async () => {
    const file = join(folder, "nap.ts");
    writeFileSync(
      file,
      `import { Model } from "tq";
       export class Job extends Model {
         static override readonly __name__ = "job";
         async nap() { await Bun.sleep(600); }
       }`,
    );
    const first = await start({ models: [file], threads: 1 });
    await first.stop();
    push("nap");
    const worker = await start({ models: [file], threads: 1, drain: "ready" });
    const { store } = worker;
    const check = Promise.withResolvers<void>();
    spyOn(store, "check").mockReturnValue(check.promise); // a tick asks while the task runs
    const unregister = store.unregister.bind(store);
    spyOn(store, "unregister").mockImplementation(async (id) => {
      check.reject(new Error("the database is gone"));
      await unregister(id);
    });
    expect(await errorOf(() => worker.stopped)).toMatchObject({ message: "the database is gone" });
    await nextTurn(); // a rejection that no code handles fails the test by then
  });

  test("with a file that exports no model says so, and what a model is", async () => {
    const file = join(folder, "none.ts");
    writeFileSync(file, 'import { Model } from "tq"; export class Nameless extends Model {}');
    const worker = await start({ models: [file], threads: 1 });
    await worker.stop();
    expect(events).toContainEqual({
      name: "log.note",
      level: "warn",
      message: `No task can run: there is no model in ${file}; a model is an exported class that extends ModelSQL(name, fields), or Model with a static __name__`,
    });
  });

  test("without models does not start", () => {
    expect(start({ models: [] })).rejects.toThrow("Cannot start a worker: there is no models.ts");
  });
});

describe("startWorker", () => {
  test("is not disturbed by a report that throws", async () => {
    let calls = 0;
    const worker = await startWorker({
      database: join(folder, "tq.db"),
      models: join(folder, "models.ts"),
      threads: 1,
      report: () => {
        calls += 1;
        throw new Error("no line");
      },
    });
    await worker.stop();
    expect(await worker.stopped).toEqual({ finished: 0, failed: 0 });
    expect(calls).toBeGreaterThan(2);
  });

  test("refuses an option that it does not know, with the near one", () => {
    const starting = startWorker({ thread: 2 } as unknown as WorkerOptions);
    expect(starting).rejects.toThrow(
      'Cannot start a worker: thread is not an option of startWorker; did you mean "threads"',
    );
  });
});
