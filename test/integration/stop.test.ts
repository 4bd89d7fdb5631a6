/** Signals, the pid file, and what is left behind: nothing. */
import { describe, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "./support/eventually.ts";
import { siteWithModels } from "./support/models.ts";
import type { Site } from "./support/site.ts";

setDefaultTimeout(30_000);

/** A worker with a task that waits for the file `go`. */
async function withRunningTask(site: Site, ...flags: string[]) {
  const worker = await site.worker(["-n", "1", ...flags], { detached: true });
  const id = await site.pushOne("job", "linger", "1");
  await worker.says("task.started", { task: id });
  return { worker, id };
}

/** No worker's row, no proof of life. */
function expectNothingLeft(site: Site): void {
  expect(site.all("SELECT id FROM tq__worker")).toEqual([]);
  expect(site.has("tq.db-workers")).toBe(false);
}

test("a worker that drains all warns once that the next task is due in two days", async () => {
  await using site = siteWithModels();
  await site.pushOne("job", "add", "1", "--scheduled-at", "+2d");
  const worker = await site.worker(["-n", "1", "--drain=all"]);
  const { level, message } = await worker.says("log.note");
  expect(level).toBe("warn");
  expect(message).toMatch(/^Draining waits for scheduled tasks too, .* due in (2 d|1 d 23 h.*); /);
  const id = await site.pushOne("job", "add", "2");
  await site.becomes(id, "finished");
  await site.run("cancel", "1");
  expect((await worker.ended()).code).toBe(0);
  expect(worker.count("log.note")).toBe(1);
});

/** Of the threads that load it the first one is ready at once; another one stays in a native call. */
const SLOW_FOR_OTHERS = `
import { openSync } from "node:fs";
let isFirst = true;
try { if (!Bun.isMainThread) openSync("first", "wx"); } catch { isFirst = false; }
if (!isFirst) { openSync("blocked", "w"); Bun.sleepSync(20_000); }`;

test("a worker that drains ends well while a thread, which has no task, is inside a native call", async () => {
  await using site = siteWithModels();
  site.write("models.ts", `${site.read("models.ts")}\n${SLOW_FOR_OTHERS}`);
  await site.pushOne("job", "linger", "1", "--worker=true");
  const worker = await site.worker(["-n", "2", "--drain"]);
  await eventually("a thread is inside a native call", () => site.has("blocked"));
  site.write("go", "");
  const { code, stderr } = await worker.ended(15_000);
  expect(stderr).not.toContain("cannot be ended");
  expect(code).toBe(0);
  expectNothingLeft(site);
});

describe("SIGTERM", () => {
  test("lets what runs end, begins nothing more, and exits with 0", async () => {
    await using site = siteWithModels();
    const { worker, id } = await withRunningTask(site, "--pidfile", "tq.pid");
    expect(site.read("tq.pid")).toBe(`${worker.pid}\n`);
    const behind = await site.pushOne("job", "add", "2");
    worker.kill("SIGTERM");
    await worker.says("worker.stopping");
    site.write("go", "");
    expect((await worker.ended()).code).toBe(0);
    expect(site.task(id)).toMatchObject({ state: "finished", attempts: 1 });
    expect(site.task(behind)).toMatchObject({ state: "ready", attempts: 0 });
    expect(site.effectsOf(2)).toBe(0);
    expectNothingLeft(site);
    expect(site.has("tq.pid")).toBe(false);
  });

  test("interrupts what still runs when the grace is over, and puts it back", async () => {
    await using site = siteWithModels();
    const { worker, id } = await withRunningTask(site, "--grace", "100ms");
    worker.kill("SIGTERM");
    expect((await worker.ended(3000)).code).toBe(0);
    expect(worker.find("task.interrupted", { task: id })).toBeDefined();
    expect(site.task(id)).toMatchObject({ state: "ready", crashes: 0 });
    expectNothingLeft(site);

    site.write("go", "");
    expect((await site.run("worker", "--drain")).code).toBe(0);
    expect(site.effectsOf(1)).toBe(1);
  });

  test("interrupts an endless loop as well", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "1", "--grace", "100ms"]);
    const id = await site.pushOne("job", "loop", "1");
    await site.becomes(id, "running");
    worker.kill("SIGTERM");
    expect((await worker.ended(3000)).code).toBe(0);
    expect(site.task(id)).toMatchObject({ state: "ready", crashes: 0 });
    expectNothingLeft(site);
  });

  test.each(["1", "3"])(
    "interrupts a task that holds the database, with %s threads",
    async (threads) => {
      await using site = siteWithModels();
      const worker = await site.worker(["-n", threads, "--grace", "100ms"]);
      const id = await site.pushOne("job", "wait", "1");
      await worker.says("task.started", { task: id });
      worker.kill("SIGTERM");
      expect((await worker.ended(3000)).code).toBe(0);
      expect(site.task(id)).toMatchObject({ state: "ready", crashes: 0 });
      expect(site.effects().size).toBe(0);
      expectNothingLeft(site);
    },
  );

  test.each(["SIGTERM", "SIGINT"] as const)("and then %s interrupts at once", async (second) => {
    await using site = siteWithModels();
    const { worker, id } = await withRunningTask(site, "--grace", "1h");
    worker.kill("SIGTERM");
    await worker.says("worker.stopping");
    worker.kill(second);
    expect((await worker.ended(3000)).code).toBe(0);
    expect(site.task(id)).toMatchObject({ state: "ready", crashes: 0 });
    expectNothingLeft(site);
  });

  test("to the whole process group, as service managers send it, is the same", async () => {
    await using site = siteWithModels();
    const { worker, id } = await withRunningTask(site);
    process.kill(-worker.pid, "SIGTERM");
    await worker.says("worker.stopping");
    site.write("go", "");
    expect((await worker.ended()).code).toBe(0);
    expect(site.task(id)).toMatchObject({ state: "finished", attempts: 1 });
    expect(() => process.kill(-worker.pid, 0)).toThrow();
    expectNothingLeft(site);
  });

  test("ends an idle worker at once", async () => {
    await using site = siteWithModels();
    const worker = await site.worker(["-n", "2"]);
    worker.kill("SIGTERM");
    expect((await worker.ended(2000)).code).toBe(0);
    expectNothingLeft(site);
  });
});

