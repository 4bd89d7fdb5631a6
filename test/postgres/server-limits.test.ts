/** Servers that cannot serve: too few connections, a full disk, a standby, one that is too old. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { chmodSync, rmSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { PostgresStore } from "../../src/postgres/store.ts";
import { MODELS } from "../integration/support/models.ts";
import { eventually } from "../integration/support/eventually.ts";
import { Site } from "../integration/support/site.ts";
import { sentenceOf } from "../support/error.ts";
import { makeFolder } from "../support/folder.ts";
import { needs } from "../support/needs.ts";
import { startPostgres } from "../support/postgres-server.ts";
import { makeEmpty } from "./empty.ts";

setDefaultTimeout(60_000);

function system(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

function siteOn(url: string) {
  const site = new Site();
  site.write("models.ts", MODELS);
  const options = { env: { TQ_DATABASE: url } };
  return {
    site,
    options,
    tried: (...args: string[]) => site.start(args, options).ended(),
    [Symbol.asyncDispose]: () => site[Symbol.asyncDispose](),
  };
}

/** Answers each connection with an error of this SQLSTATE. */
function refusingServer(state: string, message: string, routine = "") {
  const fields = `SERROR\0VERROR\0C${state}\0M${message}\0R${routine}\0\0`;
  const answer = Buffer.alloc(5 + Buffer.byteLength(fields));
  answer.write("E");
  answer.writeInt32BE(answer.length - 1, 1);
  answer.write(fields, 5);
  return Bun.listen({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      data(socket) {
        socket.write(answer);
        socket.end();
      },
    },
  });
}

test("a server that has crashed on a full disk is told to be full", async () => {
  const server = refusingServer("XX000", "could not write init file", "write_item");
  await using program = siteOn(`postgresql://tq@127.0.0.1:${server.port}/shop`);
  const { code, stderr } = await program.tried("push", "job", "add", "1");
  server.stop(true);
  expect(code).toBe(9);
  expect(stderr).toContain("disk or memory is full (could not write init file)");
});

test("a server that does not know a setting of the connection is told to be too old", async () => {
  const parameter = "idle_in_transaction_session_timeout";
  const server = refusingServer("42704", `unrecognized configuration parameter "${parameter}"`);
  await using program = siteOn(`postgresql://tq@127.0.0.1:${server.port}/shop`);
  const { code, stderr } = await program.tried("push", "job", "add", "1");
  server.stop(true);
  expect({ code, stderr }).toEqual({
    code: 6,
    stderr: expect.stringContaining("it must be PostgreSQL 13 or newer"),
  });
});

