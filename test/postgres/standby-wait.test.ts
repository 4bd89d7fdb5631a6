/** Commits wait for a synchronous standby that is not there: nobody waits for ever, and each effect happens once. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { eventually } from "../integration/support/eventually.ts";
import { MODELS } from "../integration/support/models.ts";
import { Site } from "../integration/support/site.ts";
import { needs } from "../support/needs.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";

setDefaultTimeout(60_000);

const NAMED = "commits wait for a synchronous standby that does not answer";

needs("postgres").describe("an absent synchronous standby", () => {
  let server: PostgresServer;
  let admin: Bun.SQL;

  beforeAll(async () => {
    server = await startPostgres();
    admin = new Bun.SQL(server.url("postgres"), { max: 1 });
  });

  afterAll(async () => {
    await admin.close();
    await server.stop();
  });

  async function waitFor(standby: string): Promise<void> {
    await admin.unsafe(`ALTER SYSTEM SET synchronous_standby_names = '${standby}'`);
    await admin.unsafe("SELECT pg_reload_conf()");
    const isSet = async () =>
      (await admin.unsafe("SHOW synchronous_standby_names"))[0]?.synchronous_standby_names;
    await eventually("the setting is in force", async () => (await isSet()) === standby);
  }

  async function stuck(name: string): Promise<number> {
    const [row] = await admin.unsafe(
      `SELECT count(*)::int AS count FROM pg_stat_activity WHERE datname = '${name}' AND wait_event = 'SyncRep'`,
    );
    return row.count;
  }

  async function makeShop(name: string) {
    await waitFor("");
    await admin.unsafe(`CREATE DATABASE ${name}`);
    const site = new Site();
    site.write("models.ts", MODELS);
    const options = { env: { TQ_DATABASE: server.url(name), TQ_DATABASE__TIMEOUT: "1s" } };
    const db = new Bun.SQL(server.url(name), { max: 1 });
    return {
      site,
      options,
      tried: (...args: string[]) => site.start(args, options).ended(),
      rows: (sql: string) => db.unsafe(sql),
      async [Symbol.asyncDispose]() {
        await waitFor("");
        await db.close();
        await site[Symbol.asyncDispose]();
      },
    };
  }

  test("ends a push with exit 10, and other commands, with a sentence; the status and the doctor name it", async () => {
    await using shop = await makeShop("commands");
    expect(await shop.tried("push", "job", "add", "1")).toMatchObject({ code: 0 });
    await waitFor("nosuch");
    const push = await shop.tried("push", "job", "add", "2");
    expect(push).toMatchObject({ code: 10, stdout: "" });
    expect(push.stderr).toContain(NAMED);
    const pause = await shop.tried("pause", "other");
    expect(pause).toMatchObject({ code: 10, stdout: "" });
    expect(pause.stderr).toContain(NAMED);
    expect((await shop.tried("status")).stdout).toContain("2 commits wait for a synchronous stand");
    const doctor = await shop.tried("doctor");
    expect(doctor).toMatchObject({ code: 1 });
    expect(doctor.stdout).toContain("✗ standby_wait");
    expect(doctor.stdout).not.toContain("✗ slow_flush");
    await waitFor("");
    await eventually("the commits have ended", async () => (await stuck("commands")) === 0);
    const [row] = await shop.rows("SELECT count(*)::int AS count FROM tq.task");
    expect(row.count).toBe(2);
    expect(await shop.tried("resume", "other")).toMatchObject({ code: 0 });
  });

  test("ends a worker that has something to write as it starts, with exit 5 and a sentence", async () => {
    await using shop = await makeShop("fresh");
    expect(await shop.tried("migrate")).toMatchObject({ code: 0 });
    await waitFor("nosuch");
    const worker = await shop.tried("worker");
    expect(worker).toMatchObject({ code: 5 });
    expect(worker.stderr).toContain(NAMED);
  });

  test("is named by a worker that starts, which does each task once, and stops though it cannot sign off", async () => {
    await using shop = await makeShop("worker");
    const earlier = await shop.site.worker(["-n", "1"], shop.options);
    earlier.kill("SIGTERM");
    expect(await earlier.exited).toBe(0);
    for (const key of ["1", "2", "3"]) {
      expect(await shop.tried("push", "job", "add", key)).toMatchObject({ code: 0 });
    }
    await waitFor("nosuch");
    const worker = await shop.site.worker(["-n", "1"], shop.options);
    const { message } = await worker.says("store.failed");
    expect(message).toContain(NAMED);
    await waitFor("");
    await worker.says("store.recovered");
    await eventually("all are finished", async () => {
      const [row] = await shop.rows(
        "SELECT count(*)::int AS count FROM tq.task WHERE state = 'finished'",
      );
      return row.count === 3;
    });
    expect(await shop.rows("SELECT key::int FROM effect ORDER BY key")).toEqual(
      [1, 2, 3].map((key) => ({ key })) as never,
    );
    await waitFor("nosuch");
    await shop.tried("push", "job", "add", "4");
    worker.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
  });

  test("that goes while a task runs has its end counted once", async () => {
    await using shop = await makeShop("running");
    const worker = await shop.site.worker(["-n", "1"], shop.options);
    expect(await shop.tried("push", "job", "linger", "7")).toMatchObject({ code: 0 });
    await worker.says("task.started");
    await waitFor("nosuch");
    shop.site.write("go", "");
    await worker.says("store.failed");
    await waitFor("");
    await worker.says("store.recovered");
    await eventually("it has finished", async () => {
      const [row] = await shop.rows("SELECT state FROM tq.task WHERE method = 'linger'");
      return row.state === "finished";
    });
    expect(await shop.rows("SELECT key::int FROM effect")).toEqual([{ key: 7 }] as never);
    worker.kill("SIGTERM");
    expect(await worker.exited).toBe(0);
  });
});
