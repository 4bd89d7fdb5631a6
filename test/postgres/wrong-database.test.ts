/** Databases that cannot be used, and settings of a server or a role that would lead tasks astray. */
import { expect, setDefaultTimeout, test } from "bun:test";
import { needs } from "../support/needs.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { Site } from "../integration/support/site.ts";
import { type Empty, makeEmpty } from "./empty.ts";
import { makeShop } from "./shop.ts";
import { databaseName } from "../../src/values/database-url.ts";

setDefaultTimeout(60_000);

const COMMANDS = [["list"], ["status"], ["push", "job", "add", "1"], ["migrate"], ["worker"]];

/** What commands say of a database; none of them may end well. */
async function refusalsOf(database: Empty, commands: readonly string[][] = COMMANDS) {
  await using site = new Site();
  site.write(
    "models.ts",
    'import { Model } from "tq"; export class Job extends Model { static __name__ = "job"; add() {} }',
  );
  const said = new Set<string>();
  for (const args of commands) {
    const options = { env: { TQ_DATABASE: database.url, TQ_LOG__FORMAT: "text" } };
    const { code, stderr } = await site.start(args, options).ended();
    said.add(`${code} ${stderr.split("\n").findLast((line) => line.startsWith("tq: "))}`);
    expect(stderr).not.toContain("Cannot sign off");
  }
  return [...said];
}

async function hasSchema(database: Empty): Promise<boolean> {
  return (await database.run("SELECT FROM pg_namespace WHERE nspname = 'tq'")).length > 0;
}

