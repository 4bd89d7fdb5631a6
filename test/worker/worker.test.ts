/** A worker in this process, its threads started from the source. */
import * as clocks from "../../src/clock.ts";
import { existsSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, describe, expect, setDefaultTimeout, spyOn, test } from "bun:test";
import { LONG_LOAD_MS, longLoadWords } from "../../src/registry/long-load.ts";
import { nextTurn } from "../../src/next-turn.ts";
import { errorOf } from "../support/error.ts";
import type { WorkerProcess } from "../../src/worker/worker.ts";
import { newTask } from "../support/store.ts";
import { untilTrue } from "../support/until.ts";
import {
  connect,
  events,
  folder,
  MODELS,
  push,
  renewFolder,
  start,
  tasks,
  troubles,
} from "./job-worker.ts";

setDefaultTimeout(20_000);
renewFolder();

describe("a worker", () => {
  test("knows its models, runs what is pushed, and sums up at its end", async () => {
    const worker = await start();
    expect(worker.models?.catalog).toEqual({
      job: ["add", "exit", "fail", "hang", "lazy", "post", "trap"],
    });
    for (const method of ["add", "fail", "add"]) push(method);
    await untilTrue(() => tasks().every(({ state }) => state === "finished" || state === "failed"));
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
    await untilTrue(() => existsSync(hangs));
    const graceful = worker.stop();
    await worker.stop("now");
    await graceful;
    expect(tasks()[0]).toMatchObject({ state: "ready", crashes: 0 });
    expect(events.map(({ name }) => name)).toContain("task.interrupted");
  });

  test("that stops closes its store after all that uses it", async () => {
    let pushed = 0;
    const worker: WorkerProcess = await start({
      closing: async () => {
        pushed = await worker.store.push([newTask()]).then(([id = 0]) => id);
      },
    });
    await worker.stop();
    expect(pushed).toBe(1);
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
    using _ = spyOn(clocks, "setTimeout").mockImplementation(((then: () => void, wait: number) => {
      if (wait !== LONG_LOAD_MS) return real(then, wait);
      late.resolve(then);
      return real(() => {}, 0);
    }) as never);
    let stop = (): unknown => undefined;
    const starting = start({ beforeStart: (worker) => void (stop = () => worker.stop()) });
    const isLate = await late.promise;
    const said = () => events.filter(({ name }) => name === "log.note");
    await untilTrue(() => {
      if (said().length === 0) isLate();
      return said().length > 0;
    });
    await untilTrue(() => troubles()[0] === longLoadWords(models));
    await stop();
    await starting;
    expect(said()).toEqual([{ name: "log.note", level: "warn", message: longLoadWords(models) }]);
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
    const refusal = join(folder, "refusal");
    const check = `import { existsSync } from "node:fs"; if (existsSync(${JSON.stringify(refusal)})) throw new Error("no licence");`;
    writeFileSync(join(folder, "models.ts"), check + MODELS);
    const worker = await start({ threads: 1 });
    writeFileSync(refusal, "");
    push("exit");
    const said = () =>
      events.filter((event) => event.name === "log.note" && event.message.includes("no licence"));
    await untilTrue(() => said().length > 0);
    expect(worker.trouble).toContain("no licence");
    await untilTrue(() => troubles()[0]?.includes("no licence") === true);
    rmSync(refusal);
    push("add");
    await untilTrue(() => tasks()[1]?.state === "finished");
    expect(worker.trouble).toBeNull();
    await untilTrue(() => troubles()[0] === null);
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
      "Cannot start thread 1: Failed to spawn worker thread; give the worker fewer with --threads, or raise the system's limit of threads (ulimit -u)";

    test("does not start", async () => {
      refuse();
      expect(await errorOf(() => start())).toMatchObject({ code: "invalid", message: sentence });
      expect(existsSync(join(folder, "tq.db-workers"))).toBe(false);
    });

    test("tries again where the thread would have replaced another", async () => {
      const worker = await start({ threads: 1 });
      refuse();
      push("exit");
      await untilTrue(() =>
        events.some((event) => event.name === "log.note" && event.message.endsWith(sentence)),
      );
      allow();
      push("add");
      await untilTrue(() => tasks()[1]?.state === "finished");
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
    await untilTrue(() => existsSync(join(folder, "loading")));
    await stop();
    const worker = await starting;
    expect(await worker.stopped).toEqual({ finished: 0, failed: 0 });
    expect(events.some(({ name }) => name === "worker.started")).toBe(false);
  });

  test("that is stopped before it has begun begins nothing", async () => {
    const worker = await start({ beforeStart: (it) => void it.stop() });
    expect(await worker.stopped).toEqual({ finished: 0, failed: 0 });
    const names = events.map(({ name }) => name);
    expect(names).toEqual(["store.made", "worker.stopping", "worker.stopped"]);
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
      const wakes = options.limit > 0; // the other looks are those for many due tasks
      if (wakes && seen.due !== null && refusals++ === 0) throw new Error("torn page");
      return seen;
    });
    push("add", [], Date.now() + 300);
    await untilTrue(() => tasks()[0]?.state === "finished");
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

  test("with a file that exports no model does not start, and says what a model is", async () => {
    const file = join(folder, "none.ts");
    writeFileSync(file, 'import { Model } from "tq"; export class Nameless extends Model {}');
    expect(await errorOf(() => start({ models: [file], threads: 1 }))).toMatchObject({
      code: "models",
      message: `Cannot load models from ${file}: there is no model in it; a model is an exported class that extends ModelSQL(name, fields), or Model with a static __name__, and a function is an exported task(name, function)`,
    });
  });

  test("without models does not start", () => {
    expect(start({ models: [] })).rejects.toThrow("Cannot start a worker: there is no models.ts");
  });
});
