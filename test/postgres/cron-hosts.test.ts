/** Recurring tasks of two hosts whose tq.toml stand at the same path. */
import { expect, test } from "bun:test";
import { hostname } from "node:os";
import type { CronRow } from "../../src/cron/ledger.ts";
import { CronSources } from "../../src/worker/cron-sources.ts";
import { errorOf } from "../support/error.ts";
import { needs } from "../support/needs.ts";
import { makePostgres } from "../support/postgres.ts";
import { DAY_MS, HOUR_MS } from "../../src/values/duration.ts";
import { configOf, DAILY, FILE, hostsOf, MODELS, WEEKLY } from "./cron-hosts.ts";

needs("postgres").test(
  "the file of the host that came first counts, and the other host says that its file differs",
  async () => {
    await using made = await makePostgres();
    const { start, row, said } = hostsOf(made);
    await start("w1", "shop-1", DAILY);
    const second = await start("w2", "shop-2", WEEKLY);
    await second.look();
    expect(said).toEqual([
      "recurring task nightly of shop-2:/etc/tq/tq.toml is not in force: shop-1:/etc/tq/tq.toml says another thing of it, and counts as long as a worker of shop-1 lives; give all hosts the same tq.toml, and start their workers anew",
    ]);
    const found = await row();
    expect(found?.origin).toBe("shop-1:/etc/tq/tq.toml");
    expect(found?.definition).toContain("@daily");
    expect(found?.others).toEqual(["shop-2:/etc/tq/tq.toml"]);
  },
);

needs("postgres").test(
  "the same file on many hosts makes one recurring task, and no host warns",
  async () => {
    await using made = await makePostgres();
    const { start, row, said } = hostsOf(made);
    const first = await start("w1", "shop-1", DAILY);
    const others = [await start("w2", "shop-2", DAILY), await start("w3", "shop-3", DAILY)];
    for (const one of [first, ...others]) await one.look();
    expect(said).toEqual([]);
    expect((await row())?.others).toEqual([]);
    await made.store.unregister("w1");
    for (const one of others) await one.look();
    expect(await row()).toMatchObject({ held: true, origin: "shop-2:/etc/tq/tq.toml", others: [] });
    expect(said).toEqual([]);
  },
);

needs("postgres").test(
  "a host whose file becomes that of the others says nothing more, and one that changes it alone does",
  async () => {
    await using made = await makePostgres();
    const { start, row, said } = hostsOf(made);
    await start("w1", "shop-1", DAILY);
    const second = await start("w2", "shop-2", DAILY);
    await start("w3", "shop-1", WEEKLY); // the newer file of that host
    expect((await row())?.definition).toContain("@weekly");
    await second.look();
    expect(said.splice(0)).toEqual([expect.stringContaining("shop-2:/etc/tq/tq.toml is not in")]);
    await start("w4", "shop-2", WEEKLY);
    expect(said).toEqual([]);
    expect((await row())?.others).toEqual(["shop-2:/etc/tq/tq.toml"]); // as w2 has read it
    await made.store.unregister("w2");
    expect((await row())?.others).toEqual([]);
  },
);

needs("postgres").test(
  "a host of another name that has the same path takes the place of one that is gone",
  async () => {
    await using made = await makePostgres();
    const { start, row } = hostsOf(made);
    await start("w1", "5f0c2a", DAILY);
    await made.store.unregister("w1");
    await start("w2", "9b41d7", WEEKLY);
    expect(await row()).toMatchObject({ origin: "9b41d7:/etc/tq/tq.toml", held: true });
    expect((await row())?.definition).toContain("@weekly");
  },
);

needs("postgres").test(
  "what a queue that was a file had from the same path is taken, and what that file has no more ends after a day",
  async () => {
    await using made = await makePostgres();
    const { start, row } = hostsOf(made);
    const definition = '{"schedule":"@daily","task":"night.run"}';
    for (const name of ["nightly", "old"]) await made.store.cron.add(FILE, { name, definition });
    await made.store.cron.add("/not/here/tq.toml", { name: "lost", definition });
    const first = await start("w1", "shop-1", DAILY);
    expect(await row()).toMatchObject({ origin: "shop-1:/etc/tq/tq.toml", removedAt: null });
    expect(await row("old")).toMatchObject({ origin: FILE, removedAt: null });
    made.clock.advance(DAY_MS);
    await first.look();
    for (const name of ["old", "lost"]) {
      expect(await row(name)).toMatchObject({ removedAt: made.clock.now() });
    }
  },
);

