/** A worker that starts while its connections are cut, or while no server answers. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { needs } from "../support/needs.ts";
import { makeShop } from "./shop.ts";

setDefaultTimeout(60_000);

needs("postgres").describe("a worker on PostgreSQL that starts", () => {
  test("goes on though its first connections are cut, each as soon as it is seen", async () => {
    await using shop = await makeShop();
    const worker = shop.site.start(["worker", "-n", "2"], shop.options);
    const cut = new Set<number>();
    await eventually("ten connections are cut", async () => {
      for (const pid of await shop.backends(worker)) {
        if (cut.has(pid)) continue;
        cut.add(pid);
        await shop.database.run(`SELECT pg_terminate_backend(${pid})`);
      }
      return cut.size >= 10 || worker.find("worker.started") !== undefined;
    });
    await worker.says("worker.started");
    await shop.becomes(await shop.push("add", 7), "finished");
    const { count } = (await shop.one<{ count: number }>(
      "SELECT count(*)::int AS count FROM tq.worker",
    )) ?? { count: 0 };
    expect(count).toBe(1);
    worker.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
  });
});
