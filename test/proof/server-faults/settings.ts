/** Settings of the role, the database and the server change under load, and then the server's clock. */
import { writeFileSync } from "node:fs";
import { makeFolder } from "../../support/folder.ts";
import { faketimeLibrary } from "../../support/tools.ts";
import { freePort } from "../../support/free-port.ts";
import { startPostgres } from "../../support/postgres-server.ts";
import { Load } from "./load.ts";
import { report, type Say } from "./report.ts";
import { sql } from "./statements.ts";

const CHANGES = [
  "timezone = 'Pacific/Chatham'",
  "datestyle = 'German, DMY'",
  "intervalstyle = 'sql_standard'",
  "client_encoding = 'latin1'",
  "standard_conforming_strings = off",
  "default_transaction_isolation = 'serializable'",
  "default_transaction_deferrable = on",
  "idle_in_transaction_session_timeout = 100",
  "lock_timeout = 1",
  "statement_timeout = 400",
  "work_mem = 64",
  "plan_cache_mode = 'force_generic_plan'",
  "enable_indexscan = off",
  "jit_above_cost = 0",
  "bytea_output = 'escape'",
  "extra_float_digits = 0",
  "array_nulls = off",
  "row_security = off",
  "check_function_bodies = off",
  "synchronous_commit = off",
] as const;

/** Each for so long: ms. */
const LASTING_MS = 700;

export async function settings(say: Say): Promise<boolean> {
  const port = freePort();
  const server = await startPostgres(["listen_addresses=127.0.0.1", "fsync=on"], { port });
  try {
    await sql(server, "CREATE DATABASE shop");
    const url = `postgresql://tq@127.0.0.1:${port}/shop`;
    await using load = await Load.start({ url, look: () => server.url("shop") });
    for (const [nth, change] of CHANGES.entries()) {
      const where = ["ALTER ROLE tq SET", "ALTER DATABASE shop SET", "ALTER SYSTEM SET"][nth % 3];
      const name = change.split(" ", 1)[0];
      await sql(server, `${where} ${change}`);
      await sql(server, "SELECT pg_reload_conf()");
      await load.cut();
      const back = await load.back();
      say(`${where} ${change}: pushes after ${back.push} ms, tasks after ${back.task} ms`);
      await Bun.sleep(LASTING_MS);
      await sql(server, `${where?.replace(/SET$/, "RESET")} ${name}`);
    }
    await sql(server, "SELECT pg_reload_conf()");
    await load.cut();
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}

/** Hours by which the clock is moved, one after another. */
const JUMPS = ["+1h", "-2h", "+0h"];

/** All processes and threads know the clock again after so long: ms. */
const FOLLOWED_MS = 16_000;

/** How long ago the task began that was pushed last of those that have ended: ms. */
const LAST_BEGUN = `
  SELECT (extract(epoch FROM clock_timestamp()) * 1000 - dequeued_at)::float8 AS off
    FROM tq.task WHERE state = 'finished' ORDER BY id DESC LIMIT 1`;

export async function clock(say: Say): Promise<boolean> {
  const library = faketimeLibrary();
  if (library === undefined) {
    say("skipped: libfaketime is not installed");
    return true;
  }
  using folder = makeFolder();
  const file = folder.file("time");
  const set = (offset: string) => writeFileSync(file, `${offset}\n`, { mode: 0o644 });
  set("+0");
  Bun.spawnSync(["chmod", "755", folder.path]);
  const port = freePort();
  const env = {
    LD_PRELOAD: library,
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_NO_CACHE: "1",
    FAKETIME_DONT_FAKE_MONOTONIC: "1",
    DONT_FAKE_MONOTONIC: "1",
  };
  const server = await startPostgres(["listen_addresses=127.0.0.1", "fsync=on"], { port, env });
  try {
    await sql(server, "CREATE DATABASE shop");
    const url = `postgresql://tq@127.0.0.1:${port}/shop`;
    await using load = await Load.start({ url, look: () => server.url("shop") });
    for (const jump of JUMPS) {
      set(jump);
      const back = await load.back();
      say(
        `the server's clock at ${jump}: pushes after ${back.push} ms, tasks after ${back.task} ms`,
      );
      await Bun.sleep(FOLLOWED_MS);
      const later = await load.back();
      say(`  and 16 s later: pushes after ${later.push} ms, tasks after ${later.task} ms`);
      const [last = { off: Infinity }] = await load.ask<{ off: number }>(LAST_BEGUN);
      say(`  the last task began ${Math.round(last.off / 1_000)} s before now`);
    }
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}
