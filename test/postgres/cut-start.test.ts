/** A worker that starts while its connections are cut, or while no server answers. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { needs } from "../support/needs.ts";
import { MODELS } from "../integration/support/models.ts";
import { Site } from "../integration/support/site.ts";
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

  test("while no server answers ends within database.timeout, as a push does, and says why", async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const ended = await endOf(site, ["worker", "-n", "2"]);
    const push = await endOf(site, ["push", "job", "add", "1"]);
    expect(ended.code).toBe(5);
    expect(ended.stderr).toContain("no server answers there");
    expect(ended.took).toBeLessThan(push.took + TIMEOUT_MS);
  });
});

const TIMEOUT_MS = 2_000;

/** Nobody listens on the first port. */
const AWAY = {
  TQ_DATABASE: "postgresql://tq@127.0.0.1:1/tq",
  TQ_DATABASE__TIMEOUT: `${TIMEOUT_MS}ms`,
};

async function endOf(site: Site, command: readonly string[]) {
  const started = performance.now();
  const ended = await site.start(command, { env: AWAY }).ended(30_000);
  return { ...ended, took: performance.now() - started };
}
