/** The log of a worker whose server was away says so, and that this is over. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { MODELS } from "../integration/support/models.ts";
import type { Running } from "../integration/support/running.ts";
import { Site } from "../integration/support/site.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres-server.ts";

setDefaultTimeout(120_000);

function isMissed({ event, message }: Running["log"][number]): boolean {
  return event === "log.note" && message.includes("This worker goes on, though");
}

needs("postgres").describe("the log of workers whose server is killed and comes back,", () => {
  for (const [name, method] of [
    ["idle", null],
    ["busy", "wait"],
  ] as const) {
    test(`of one that was ${name} says once that the database can be used again`, async () => {
      const server = await startPostgres();
      await using site = new Site();
      site.write("models.ts", MODELS);
      const options = { env: { TQ_DATABASE: server.url("postgres") } };
      const worker = await site.worker(["-n", "2"], options);
      if (method !== null) {
        await site.start(["push", "job", method, "7"], options).ended();
        await worker.says("task.started");
      }
      await server.kill();
      await eventually("the outage is in the log", () => worker.log.some(isMissed));
      site.write("go", "");
      await server.start();
      await worker.says("store.recovered");
      const { code } = await site.start(["push", "job", "add", "1", "--wait"], options).ended();
      expect(code).toBe(0);
      expect(worker.count("store.recovered")).toBe(1);
      expect(worker.count("store.failed")).toBeLessThanOrEqual(1);
      worker.kill("SIGTERM");
      expect(await worker.exited).toBe(0);
      await server.stop();
    });
  }

  test("says where it was and why it does not answer; an idle worker stops meanwhile without waiting for it", async () => {
    const server = await startPostgres();
    await using site = new Site();
    site.write("models.ts", MODELS);
    const env = { TQ_DATABASE: server.url("postgres"), TQ_DATABASE__TIMEOUT: "20s" };
    const worker = await site.worker(["-n", "2"], { env });
    await server.kill();
    const { message } = await eventually("the outage is in the log", () =>
      worker.log.find(isMissed),
    );
    expect(message).toMatch(/goes on, though postgresql:\S+ does not answer \(.+\), and others/);
    const began = performance.now();
    worker.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
    expect(performance.now() - began).toBeLessThan(10_000);
    await server.stop();
  });
});
