/** Connections run out, rights are taken away, and the password changes, under load; then all is as before. */
import { appendFileSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { freePort } from "../../support/free-port.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { Load } from "./load.ts";
import { report, type Say } from "./report.ts";
import { sql } from "./statements.ts";

const LASTING_MS = 4_000;

/** A server that asks a clerk for a password. */
async function withClerk(): Promise<{ server: PostgresServer; port: number }> {
  const port = freePort();
  const server = await startPostgres(["listen_addresses=127.0.0.1", "fsync=on"], { port });
  await sql(server, "CREATE ROLE clerk LOGIN PASSWORD 'first'");
  await sql(server, "CREATE DATABASE shop OWNER clerk");
  const hba = join(server.data, "pg_hba.conf");
  const rules = readFileSync(hba, "utf8");
  writeFileSync(hba, "host all clerk 127.0.0.1/32 scram-sha-256\n");
  appendFileSync(hba, rules);
  await sql(server, "SELECT pg_reload_conf()");
  return { server, port };
}

function start(server: PostgresServer, port: number): Promise<Load> {
  const url = `postgresql://clerk:first@127.0.0.1:${port}/shop`;
  return Load.start({ url, look: () => server.url("shop") });
}

export async function noConnections(say: Say): Promise<boolean> {
  const { server, port } = await withClerk();
  try {
    await using load = await start(server, port);
    await sql(server, "ALTER ROLE clerk CONNECTION LIMIT 3");
    await load.cut();
    await load.says("the server has no connection left");
    await Bun.sleep(LASTING_MS);
    await sql(server, "ALTER ROLE clerk CONNECTION LIMIT -1");
    const back = await load.back();
    say(`once connections are free: pushes after ${back.push} ms, tasks after ${back.task} ms`);
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}

export async function rights(say: Say): Promise<boolean> {
  const { server, port } = await withClerk();
  try {
    await using load = await start(server, port);
    await sql(server, "REASSIGN OWNED BY clerk TO tq", "shop");
    const change = async (words: string) => {
      for (const schema of ["tq", "public"]) {
        await sql(server, words.replace("$", schema), "shop");
      }
    };
    const all = "ON ALL TABLES IN SCHEMA $";
    await sql(
      server,
      "GRANT USAGE ON SCHEMA tq TO clerk; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA tq TO clerk",
      "shop",
    );
    await change(`GRANT ALL ${all} TO clerk`);
    await change("GRANT USAGE ON ALL SEQUENCES IN SCHEMA $ TO clerk");
    await Bun.sleep(1_000);
    for (const isCut of [false, true]) {
      await sql(server, "REVOKE ALL ON ALL TABLES IN SCHEMA tq FROM clerk", "shop");
      const from = load.workers.map((worker) => worker.stderr.length);
      if (isCut) await load.cut();
      await load.says("permission denied", from);
      await Bun.sleep(LASTING_MS);
      await change(`GRANT ALL ${all} TO clerk`);
      const back = await load.back();
      const words = isCut ? "and connections were lost meanwhile" : "on open connections";
      say(
        `once its rights are back (${words}): pushes after ${back.push} ms, tasks after ${back.task} ms`,
      );
    }
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}

export async function password(say: Say): Promise<boolean> {
  const { server, port } = await withClerk();
  try {
    await using load = await start(server, port);
    await sql(server, "ALTER ROLE clerk PASSWORD 'second'");
    const open = await load.back();
    say(`on open connections: pushes after ${open.push} ms, tasks after ${open.task} ms`);
    await load.cut();
    await load.says("refuses the user or its password");
    await Bun.sleep(LASTING_MS);
    await sql(server, "ALTER ROLE clerk PASSWORD 'first'");
    const back = await load.back();
    say(
      `once the password is right again: pushes after ${back.push} ms, tasks after ${back.task} ms`,
    );
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}
