/** Somebody ends the connections of a worker, one after another: each task is done, and once. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { needs } from "../support/needs.ts";
import { makeShop } from "./shop.ts";

setDefaultTimeout(60_000);

needs("postgres").describe("a worker on PostgreSQL", () => {
  test("does each task once while the server ends its connections of every kind", async () => {
    await using shop = await makeShop();
    const worker = await shop.worker(2);
    const all = await shop.backends(worker);
    expect(all.length).toBeGreaterThanOrEqual(4); // its life, what it hears, and a thread's each
    let pushed = 0;
    for (const pid of all) {
      await shop.database.run(
        `INSERT INTO tq_push (model, method, instances) SELECT 'job', 'add', ${pushed} + n FROM generate_series(1, 20) AS n`,
      );
      pushed += 20;
      await shop.database.run(`SELECT pg_terminate_backend(${pid})`);
    }
    await eventually(
      "all tasks have finished",
      async () => {
        const row = await shop.one<{ done: number }>(
          "SELECT count(*)::int AS done FROM tq.task WHERE state = 'finished'",
        );
        return row?.done === pushed;
      },
      30_000,
    );
    const effects = await shop.one(
      "SELECT count(*)::int AS all, count(DISTINCT key)::int AS keys FROM effect",
    );
    expect(effects).toEqual({ all: pushed, keys: pushed });
    expect(worker.log.map(({ event }) => event)).not.toContain("task.failed");
    worker.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
  });

  test("of one database does each task once beside one that names it in another way", async () => {
    await using shop = await makeShop();
    const { url } = shop.database;
    const other = url.replace(/@\/([^?]+)\?host=([^&]+)/, (_, database: string, host: string) => {
      return `@${encodeURIComponent(host)}/${database}?`;
    });
    expect(other).not.toBe(url);
    const first = await shop.worker(2);
    const second = await shop.site.worker(["-n", "2"], { env: { TQ_DATABASE: other } });
    await shop.database.run(
      "INSERT INTO tq_push (model, method, instances) SELECT 'job', 'add', n FROM generate_series(1, 200) AS n",
    );
    first.kill("SIGKILL");
    await eventually(
      "all tasks have finished",
      async () => {
        const row = await shop.one<{ left: number }>(
          "SELECT count(*)::int AS left FROM tq.task WHERE state <> 'finished'",
        );
        return row?.left === 0;
      },
      30_000,
    );
    const effects = await shop.one(
      "SELECT count(*)::int AS all, count(DISTINCT key)::int AS keys FROM effect",
    );
    expect(effects).toEqual({ all: 200, keys: 200 });
    second.kill("SIGTERM");
    expect(await second.exited).toBe(0);
  });
});