describe("SIGINT", () => {
  test("lets what runs end as SIGTERM does", async () => {
    await using site = siteWithModels();
    const { worker, id } = await withRunningTask(site);
    worker.kill("SIGINT");
    await worker.says("worker.stopping");
    site.write("go", "");
    expect((await worker.ended()).code).toBe(0);
    expect(site.task(id).state).toBe("finished");
    expectNothingLeft(site);
  });
});

describe("the pid file", () => {
  test("that a killed worker left is replaced", async () => {
    await using site = siteWithModels();
    const first = await site.worker(["--pidfile", "tq.pid"]);
    await first.end();
    expect(site.has("tq.pid")).toBe(true);
    const second = await site.worker(["--pidfile", "tq.pid"]);
    expect(site.read("tq.pid")).toBe(`${second.pid}\n`);
    second.kill("SIGTERM");
    await second.ended();
    expect(site.has("tq.pid")).toBe(false);
  });

  test("of a living process is respected, with a sentence", async () => {
    await using site = siteWithModels();
    const first = await site.worker(["--pidfile", "tq.pid"]);
    const { code, stderr } = await site.run("worker", "--pidfile", "tq.pid");
    expect(code).toBe(4);
    expect(stderr).toContain(`belongs to process ${first.pid}, which is alive`);
    expect(site.read("tq.pid")).toBe(`${first.pid}\n`);
  });

  test("is removed when the start fails", async () => {
    await using site = siteWithModels();
    const { code } = await site.run("worker", "--models", "missing.ts", "--pidfile", "tq.pid");
    expect(code).toBe(7);
    expect(site.has("tq.pid")).toBe(false);
  });
});
