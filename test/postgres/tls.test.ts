/** TLS and passwords on the way to PostgreSQL: what is wrong is refused with a sentence, and a worker outlives a change. */
import { afterAll, beforeAll, expect, setDefaultTimeout, test } from "bun:test";
import { chownSync, copyFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MODELS } from "../integration/support/models.ts";
import { Site } from "../integration/support/site.ts";
import { eventually } from "../integration/support/eventually.ts";
import { makeFolder } from "../support/folder.ts";
import { freePort } from "../support/free-port.ts";
import { needs } from "../support/needs.ts";
import { type PostgresServer, startPostgres } from "../support/postgres-server.ts";
import { type Certificate, issue, makeIssuer } from "./certificates.ts";

setDefaultTimeout(60_000);

/** All signs that a URL has to escape. */
const PASSWORD = "a b/c@:%?#é\"'x";

const HBA = `
local all tq trust
host plain tq 127.0.0.1/32 trust
hostssl all tq 127.0.0.1/32 trust
hostssl all clerk 127.0.0.1/32 scram-sha-256
`;

needs("postgres", "openssl").describe("over TCP to PostgreSQL", () => {
  const folder = makeFolder();
  let server: PostgresServer;
  let port = 0;
  let admin: Bun.SQL;
  let data = "";
  let root: Certificate;
  let good: Certificate;
  let ofOther: Certificate;
  let wrongName: Certificate;

  beforeAll(async () => {
    root = makeIssuer(folder.path, "root");
    const other = makeIssuer(folder.path, "other");
    good = issue(folder.path, "good", root, "IP:127.0.0.1,DNS:localhost");
    wrongName = issue(folder.path, "elsewhere", root, "DNS:db.elsewhere");
    ofOther = issue(folder.path, "stranger", other, "IP:127.0.0.1,DNS:localhost");
    port = freePort();
    server = await startPostgres(["listen_addresses=127.0.0.1"], { port });
    admin = new Bun.SQL(server.url("postgres"), { max: 1 });
    const [row] = (await admin.unsafe("SHOW data_directory")) as { data_directory: string }[];
    data = row?.data_directory ?? "";
    await admin.unsafe("CREATE ROLE clerk LOGIN");
    await admin.unsafe(`ALTER ROLE clerk PASSWORD '${PASSWORD.replaceAll("'", "''")}'`);
    await admin.unsafe("CREATE DATABASE shop OWNER clerk");
    await admin.unsafe("CREATE DATABASE plain");
    writeFileSync(join(data, "pg_hba.conf"), HBA);
    await show(good);
    await admin.unsafe("ALTER SYSTEM SET ssl = on");
    await reloaded();
  });

  afterAll(async () => {
    await admin.close({ timeout: 0 });
    await server.stop();
    folder[Symbol.dispose]();
  });

  /** Has the server show this certificate to new connections. */
  async function show({ cert, key }: Certificate): Promise<void> {
    const { uid, gid } = statSync(data);
    for (const [from, name] of [
      [cert, "server.crt"],
      [key, "server.key"],
    ] as const) {
      copyFileSync(from, join(data, name));
      if (process.getuid?.() === 0) chownSync(join(data, name), uid, gid);
    }
    await reloaded();
  }

  /** A connection that is made later has the new settings. */
  async function reloaded(): Promise<void> {
    const loaded = async () => {
      const sql = new Bun.SQL(server.url("postgres"), { max: 1 });
      const [row] = (await sql.unsafe("SELECT pg_conf_load_time()::text AS at")) as {
        at: string;
      }[];
      await sql.close({ timeout: 0 });
      return row?.at;
    };
    const before = await loaded();
    await admin.unsafe("SELECT pg_reload_conf()");
    await eventually("the server has its new settings", async () => (await loaded()) !== before);
  }

  function url(user: string, more: string, database = "shop"): string {
    return `postgresql://${user}@127.0.0.1:${port}/${database}${more}`;
  }

  async function list(given: string, env: Record<string, string> = {}): Promise<string> {
    await using site = new Site();
    const options = { env: { PGPASSWORD: "", HOME: site.path, TQ_DATABASE: given, ...env } };
    const { code, stderr } = await site.start(["list"], options).ended();
    return `${code} ${stderr.trim()}`;
  }

  const CONNECTED = expect.stringMatching(/^(0|3 tq: Cannot find a queue)/);
  const full = (): string => `?sslmode=verify-full&sslrootcert=${root.cert}`;

  test("a certificate of the right issuer for the right name is taken, and the connection is encrypted", async () => {
    expect(await list(url("tq", full()))).toEqual(CONNECTED);
    expect(await list(url("tq", "?sslmode=require"))).toEqual(CONNECTED);
  });

  test("the wrong issuer, the wrong name, and files that are none are refused", async () => {
    const failed =
      /^6 tq: Cannot connect to postgresql:.*: TLS failed \(.*see sslmode and sslrootcert/;
    const none = `?sslmode=verify-full&sslrootcert=${join(folder.path, "none.pem")}`;
    const noCertificate = `?sslmode=verify-full&sslrootcert=${join(data, "pg_hba.conf")}`;
    expect(await list(url("tq", "?sslmode=verify-full"))).toMatch(failed);
    expect(await list(url("tq", noCertificate))).toMatch(failed);
    expect(await list(url("tq", none))).toMatch(/^6 .*cannot be read .*mend sslrootcert/);
    await show(ofOther);
    expect(await list(url("tq", full()))).toMatch(
      /TLS failed \(.*; the server shows the certificate of "stranger", for ".*127\.0\.0\.1.*", which "other" has issued, and which ends \w+ .* GMT\)/,
    );
    expect(await list(url("tq", full().replace("verify-full", "verify-ca")))).toMatch(failed);
    await show(wrongName);
    expect(await list(url("tq", full()))).toMatch(failed);
    expect(await list(url("tq", full().replace("verify-full", "verify-ca")))).toEqual(CONNECTED);
    await show(good);
  });

  test("a server that wants TLS says so, and one without is not spoken to in the clear", async () => {
    expect(await list(url("tq", ""))).toMatch(/^6 .*without TLS .*add \?sslmode=require/);
    await admin.unsafe("ALTER SYSTEM SET ssl = off");
    await reloaded();
    expect(await list(url("tq", "?sslmode=require", "plain"))).toMatch(/^6 .*TLS failed/);
    expect(await list(url("tq", "", "plain"))).toEqual(CONNECTED);
    await admin.unsafe("ALTER SYSTEM SET ssl = on");
    await reloaded();
  });

  test("a password is that of the URL or of PGPASSWORD, whatever its signs; a wrong or missing one is refused", async () => {
    const escaped = encodeURIComponent(PASSWORD);
    expect(await list(url(`clerk:${escaped}`, full()))).toEqual(CONNECTED);
    expect(await list(url("clerk", full()), { PGPASSWORD: PASSWORD })).toEqual(CONNECTED);
    const refused = /^6 .*the server refuses the user or its password .*set PGPASSWORD/;
    for (const user of ["clerk", "clerk:wrong"]) {
      const said = await list(url(user, full()));
      expect(said).toMatch(refused);
      expect(said).not.toContain("wrong");
    }
  });

  test("a worker outlives a certificate that it cannot check, and goes on once it can", async () => {
    await using site = new Site();
    site.write("models.ts", MODELS);
    const options = { env: { TQ_DATABASE: url("tq", full()) } };
    const worker = await site.worker(["-n", "1"], options);
    await show(ofOther);
    const sql = new Bun.SQL(server.url("shop"), { max: 1 });
    await sql.unsafe(
      `SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name LIKE 'tq ${worker.pid} %'`,
    );
    const rows = (await sql.unsafe(
      "INSERT INTO tq_push (model, method, instances) VALUES ('job', 'add', '[7]') RETURNING id::float8",
    )) as { id: number }[];
    await eventually("the worker says why it cannot connect", () =>
      worker.stderr.includes("TLS failed"),
    );
    const refused = await site.start(["push", "job", "add", "8"], options).ended();
    expect(refused).toMatchObject({ code: 6, stdout: "" });
    await show(good);
    await worker.says("task.finished", { task: rows[0]?.id });
    expect(Array.from(await sql.unsafe("SELECT key FROM effect"))).toMatchObject([{ key: 7 }]);
    await sql.close({ timeout: 0 });
  });
});
