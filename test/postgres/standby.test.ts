/** A standby takes over from a server that was killed: each task is done, and once. */
import { expect, setDefaultTimeout } from "bun:test";
import { MODELS } from "../integration/support/models.ts";
import { eventually } from "../integration/support/eventually.ts";
import { Site } from "../integration/support/site.ts";
import { Proxy } from "../proof/postgres-proxy.ts";
import { freePort } from "../support/free-port.ts";
import { needs } from "../support/needs.ts";
import { startPostgres, startStandby } from "../support/postgres-server.ts";

setDefaultTimeout(60_000);

const TASKS = 60;

const PUSH = `
  INSERT INTO tq_push (model, method, instances, args)
  SELECT 'job', 'sleep', n, '[20]' FROM generate_series(1, ${TASKS}) AS n`;

const LEFT = "SELECT id FROM tq.task WHERE state <> 'finished' LIMIT 1";

const LAST_ENDS = `
  SELECT count(*)::int AS ended FROM tq.task WHERE state = 'finished'`;

needs("postgres").test(
  "a worker goes on with the standby that takes over from a killed primary, which waited for it",
  async () => {
    const ports = [freePort(), freePort()] as const;
    const primary = await startPostgres(["listen_addresses=127.0.0.1"], { port: ports[0] });
    const admin = new Bun.SQL(primary.url("postgres"), { max: 1 });
    await admin.unsafe("CREATE DATABASE shop");
    const standby = await startStandby(primary, ["listen_addresses=127.0.0.1"], ports[1]);
    await admin.unsafe("ALTER SYSTEM SET synchronous_standby_names = '*'");
    await admin.unsafe("SELECT pg_reload_conf()");
    await admin.close({ timeout: 0 });
    const proxy = new Proxy(ports[0]);
    const looking = new Bun.SQL(standby.url("shop"), { max: 1 });
    const one = async (text: string) => ((await looking.unsafe(text)) as unknown[])[0];
    try {
      await using site = new Site();
      site.write("models.ts", MODELS);
      const url = `postgresql://tq@127.0.0.1:${proxy.port}/shop`;
      const worker = await site.worker(["-n", "2"], { env: { TQ_DATABASE: url } });
      const pushing = new Bun.SQL(url, { max: 1 });
      await pushing.unsafe(PUSH);
      await pushing.close({ timeout: 0 });
      await worker.says("task.finished");
      await primary.kill();
      const before = (await one(LAST_ENDS)) as { ended: number };
      expect(before.ended).toBeLessThan(TASKS);
      await one("SELECT pg_promote()");
      proxy.moveTo(ports[1]);
      await eventually("all tasks have ended", async () => !(await one(LEFT)), 30_000);
      const effects = await one(
        "SELECT count(*)::int AS all, count(DISTINCT key)::int AS keys FROM effect",
      );
      expect(effects).toEqual({ all: TASKS, keys: TASKS });
      expect(worker.log.map(({ event }) => event)).not.toContain("task.failed");
      worker.kill("SIGTERM");
      expect(await worker.exited).toBe(0);
    } finally {
      await looking.close({ timeout: 0 });
      proxy.close();
      await standby.stop();
      await primary.stop();
    }
  },
);

needs("postgres").test(
  "a standby says that it cannot be seen there who lives, and takes no worker of its primary for dead",
  async () => {
    const ports = [freePort(), freePort()] as const;
    const primary = await startPostgres(["listen_addresses=127.0.0.1"], { port: ports[0] });
    const admin = new Bun.SQL(primary.url("postgres"), { max: 1 });
    await admin.unsafe("CREATE DATABASE shop");
    await admin.close({ timeout: 0 });
    const standby = await startStandby(primary, ["listen_addresses=127.0.0.1"], ports[1]);
    const following = new Bun.SQL(standby.url("shop"), { max: 1 });
    try {
      await using site = new Site();
      site.write("models.ts", MODELS);
      const [onPrimary, onStandby] = ports.map((port) => ({
        env: { TQ_DATABASE: `postgresql://tq@127.0.0.1:${port}/shop` },
      }));
      const worker = await site.worker(["-n", "1"], onPrimary);
      const pushed = await site.start(["push", "job", "wait", "1"], onPrimary).ended();
      await worker.says("task.started", { task: Number(pushed.stdout) });
      await eventually("the standby has the task that runs", async () => {
        const found = following.unsafe("SELECT id FROM tq.task WHERE state = 'running'");
        return ((await found.catch(() => [])) as unknown[]).length > 0;
      });
      const ask = async (...args: string[]) => (await site.start(args, onStandby).ended()).stdout;
      const [status, doctor] = [await ask("status"), await ask("doctor", "--quick")];
      for (const said of [status, doctor]) {
        expect(said).toContain("Whether workers live cannot be seen from a standby");
        expect(said).not.toMatch(/✗ dead_worker|\d +dead |No worker|start .*tq worker/);
      }
      expect(status).toMatch(/ unknown +1 +1 /);
      expect(doctor).toContain("the server is read-only");
      expect(doctor).not.toContain("✓ tasks can be pushed");
      expect(await ask("doctor")).toContain("! the server's disk has room");
      const task = pushed.stdout.trim();
      expect(await ask("why", task)).toContain(`Task ${task} has run for`);
      expect(JSON.parse(await ask("show", task, "--json"))).toMatchObject({ state: "running" });
      expect(await ask("top")).toContain("job.wait");
      for (const look of [["list"], ["stats"], ["logs", task], ["cron"], ["token", "list"]]) {
        const { code } = await site.start(look, onStandby).ended();
        expect({ look, code }).toEqual({ look, code: 0 });
      }
      site.write("go", "");
      await worker.says("task.finished");
      worker.kill("SIGTERM");
      expect(await worker.exited).toBe(0);
    } finally {
      await following.close({ timeout: 0 });
      await standby.stop();
      await primary.stop();
    }
  },
);