needs("postgres").describe("on PostgreSQL", () => {
  test("PGDATABASE, PGHOST and PGPORT lead no task into another database than the URL's", async () => {
    await using shop = await makeShop();
    await using other = await makeEmpty();
    const name = String(new Bun.SQL(other.url).options.database);
    const env = { PGDATABASE: name, PGHOST: "127.0.0.9", PGPORT: "1" };
    const pushed = await shop.tried(["push", "job", "add", "7"], env);
    expect({ code: pushed.code, stderr: pushed.stderr }).toMatchObject({ code: 0 });
    expect(await hasSchema(other)).toBe(false);
    const worker = await shop.site.worker(["-n", "1"], { env: { ...shop.options.env, ...env } });
    await worker.says("task.finished", { task: Number(pushed.stdout) });
    expect(await shop.effectsOf(7)).toBe(1);
  });

  test("the schema of a newer tq is refused, also by programs that only look", async () => {
    await using database = await makeEmpty();
    await using site = new Site();
    await site.start(["migrate"], { env: { TQ_DATABASE: database.url } }).ended();
    await database.run("UPDATE tq.schema SET version = version + 1, oldest = version + 1");
    const said = await refusalsOf(database);
    expect(said).toEqual([expect.stringMatching(/^6 .* its schema has version \d+, and this tq/)]);
    const doctor = await site.start(["doctor"], { env: { TQ_DATABASE: database.url } }).ended();
    expect(doctor.stdout).not.toContain("✓ all programs know the schema");
  });

  test("a database whose encoding cannot hold every text is refused, and stays empty", async () => {
    await using database = await makeEmpty("TEMPLATE template0 ENCODING LATIN1 LOCALE 'C'");
    const said = await refusalsOf(database);
    expect(said).toEqual([expect.stringMatching(/^6 .*its encoding is LATIN1/)]);
    expect(await hasSchema(database)).toBe(false);
  });

  test("a search_path without a schema is refused with what to do, and nothing is half made", async () => {
    await using database = await makeEmpty();
    const name = String(new Bun.SQL(database.url).options.database);
    await database.run(`ALTER DATABASE ${name} SET search_path TO ''`);
    const said = await refusalsOf(database, [["push", "job", "add", "1"], ["migrate"], ["worker"]]);
    expect(said).toEqual([expect.stringMatching(/^6 .*let the search_path of its user name a/)]);
    expect(await hasSchema(database)).toBe(false);
  });

  test.each([
    ["CREATE VIEW tq_tasks AS SELECT 1 AS x", 'relation "tq_tasks" already exists'],
    ["CREATE TABLE tq_push (id int)", 'relation "tq_push" already exists'],
    ["CREATE TYPE tq_cron AS ENUM ('a')", 'type "tq_cron" already exists'],
    ["CREATE SCHEMA tq", 'schema "tq" already exists'],
    ["CREATE SCHEMA tq CREATE TABLE task (id int)", 'schema "tq" already exists'],
    ["CREATE SCHEMA tq CREATE TABLE schema (id int)", 'schema "tq" already exists'],
    [
      "CREATE SCHEMA tq CREATE VIEW schema AS SELECT 'mine' AS version",
      "its schema tq has another table schema",
    ],
  ])(
    "what somebody else has made under a name of tq's is refused, and stays: %s",
    async (made, what) => {
      await using database = await makeEmpty();
      await database.run(made);
      const before = await database.run("SELECT oid::int, relname FROM pg_class ORDER BY oid");
      const commands = [["push", "job", "add", "1"], ["migrate"], ["worker"]];
      const name = databaseName(database.url);
      const rest = "which tq did not make; rename that one, or name another database";
      expect(await refusalsOf(database, commands)).toEqual([
        `6 tq: Cannot make a queue in ${name}: ${what}, ${rest}`,
      ]);
      const after = await database.run("SELECT oid::int, relname FROM pg_class ORDER BY oid");
      expect(after).toEqual(before);
    },
  );

  test("what is left of a schema tq that was dropped is refused with what to do", async () => {
    await using database = await makeEmpty();
    await using site = new Site();
    const migrate = () => site.start(["migrate"], { env: { TQ_DATABASE: database.url } }).ended();
    expect(await migrate()).toMatchObject({ code: 0 });
    await database.run("DROP SCHEMA tq CASCADE");
    const said = await refusalsOf(database, [["push", "job", "add", "1"], ["migrate"], ["worker"]]);
    expect(said).toEqual([
      expect.stringMatching(
        /^6 .*the view public\.tq_push is left of a schema tq that was dropped; drop it too: DROP VIEW public\.tq_push$/,
      ),
    ]);
    await database.run("DROP VIEW public.tq_push");
    expect(await migrate()).toMatchObject({ code: 0 });
  });

  test("a role's own settings change no task, and make the same schema", async () => {
    await using shop = await makeShop();
    const settings = [
      "timezone TO 'Pacific/Chatham'",
      "datestyle TO 'German, DMY'",
      "intervalstyle TO sql_standard",
      "extra_float_digits TO -15",
      "quote_all_identifiers TO on",
      "array_nulls TO off",
      "transform_null_equals TO on",
      "bytea_output TO escape",
      "xmlbinary TO hex",
      "escape_string_warning TO off",
      "backslash_quote TO on",
      "standard_conforming_strings TO off",
      "row_security TO off",
      "check_function_bodies TO off",
      "exit_on_error TO on",
      "default_transaction_deferrable TO on",
      "plan_cache_mode TO force_generic_plan",
      "synchronize_seqscans TO off",
      "enable_indexscan TO off",
      "plpgsql.extra_errors TO 'all'",
      "client_encoding TO latin1",
      "default_transaction_isolation TO serializable",
      "idle_in_transaction_session_timeout TO 100",
      "idle_session_timeout TO 300",
      "statement_timeout TO 2000",
      "jit TO on",
    ];
    const role = `odd_${process.pid}`;
    await shop.database.run(`CREATE ROLE ${role} SUPERUSER LOGIN`);
    for (const one of settings) await shop.database.run(`ALTER ROLE ${role} SET ${one}`);
    const env = { TQ_DATABASE: shop.database.url.replace("://tq@", `://${role}@`) };
    const store = new PostgresStore({ url: env.TQ_DATABASE, folder: "/" });
    const session = store.session();
    const { rows } = await session.sql(
      `SELECT format_type('text'::regtype, NULL), 1.1::float8::text, (NULL = NULL)::text, '{NULL}'::text[] IS NOT NULL,
              'a'::bytea::text, interval '1 day'::text, date '2026-03-04'::text, current_setting('jit')`,
      [],
    );
    expect(rows).toEqual([
      ["text", "1.1", null, true, String.raw`\x61`, "1 day", "2026-03-04", "off"],
    ]);
    await store.release(session);
    await store.close();
    const worker = await shop.site.worker(["-n", "2"], { env });
    const { stdout } = await shop.tried(["push", "job", "wait", "3"], env);
    const waiting = Number(stdout);
    await worker.says("task.started", { task: waiting });
    const before = Date.now();
    const added = Number((await shop.tried(["push", "job", "add", "4"], env)).stdout);
    await worker.says("task.finished", { task: added });
    shop.site.write("go", "");
    await worker.says("task.finished", { task: waiting });
    expect([await shop.effectsOf(3), await shop.effectsOf(4)]).toEqual([1, 1]);
    const task = await shop.one<{ at: number; reason: string | null }>(
      `SELECT finished_at::float8 AS at, reason FROM tq.task WHERE id = ${added}`,
    );
    expect(task?.reason).toBeNull();
    expect(worker.log.filter(({ message }) => /clock/.test(message))).toEqual([]);
    await using empty = await makeEmpty();
    const other = { TQ_DATABASE: empty.url.replace("://tq@", `://${role}@`) };
    expect(await shop.tried(["push", "job", "add", "1"], other)).toMatchObject({ code: 0 });
    await empty.run(`DROP OWNED BY ${role}`);
    for (const look of [["status"], ["list"], ["doctor"]]) {
      const { stdout, stderr } = await shop.tried(look, env);
      expect({ look, stderr }).toEqual({ look, stderr: "" });
      expect(stdout).not.toBe("");
    }
    expect(Math.abs((task?.at ?? 0) - before)).toBeLessThan(60_000);
    worker.kill("SIGTERM");
    await worker.exited;
    await shop.database.run(`DROP OWNED BY ${role}`);
    await shop.database.run(`DROP ROLE ${role}`);
  });

  test("a role whose sessions run no triggers is refused", async () => {
    await using database = await makeEmpty();
    const role = `replica_${process.pid}`;
    await database.run(`CREATE ROLE ${role} SUPERUSER LOGIN`);
    await database.run(`ALTER ROLE ${role} SET session_replication_role = replica`);
    const url = database.url.replace("://tq@", `://${role}@`);
    const said = await refusalsOf({ ...database, url });
    expect(said).toEqual([
      expect.stringMatching(/^6 .*session_replication_role is replica, so that no triggers run/),
    ]);
    await database.run(`DROP ROLE ${role}`);
  });
});