needs("postgres").test(
  "a worker that others took for dead has its recurring tasks again once it is registered anew",
  async () => {
    await using made = await makePostgres();
    const { store, database } = made;
    const worker = { id: "w1", pid: 1, threads: 1, queues: [] };
    await store.register(worker);
    const config = { ...configOf("", database.url), file: null };
    const sources = new CronSources({ ...worker, host: "shop-1", store, config, report() {} });
    const definition = '{"schedule":"@daily","task":"night.run"}';
    const definitions = [{ name: "nightly", definition }];
    sources.load({ ...MODELS, crons: [{ path: "/shop/night.ts", onRecords: [], definitions }] });
    const isHeld = async () => (await hostsOf(made).row())?.held;
    await sources.look();
    expect([await isHeld(), sources.isWaiting]).toEqual([true, false]);
    await store.unregister("w1");
    await sources.look();
    expect([await isHeld(), sources.isWaiting]).toEqual([false, true]);
    await store.register(worker);
    await sources.look();
    expect([await isHeld(), sources.isWaiting]).toEqual([true, false]);
  },
);

needs("postgres").test(
  "a worker says again what a failover has lost of what it had read",
  async () => {
    await using made = await makePostgres();
    const { start, row } = hostsOf(made);
    const first = await start("w1", "shop-1", DAILY);
    await made.database.run("DELETE FROM tq.cron_read");
    await first.look();
    expect(await row()).toMatchObject({ held: true });
    await made.database.run("DELETE FROM tq.cron_read; DELETE FROM tq.cron");
    await first.look();
    expect(await row()).toMatchObject({ held: true });
  },
);

needs("postgres").describe("what only the file of another host has", () => {
  const OWN = DAILY.replace("nightly", "own");

  test("waits while that host has no worker, and goes on with its next one", async () => {
    await using made = await makePostgres();
    const { start, row, said } = hostsOf(made);
    await start("w1", "shop-1", DAILY + OWN);
    const before = await row("own");
    await made.store.unregister("w1");
    await start("w2", "shop-2", DAILY);
    expect(await row("own")).toMatchObject({ held: false, removedAt: null });
    made.clock.advance(HOUR_MS);
    await start("w3", "shop-1", DAILY + OWN);
    expect(await row("own")).toEqual({ ...before, heldSince: made.clock.now() } as CronRow);
    expect(said).toEqual([]);
  });

  test("ends once a worker has seen none that has it for a day, and the log says so", async () => {
    await using made = await makePostgres();
    const { start, row, said } = hostsOf(made);
    await start("w1", "shop-1", DAILY + OWN);
    const second = await start("w2", "shop-2", DAILY);
    await made.store.unregister("w1");
    made.clock.advance(3 * DAY_MS); // with no look: nobody was there to see it
    await second.look();
    made.clock.advance(DAY_MS - 1);
    await second.look();
    expect(await row("own")).toMatchObject({ removedAt: null });
    made.clock.advance(1);
    await second.look();
    expect(await row("own")).toMatchObject({ removedAt: made.clock.now() });
    expect(said).toEqual([
      "recurring task own stops: no worker has had shop-1:/etc/tq/tq.toml for a day",
    ]);
  });

  test("has its whole day again after a worker that had it", async () => {
    await using made = await makePostgres();
    const { start, row } = hostsOf(made);
    await start("w1", "shop-1", OWN);
    const second = await start("w2", "shop-2", DAILY);
    await made.store.unregister("w1");
    await second.look();
    made.clock.advance(DAY_MS - HOUR_MS);
    await start("w3", "shop-1", OWN);
    await made.store.unregister("w3");
    await second.look();
    made.clock.advance(HOUR_MS);
    await start("w4", "shop-3", DAILY);
    expect(await row("own")).toMatchObject({ removedAt: null });
    made.clock.advance(DAY_MS - HOUR_MS);
    await start("w5", "shop-3", DAILY);
    expect(await row("own")).toMatchObject({ removedAt: made.clock.now() });
  });

  test("is removed by hand once that host has no worker, and comes back with its next one", async () => {
    await using made = await makePostgres();
    const { start, row } = hostsOf(made);
    await start("w1", "shop-1", DAILY + OWN);
    await start("w2", "shop-2", DAILY);
    expect((await errorOf(made.store.cron.remove("own"))).message).toContain(
      "it is defined in the section [cron.own] of /etc/tq/tq.toml on shop-1",
    );
    await made.store.unregister("w1");
    await made.store.cron.remove("own");
    expect(await row("own")).toBeUndefined();
    await start("w3", "shop-1", DAILY + OWN);
    expect(await row("own")).toMatchObject({ held: true, removedAt: null });
  });

  test("is not removed by hand on that host itself, whose file has it", async () => {
    await using made = await makePostgres();
    const { start } = hostsOf(made);
    await start("w1", hostname(), OWN);
    await made.store.unregister("w1");
    expect((await errorOf(made.store.cron.remove("own"))).message).toContain("remove it there");
  });

  test("ends at once where its own host takes it out, and its looks write nothing while it waits", async () => {
    await using made = await makePostgres();
    const { start, row } = hostsOf(made);
    await start("w1", "shop-1", DAILY + OWN);
    await made.store.unregister("w1");
    const second = await start("w2", "shop-2", DAILY);
    const version = await made.store.cron.version();
    await second.look();
    expect(await made.store.cron.version()).toBe(version);
    await start("w3", "shop-1", DAILY);
    expect(await row("own")).toMatchObject({ removedAt: made.clock.now() });
  });
});
