/** The server's disk fills up under load: that of its log, with which it ends, and that of its tables. */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import { makeFolder } from "../../support/folder.ts";
import { freePort } from "../../support/free-port.ts";
import { startPostgres } from "../../support/postgres-server.ts";
import { Load } from "./load.ts";
import { report, type Say } from "./report.ts";
import { sql } from "./statements.ts";

/** They keep the workers busy for some 20 s. */
const LATE_TASKS = 100;

function system(...command: string[]): void {
  const { exitCode, stderr } = Bun.spawnSync(command);
  if (exitCode !== 0) throw new Error(`${command.join(" ")}: ${stderr.toString()}`);
}

/** A disk of the proof's own, which ends with it. */
function disk(path: string, size: string) {
  mkdirSync(path);
  system("mount", "-t", "tmpfs", "-o", `size=${size}`, "tmpfs", path);
  system("chown", "postgres", path);
  chmodSync(path, 0o700);
  const ballast = join(path, "ballast");
  return {
    /** Leaves nothing of it. */
    fill: () => void Bun.spawnSync(["dd", "if=/dev/zero", `of=${ballast}`, "bs=4k"]),
    free: () => rmSync(ballast, { force: true }),
    [Symbol.dispose]: () => system("umount", "-l", path),
  };
}

async function doctor(load: Load): Promise<string> {
  const { code, stdout, stderr } = await load.site.start(["doctor"], load.settings).ended(30_000);
  const found = stdout.split("\n").filter((line) => line.includes("✗"));
  return `exit ${code}: ${[...found, stderr.trim()].filter((line) => line !== "").join("; ")}`;
}

export async function fullLog(say: Say): Promise<boolean> {
  using folder = makeFolder();
  chmodSync(folder.path, 0o755);
  const wal = join(folder.path, "wal");
  using small = disk(wal, "64m");
  const port = freePort();
  const sizes = ["min_wal_size=32MB", "max_wal_size=32MB"];
  const server = await startPostgres(["listen_addresses=127.0.0.1", "fsync=on", ...sizes], {
    port,
    initdb: [`--waldir=${wal}/log`],
  });
  try {
    await sql(server, "CREATE DATABASE shop");
    const url = `postgresql://tq@127.0.0.1:${port}/shop`;
    await using load = await Load.start({ url, look: () => server.url("shop") });
    small.fill();
    await server.ended();
    say(`the server has ended for want of room; tq doctor: ${await doctor(load)}`);
    await Bun.sleep(3_000);
    small.free();
    const freed = performance.now();
    await server.start();
    const started = performance.now();
    const back = await load.back(started);
    say(
      `the server has recovered in ${Math.round(started - freed)} ms; pushes ${back.push} ms, tasks ${back.task} ms later`,
    );
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}

export async function fullTables(say: Say): Promise<boolean> {
  using folder = makeFolder();
  chmodSync(folder.path, 0o755);
  const path = join(folder.path, "tables");
  using small = disk(path, "64m");
  const port = freePort();
  const server = await startPostgres(["listen_addresses=127.0.0.1", "fsync=on"], { port });
  try {
    await sql(server, `CREATE TABLESPACE small LOCATION '${path}'`);
    await sql(server, "CREATE DATABASE shop TABLESPACE small");
    const url = `postgresql://tq@127.0.0.1:${port}/shop`;
    await using load = await Load.start({ url, look: () => server.url("shop") });
    await load.pushing.pushLate(LATE_TASKS); // pushes are refused at once: without these no task might meet the full disk
    small.fill();
    await load.says("disk or memory is full");
    say(`tq doctor: ${await doctor(load)}`);
    await Bun.sleep(8_000);
    small.free();
    const back = await load.back();
    say(`once there is room: pushes after ${back.push} ms, tasks after ${back.task} ms`);
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}
