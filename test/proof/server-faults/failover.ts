/** The primary is killed under load, and its standby takes over. */
import { freePort } from "../../support/free-port.ts";
import { startPostgres, startStandby } from "../../support/postgres-server.ts";
import { Proxy } from "../postgres-proxy.ts";
import { Load } from "./load.ts";
import { report, type Say } from "./report.ts";
import { sql } from "./statements.ts";

/** How a standby names itself that is told nothing else. */
const NAME = "walreceiver";

/** A primary with a database, and a standby that follows it. */
async function pair(isSynchronous: boolean) {
  const ports = [freePort(), freePort()] as const;
  const common = ["listen_addresses=127.0.0.1", "fsync=on"];
  const primary = await startPostgres(common, { port: ports[0] });
  await sql(primary, "CREATE DATABASE shop");
  const standby = await startStandby(primary, common, ports[1]);
  if (isSynchronous) {
    await sql(primary, `ALTER SYSTEM SET synchronous_standby_names = '${NAME}'`);
    await sql(primary, "SELECT pg_reload_conf()");
  }
  return { primary, standby, ports };
}

/**
 * Kills the primary and promotes the standby.
 *
 * @param behind the standby gets nothing for so long before: ms
 */
export async function failover(isSynchronous: boolean, behind: number, say: Say): Promise<boolean> {
  const { primary, standby, ports } = await pair(isSynchronous);
  const proxy = new Proxy(ports[0]);
  let serving = primary;
  try {
    const url = `postgresql://tq@127.0.0.1:${proxy.port}/shop`;
    await using load = await Load.start({ url, look: () => serving.url("shop") });
    if (behind > 0) {
      // The standby stops receiving: what is committed meanwhile is lost with the primary.
      await sql(standby, "ALTER SYSTEM SET primary_conninfo = ''");
      await sql(standby, "SELECT pg_reload_conf()");
      await Bun.sleep(behind);
    }
    const killed = performance.now();
    await primary.kill();
    await Bun.sleep(500);
    await sql(standby, "SELECT pg_promote()");
    serving = standby;
    const promoted = performance.now();
    proxy.moveTo(ports[1]);
    const back = await load.back(promoted);
    say(
      `a push is acknowledged ${back.push} ms, and its task done ${back.task} ms after the promotion (${Math.round(promoted - killed)} ms after the kill)`,
    );
    await Bun.sleep(3_000);
    return report(await load.count(behind > 0), load, say);
  } finally {
    proxy.close();
    await standby.stop();
    await primary.stop();
  }
}

/** The server becomes a standby under load: it is read-only, and then writes again. */
export async function demotion(say: Say): Promise<boolean> {
  const { primary, standby, ports } = await pair(true);
  const proxy = new Proxy(ports[0]);
  let serving = primary;
  try {
    const url = `postgresql://tq@127.0.0.1:${proxy.port}/shop`;
    await using load = await Load.start({ url, look: () => serving.url("shop") });
    proxy.moveTo(ports[1]); // a standby that nobody has promoted
    await Bun.sleep(8_000);
    for (const args of [["push", "account", "add", "1"], ["worker"], ["doctor"], ["status"]]) {
      const { code, stdout, stderr } = await load.site.start(args, load.settings).ended();
      say(
        `tq ${args[0]} on the standby: exit ${code}: ${(
          stderr +
          (args[0] === "doctor"
            ? stdout
                .split("\n")
                .filter((line) => line.includes("✗"))
                .join("; ")
            : "")
        ).trim()}`,
      );
    }
    serving = standby;
    await primary.kill();
    await sql(standby, "SELECT pg_promote()");
    const back = await load.back();
    say(
      `a push is acknowledged ${back.push} ms, and its task done ${back.task} ms after the promotion`,
    );
    return report(await load.count(), load, say);
  } finally {
    proxy.close();
    await standby.stop();
    await primary.stop();
  }
}