needs("postgres").describe("a PostgreSQL server", () => {
  test("with too few connections refuses a worker whole, and a push; both work once some are free", async () => {
    const limits = ["max_connections=24", "superuser_reserved_connections=1"];
    const server = await startPostgres(limits);
    try {
      const admin = new Bun.SQL(server.url("postgres"), { max: 1 });
      await admin.unsafe("CREATE ROLE clerk LOGIN");
      await admin.unsafe("CREATE DATABASE shop OWNER clerk");
      await using program = siteOn(server.url("shop").replace("://tq@", "://clerk@"));
      expect(await program.tried("push", "job", "add", "1")).toMatchObject({ code: 0 });
      await eventually("the connections of the push are gone", async () => {
        const rows = await admin.unsafe("SELECT FROM pg_stat_activity WHERE usename = 'clerk'");
        return rows.length === 0;
      });
      const busy = new Bun.SQL(server.url("shop").replace("://tq@", "://clerk@"), { max: 22 });
      const held = await Promise.all(Array.from({ length: 22 }, () => busy.reserve()));
      for (const args of [["push", "job", "add", "2"], ["list"], ["worker"]]) {
        const { code, stdout, stderr } = await program.tried(...args);
        expect({ code, stdout }).toEqual({ code: 5, stdout: "" });
        expect(stderr).toMatch(/the server has no connection left \(.*\); raise its max_con/);
      }
      const began = performance.now();
      const patient = program.tried("push", "job", "add", "3");
      await eventually("the push has met it", () => performance.now() - began > 1_000);
      for (const one of held) await one.release();
      await busy.close({ timeout: 0 });
      expect(await patient).toMatchObject({ code: 0 });
      const small = await program.site.worker(["-n", "1"], program.options);
      await small.says("task.finished", { task: 1 });
      await admin.close({ timeout: 0 });
    } finally {
      await server.stop();
    }
  });

  test("that is a standby is looked at, and says to each who writes where to go", async () => {
    const server = await startPostgres();
    try {
      const admin = new Bun.SQL(server.url("postgres"), { max: 1 });
      await admin.unsafe("CREATE DATABASE shop");
      await using program = siteOn(server.url("shop"));
      expect(await program.tried("push", "job", "add", "1")).toMatchObject({ code: 0 });
      const [row] = (await admin.unsafe("SHOW data_directory")) as { data_directory: string }[];
      await admin.close({ timeout: 0 });
      writeFileSync(join(row?.data_directory ?? "", "standby.signal"), "");
      await server.restart("fast");
      const list = await program.tried("list");
      expect(list).toMatchObject({ code: 0 });
      expect(list.stdout).toContain("job.add");
      expect(await program.tried("show", "1")).toMatchObject({ code: 0, stderr: "" });
      for (const args of [["push", "job", "add", "2"], ["pause", "default"], ["worker"]]) {
        const { code, stdout, stderr } = await program.tried(...args);
        expect({ code, stdout }).toEqual({ code: 6, stdout: "" });
        expect(stderr).toContain("name the primary in database.url if it is a standby");
        expect(stderr).not.toContain("Cannot sign off");
      }
      const store = new PostgresStore({ url: server.url("shop"), folder: "/", onlyLooks: true });
      const owner = { worker: "worker-1", thread: 1 };
      const death = { running: { id: 1, claim: 1 }, reason: "", maxCrashes: null };
      const rescue = await sentenceOf(() => store.rescueThread(owner, death));
      expect(rescue).toContain("name the primary in database.url if it is a standby");
      await store.close();
      const doctor = await program.tried("doctor");
      expect(doctor.stdout).toContain("✗ server_read_only");
      expect(doctor.stdout).not.toContain("✗ slow_flush");
    } finally {
      await server.stop();
    }
  });
});

needs("postgres", "mount").test(
  "on a full disk of PostgreSQL no push is acknowledged, a task stays, and runs once there is room",
  async () => {
    using folder = makeFolder();
    const { path } = folder;
    system("mount", "-t", "tmpfs", "-o", "size=12m", "tmpfs", path);
    try {
      system("chown", "postgres", path);
      chmodSync(path, 0o700);
      await using beside = await makeEmpty();
      await beside.run(`CREATE TABLESPACE small LOCATION '${path}'`);
      {
        await using database = await makeEmpty("TABLESPACE small");
        await using program = siteOn(database.url);
        const worker = await program.site.worker(["-n", "1"], program.options);
        const waiting = Number((await program.tried("push", "job", "linger", "1")).stdout);
        await worker.says("task.started", { task: waiting });
        const ballast = join(path, "ballast");
        Bun.spawnSync(["dd", "if=/dev/zero", `of=${ballast}`, "bs=1k"]);
        expect(statSync(ballast).size).toBeGreaterThan(0);
        const text = JSON.stringify(["x".repeat(100_000)]);
        let acknowledged = 1;
        const refusal = await eventually("a push is refused", async () => {
          const push = await program.tried("push", "job", "add", "2", "--args", text);
          if (push.code === 0) acknowledged += 1;
          return push.code === 0 ? null : push;
        });
        expect(refusal).toMatchObject({ code: 9, stdout: "" });
        expect(refusal.stderr).toContain("the server's disk or memory is full");
        const doctor = await program.tried("doctor");
        expect(doctor.stdout).toContain("✗ server_disk_full");
        expect(doctor.stdout).toContain("make room on the disk of the server");
        program.site.write("go", "");
        rmSync(ballast);
        await worker.says("task.finished", { task: waiting });
        const rows = await database.run("SELECT count(*)::int AS count FROM tq.task");
        expect(rows).toEqual([{ count: acknowledged }]);
        worker.kill("SIGTERM");
        await worker.exited;
      }
      await beside.run("DROP TABLESPACE small");
    } finally {
      system("umount", "-l", path);
    }
  },
);
