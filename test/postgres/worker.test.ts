/** The real command on PostgreSQL: workers that run, stop, are killed, and lose their server for a while. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { databaseName } from "../../src/values/database-url.ts";
import { eventually } from "../integration/support/eventually.ts";
import { needs } from "../support/needs.ts";
import { makeShop } from "./shop.ts";

setDefaultTimeout(60_000);

needs("postgres").describe("the command on PostgreSQL", () => {
  test("pushes, runs, lists, shows and counts", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker(2);
    const id = await shop.push("add", 7);
    await worker.says("task.finished", { task: id });
    expect(await shop.effectsOf(7)).toBe(1);
    expect(await shop.run("list")).toContain("job.add");
    expect(await shop.run("show", String(id))).toContain("finished");
    expect(await shop.run("status")).toContain("worker");
    const { stdout } = await shop.site.start(["doctor"], shop.options).ended();
    expect(stdout).toContain("✓ a worker runs");
  });

  test("shows no password, wherever it names the database", async () => {
    await using shop = await makeShop();
    const url = shop.database.url.replace("://tq@", "://tq:hush@");
    const said: string[] = [];
    for (const args of [["config"], ["config", "--json"], ["status"], ["doctor"], ["list"]]) {
      const ended = await shop.site.start(args, { env: { TQ_DATABASE: url } }).ended();
      said.push(ended.stdout, ended.stderr);
    }
    const worker = await shop.site.worker(["-n", "1"], { env: { TQ_DATABASE: url } });
    worker.kill("SIGTERM");
    await worker.exited;
    said.push(worker.stdout, worker.stderr);
    expect(said.join("\n")).toContain("postgresql://");
    expect(said.join("\n")).not.toContain("hush");
  });
});

needs("postgres").describe("a worker on PostgreSQL", () => {
  test("that is idle is woken by a push at once, each time", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker();
    for (const key of [1, 2, 3]) {
      await eventually("it says that it is idle", () =>
        shop.one("SELECT id FROM tq.worker WHERE idle"),
      );
      const id = await shop.push("add", key);
      const { enqueued_at: pushed } = (await shop.one<{ enqueued_at: string }>(
        `SELECT enqueued_at FROM tq.task WHERE id = ${id}`,
      )) ?? { enqueued_at: "0" };
      await worker.says("task.finished", { task: id });
      const row = await shop.one<{ began: string }>(
        `SELECT dequeued_at AS began FROM tq.task WHERE id = ${id}`,
      );
      expect(Number(row?.began) - Number(pushed)).toBeLessThan(1_000); // a look alone comes every 2 s
    }
  });

  test("that is stopped signs off, and leaves no connection", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker();
    expect((await shop.backends(worker)).length).toBeGreaterThan(2);
    worker.kill("SIGINT");
    expect(await worker.exited).toBe(0);
    expect(await shop.one("SELECT id FROM tq.worker")).toBeUndefined();
    await eventually("its connections end", async () => (await shop.backends(worker)).length === 0);
  });

  test("that is killed has its task started by another in two seconds, and its effect once", async () => {
    await using shop = await makeShop();
    const first = await shop.worker();
    const id = await shop.push("linger", 1);
    await first.says("task.started", { task: id });
    const second = await shop.worker();
    const killed = performance.now();
    first.kill("SIGKILL");
    await second.says("task.started", { task: id });
    expect(performance.now() - killed).toBeLessThan(2_000);
    expect(second.find("worker.rescued", { pid: first.pid, tasks: 1 })).toBeDefined();
    shop.site.write("go", "");
    await shop.becomes(id, "finished");
    expect(await shop.effectsOf(1)).toBe(1);
  });

  test("goes on where the server has ended all its connections", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker();
    const before = await shop.push("linger", 1);
    await worker.says("task.started", { task: before });
    for (const pid of await shop.backends(worker)) {
      await shop.database.run(`SELECT pg_terminate_backend(${pid})`);
    }
    shop.site.write("go", "");
    await shop.becomes(before, "finished");
    const after = await shop.push("add", 2);
    await shop.becomes(after, "finished");
    expect([await shop.effectsOf(1), await shop.effectsOf(2)]).toEqual([1, 1]);
    expect(worker.stderr).not.toContain("bun:sql");
    expect((await shop.database.run("SELECT id FROM tq.living")).length).toBe(1);
  });

  test("that was stopped for a while keeps its life and what it runs", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker();
    const id = await shop.push("linger", 1);
    await worker.says("task.started", { task: id });
    const before = await shop.one("SELECT id, life FROM tq.worker");
    worker.kill("SIGSTOP");
    await shop.one("SELECT pg_sleep(3.5)"); // longer than it waits for an answer
    worker.kill("SIGCONT");
    shop.site.write("go", "");
    await shop.becomes(id, "finished");
    expect(await shop.one("SELECT id, life FROM tq.worker")).toEqual(before as object);
    expect(await shop.one(`SELECT attempts, crashes FROM tq.task WHERE id = ${id}`)).toEqual({
      attempts: 1,
      crashes: 0,
    });
  });

  test("ends what it runs where the server does not answer, and goes on once it does", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker();
    const id = await shop.push("linger", 1);
    await worker.says("task.started", { task: id });
    const backends = await shop.backends(worker);
    const [{ postmaster } = { postmaster: 0 }] = (await shop.database.run(
      "SELECT (regexp_split_to_array(pg_read_file('postmaster.pid'), E'\\n'))[1]::int AS postmaster",
    )) as { postmaster: number }[];
    const stopped = [postmaster, ...backends];
    for (const pid of stopped) process.kill(pid, "SIGSTOP");
    try {
      await worker.says("log.note", {
        message: `This worker goes on, though ${databaseName(shop.database.url)} does not answer, and others may take this worker for dead; ended what a thread ran`,
      });
    } finally {
      for (const pid of stopped) process.kill(pid, "SIGCONT");
    }
    shop.site.write("go", "");
    await shop.becomes(id, "finished");
    expect(await shop.effectsOf(1)).toBe(1);
    expect(worker.stderr).not.toContain("bun:sql");
  });
});
