/** The server shows another certificate under load: a good one, then one of an issuer that nobody trusts. */
import { chownSync, copyFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Certificate, issue, makeIssuer } from "../../postgres/certificates.ts";
import { makeFolder } from "../../support/folder.ts";
import { freePort } from "../../support/free-port.ts";
import { type PostgresServer, startPostgres } from "../../support/postgres-server.ts";
import { Load } from "./load.ts";
import { report, type Say } from "./report.ts";
import { sql } from "./statements.ts";

async function show(server: PostgresServer, { cert, key }: Certificate): Promise<void> {
  const { uid, gid } = statSync(server.data);
  for (const [from, name] of [
    [cert, "server.crt"],
    [key, "server.key"],
  ] as const) {
    copyFileSync(from, join(server.data, name));
    if (process.getuid?.() === 0) chownSync(join(server.data, name), uid, gid);
  }
  await sql(server, "SELECT pg_reload_conf()");
}

const NAMES = "IP:127.0.0.1,DNS:localhost";

export async function certificates(say: Say): Promise<boolean> {
  using folder = makeFolder();
  const root = makeIssuer(folder.path, "root");
  const good = issue(folder.path, "good", root, NAMES);
  const next = issue(folder.path, "next", root, NAMES);
  const strange = issue(folder.path, "strange", makeIssuer(folder.path, "other"), NAMES);
  const port = freePort();
  const server = await startPostgres(["listen_addresses=127.0.0.1", "fsync=on"], { port });
  try {
    await sql(server, "CREATE DATABASE shop");
    await show(server, good);
    await sql(server, "ALTER SYSTEM SET ssl = on");
    await sql(server, "SELECT pg_reload_conf()");
    const url = `postgresql://tq@127.0.0.1:${port}/shop?sslmode=verify-full&sslrootcert=${root.cert}`;
    await using load = await Load.start({ url, look: () => server.url("shop") });

    await show(server, next);
    await load.cut();
    const renewed = await load.back();
    say(
      `with another certificate of the same issuer: pushes after ${renewed.push} ms, tasks after ${renewed.task} ms`,
    );

    await show(server, strange);
    await load.cut();
    await load.says("TLS failed");
    await Bun.sleep(6_000);
    await show(server, good);
    const mended = await load.back();
    say(
      `once a strange certificate is gone: pushes after ${mended.push} ms, tasks after ${mended.task} ms`,
    );
    return report(await load.count(), load, say);
  } finally {
    await server.stop();
  }
}
