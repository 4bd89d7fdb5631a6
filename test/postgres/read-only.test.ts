/** A server, database or role with default_transaction_read_only = on: whoever freezes an old primary so loses no push there. */
import { expect, setDefaultTimeout } from "bun:test";
import { MODELS } from "../integration/support/models.ts";
import { eventually } from "../integration/support/eventually.ts";
import { Site } from "../integration/support/site.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres-server.ts";

setDefaultTimeout(60_000);

const READ_ONLY = "default_transaction_read_only";

needs("postgres").test(
  "a server, database or role that is set read-only takes no push and no worker, and one that runs waits",
  async () => {
    const server = await startPostgres();
    const admin = new Bun.SQL(server.url("postgres"), { max: 1 });
    const set = async (change: string) => {
      await admin.unsafe(change);
      await admin.unsafe("SELECT pg_reload_conf()");
    };
    try {
      await admin.unsafe("CREATE DATABASE shop");
      await using site = new Site();
      site.write("models.ts", MODELS);
      const options = { env: { TQ_DATABASE: server.url("shop") } };
      const tried = (...args: string[]) => site.start(args, options).ended();
      expect(await tried("push", "job", "add", "1")).toMatchObject({ code: 0 });
      for (const [where, which] of [
        ["ROLE tq", "the role"],
        ["DATABASE shop", "the database"],
        ["SYSTEM", "the server"],
      ]) {
        await set(`ALTER ${where} SET ${READ_ONLY} = on`);
        await eventually(`${which} is read-only`, async () => {
          const fresh = new Bun.SQL(server.url("shop"), { max: 1 });
          const [row] = (await fresh.unsafe(`SHOW ${READ_ONLY}`)) as Record<string, string>[];
          await fresh.close({ timeout: 0 });
          return row?.[READ_ONLY] === "on";
        });
        for (const args of [["push", "job", "add", "2"], ["pause", "default"], ["worker"]]) {
          const { code, stdout, stderr } = await tried(...args);
          expect({ where, args, code, stdout }).toEqual({ where, args, code: 6, stdout: "" });
          expect(stderr).toContain("the server is read-only");
          expect(stderr).toContain(READ_ONLY);
        }
        const list = await tried("list");
        expect(list).toMatchObject({ code: 0 });
        expect(list.stdout.match(/job\.add/g)).toHaveLength(1);
        const doctor = await tried("doctor");
        expect(doctor.stdout).toContain("✗ server_read_only");
        expect(doctor.stdout).toContain(`${READ_ONLY} is on for ${which}`);
        expect(doctor.stdout).not.toContain("✗ slow_flush");
        await set(`ALTER ${where} RESET ${READ_ONLY}`);
      }
      const worker = await site.worker(["-n", "1"], options);
      await worker.says("task.finished", { task: 1 });
      await set(`ALTER SYSTEM SET ${READ_ONLY} = on`);
      const frozen = new Bun.SQL(server.url("shop"), {
        max: 1,
        connection: { [READ_ONLY]: "off" },
      });
      await frozen.unsafe(
        "INSERT INTO tq_push (model, method, instances) VALUES ('job', 'add', '[2]')",
      );
      await frozen.close({ timeout: 0 });
      await worker.says("store.failed");
      await set(`ALTER SYSTEM RESET ${READ_ONLY}`);
      const pushed = await eventually("a push is taken", async () => {
        const { code, stdout } = await tried("push", "job", "add", "3");
        return code === 0 ? Number(stdout) : null;
      });
      await worker.says("task.finished", { task: pushed });
      worker.kill("SIGTERM");
      expect(await worker.exited).toBe(0);
    } finally {
      await admin.close({ timeout: 0 });
      await server.stop();
    }
  },
);
