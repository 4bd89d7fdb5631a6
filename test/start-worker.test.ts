/** startWorker: the worker inside another program. */
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import type { WorkerOptions } from "../src/embed.ts";
import { push } from "../src/push/push.ts";
import { startWorker } from "../src/start-worker.ts";
import { tasks } from "../src/tasks/tasks.ts";
import { sentenceOf } from "./support/error.ts";
import { folder, renewFolder } from "./worker/job-worker.ts";

setDefaultTimeout(20_000);
renewFolder();

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

  test("types the event of a listener by its name", async () => {
    const worker = await startWorker({
      database: join(folder, "tq.db"),
      models: join(folder, "models.ts"),
      threads: 1,
      report: () => {},
    });
    const off = worker.on("task.failed", ({ task, error }) => `${task.toFixed()} ${error.message}`);
    // @ts-expect-error -- a started run has no error yet
    worker.on("task.started", ({ error }) => error);
    // @ts-expect-error -- no worker has this event
    worker.on("task.inline", () => {});
    off();
    await worker.stop();
  });

  test("answers no push with an error while it stops: it is stored, or the connection is refused", async () => {
    const database = join(folder, "tq.db");
    const models = join(folder, "models.ts");
    const admin = { listen: "127.0.0.1:0" };
    const worker = await startWorker({ database, models, threads: 1, admin, report: () => {} });
    const token = readFileSync(join(folder, "tq.token"), "utf8").trim();
    const headers = { authorization: `Bearer ${token}` };
    const body = JSON.stringify({ model: "job", method: "add", instances: 1 });
    const statuses = new Set<number>();
    const begun = Promise.withResolvers<void>();
    const push = async () => {
      for (;;) {
        const asking = fetch(`${worker.url}/api/tasks`, { method: "POST", headers, body });
        const answer = await asking.catch(() => null);
        if (answer === null) return;
        statuses.add(answer.status);
        begun.resolve();
      }
    };
    const pushing = Array.from({ length: 8 }, push);
    await begun.promise;
    await worker.stop();
    await Promise.all(pushing);
    expect([...statuses]).toEqual([201]);
  });

  test("tells by `stopped` alone that the worker has ended by itself", async () => {
    const models = join(folder, "models.ts");
    const database = join(folder, "tq.db");
    const exitWithParent = true; // it then looks often, also while it is idle
    const worker = await startWorker({ database, models, exitWithParent, report: () => {} });
    rmSync(database);
    expect(await sentenceOf(() => worker.stopped)).toContain(database);
    expect(await worker.stop()).toBeUndefined();
  });

  test("has its threads load edited models when it is asked to", async () => {
    const models = join(folder, "models.ts");
    const database = join(folder, "tq.db");
    const worker = await startWorker({ database, models, threads: 1, report: () => {} });
    const loaded = new Promise<void>((resolve) => worker.on("models.loaded", () => resolve()));
    writeFileSync(models, readFileSync(models, "utf8").replace("this.id + 1", "this.id + 2"));
    worker.reload();
    await loaded;
    const [id = 0] = await push({ model: "job", method: "add", instances: 1 });
    expect(await tasks.result<number>(id)).toBe(3);
    await worker.stop();
  });

  test("loads edited models by itself where it watches them, and tells why it cannot", async () => {
    const models = join(folder, "models.ts");
    const database = join(folder, "tq.db");
    const options = { database, models, threads: 1, watch: true, report: () => {} };
    const worker = await startWorker(options);
    const refused = new Promise<string>((resolve) =>
      worker.on("models.refused", ({ message }) => resolve(message)),
    );
    writeFileSync(models, "export class {");
    expect(await refused).toContain(`Cannot load models from ${models}`);
    await worker.stop();
  });

  test("refuses an option that it does not know, with the near one", () => {
    const starting = startWorker({ thread: 2 } as unknown as WorkerOptions);
    expect(starting).rejects.toThrow(
      'Cannot start a worker: thread is not an option of startWorker; did you mean "threads"',
    );
  });

  test("names the option whose value a setting cannot have", async () => {
    const starting = startWorker({ database: join(folder, "tq.db"), threads: 0 });
    expect(await sentenceOf(() => starting)).toStartWith("the option threads cannot be 0: ");
  });

  test.each([
    [{ drain: "scheduled" }, 'drain cannot be "scheduled"; it must be true, false or "all"'],
    [{ report: "log" }, 'report cannot be "log"; it must be a function that takes an event'],
    [{ queues: "mail" }, 'queues cannot be "mail"; it must be a list of names and patterns'],
    [{ admin: { listn: "a:0" } }, 'admin: listn is not an option; did you mean "listen"?'],
    [null, "null is no object of options"],
  ])("refuses %j", async (options, sentence) => {
    expect(await sentenceOf(() => startWorker(options as never))).toBe(
      `Cannot start a worker: ${sentence}`,
    );
  });
});
