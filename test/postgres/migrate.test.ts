/** The schema on PostgreSQL: made once, by programs or by hand. */
import { expect, test } from "bun:test";
import { MIGRATIONS } from "../../src/postgres/migrate.ts";
import { PostgresStore } from "../../src/postgres/store.ts";
import { Folder } from "../cli/tq.ts";
import { needs } from "../support/needs.ts";
import { type Empty, makeEmpty } from "./empty.ts";
import { claim, claimFirst, newTask, pushOne } from "../support/store.ts";

/** All that the schema has. */
function contentOf(database: Empty) {
  return database.run(`
    SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default
      FROM information_schema.columns WHERE table_schema = 'tq' OR table_name LIKE 'tq%'
    UNION ALL SELECT schemaname, tablename, indexname, indexdef, NULL, NULL FROM pg_indexes WHERE schemaname = 'tq'
    UNION ALL SELECT 'tq', proname, prosrc, NULL, NULL, NULL FROM pg_proc WHERE pronamespace = 'tq'::regnamespace
    UNION ALL SELECT 'tq', tgname, pg_get_triggerdef(oid), NULL, NULL, NULL FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT 'tq', 'schema', version::text, NULL, NULL, NULL FROM tq.schema
     ORDER BY 1, 2, 3`);
}

const ERROR = { name: "Error", message: "it broke", stack: null };

needs("postgres").describe("on PostgreSQL", () => {
  test("ten processes that migrate an empty database at once make the schema once", async () => {
    await using empty = await makeEmpty();
    await using folder = new Folder();
    const env = { TQ_DATABASE: empty.url };
    const ended = await Promise.all(
      Array.from({ length: 10 }, () => folder.tqWith({ env }, "migrate")),
    );
    expect(ended.map(({ code, stderr }) => [code, stderr])).toEqual(
      Array.from({ length: 10 }, () => [0, ""]),
    );
    const said = ended.map(({ stdout }) => stdout.replace(empty.name, "shop"));
    expect(said.toSorted()).toEqual([
      "Made the schema tq in shop\n",
      ...Array.from({ length: 9 }, () => "shop has the schema of this tq already\n"),
    ]);
    expect(await empty.run("SELECT count(*)::int FROM tq.schema")).toEqual([{ count: 1 }]);
  });

  test("programs that start at once on an empty database all go on", async () => {
    await using empty = await makeEmpty();
    const stores = Array.from(
      { length: 10 },
      () => new PostgresStore({ url: empty.url, folder: "/" }),
    );
    const pushed = await Promise.all(stores.map((store) => pushOne(store)));
    expect(new Set(pushed).size).toBe(10);
    await Promise.all(stores.map((store) => store.close()));
  });

  test("tq migrate refuses a file, and --sql is no move", async () => {
    await using folder = new Folder();
    const { code, stderr } = await folder.tq("migrate");
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(/^tq: Cannot migrate .*tq\.db: a file is brought to this version by/),
    ]);
    const moved = await folder.tq("migrate", "--sql", "--to", "postgresql://h/d");
    expect(moved.stderr).toContain("Cannot use --sql with --to");
  });

  test("what tq migrate --sql prints makes the same schema", async () => {
    await using byHand = await makeEmpty();
    await using byProgram = await makeEmpty();
    await using folder = new Folder();
    await byHand.run((await folder.tq("migrate", "--sql")).stdout);
    await folder.tqWith({ env: { TQ_DATABASE: byProgram.url } }, "migrate");
    expect(await contentOf(byHand)).toEqual(await contentOf(byProgram));
  });

  test.each(MIGRATIONS.map((_, version) => version))(
    "what tq migrate --sql prints for a schema of version %i makes the same schema",
    async (version) => {
      await using byHand = await makeEmpty();
      await using byProgram = await makeEmpty();
      await using folder = new Folder();
      await byHand.run("SET search_path = public"); // as programs do for the role tq
      for (const statements of MIGRATIONS.slice(0, version)) await byHand.run(statements);
      if (version > 0) await byHand.run(`UPDATE tq.schema SET version = ${version}`);
      const { stdout } = await folder.tqWith(
        { env: { TQ_DATABASE: byHand.url } },
        "migrate",
        "--sql",
      );
      await byHand.run(stdout);
      await folder.tqWith({ env: { TQ_DATABASE: byProgram.url } }, "migrate");
      expect(await contentOf(byHand)).toEqual(await contentOf(byProgram));
      const again = await folder.tqWith({ env: { TQ_DATABASE: byHand.url } }, "migrate", "--sql");
      expect(again.stdout).toStartWith(
        `-- The schema tq has version ${MIGRATIONS.length} already: nothing is to be made.\n`,
      );
      expect(again.stdout.split("\n").filter((line) => !/^(-- |--$|$)/.test(line))).toEqual([]);
    },
  );

  test("what tq migrate --sql prints for another version than that of the database changes nothing", async () => {
    await using empty = await makeEmpty();
    await using folder = new Folder();
    const env = { TQ_DATABASE: empty.url };
    await empty.run(MIGRATIONS[0] ?? "");
    const { stdout } = await folder.tqWith({ env }, "migrate", "--sql");
    await folder.tqWith({ env }, "migrate");
    const before = await contentOf(empty);
    expect(empty.run(stdout)).rejects.toThrow(
      `the schema tq has version ${MIGRATIONS.length}, and this is for 1`,
    );
    await empty.run("ROLLBACK");
    expect(await contentOf(empty)).toEqual(before);
  });

  test("tq migrate --sql prints nothing for the schema of a newer tq, or for a queue that has moved", async () => {
    await using empty = await makeEmpty();
    await using folder = new Folder();
    const env = { TQ_DATABASE: empty.url };
    await folder.tqWith({ env }, "migrate");
    await empty.run("UPDATE tq.schema SET version = 99");
    const newer = await folder.tqWith({ env }, "migrate", "--sql");
    expect(newer).toMatchObject({ code: 6, stdout: "" });
    expect(newer.stderr).toContain("its schema has version 99, and this tq knows");
    await empty.run("UPDATE tq.schema SET moved_to = 'elsewhere'");
    const moved = await folder.tqWith({ env }, "migrate", "--sql");
    expect(moved).toMatchObject({ code: 6, stdout: "" });
    expect(moved.stderr).toContain("tq migrate --to has moved its queue to elsewhere");
  });

  test("tq migrate --sql prints nothing for a database that cannot be looked at", async () => {
    await using folder = new Folder();
    const env = { TQ_DATABASE: "postgresql://127.0.0.1:1/shop", TQ_DATABASE__TIMEOUT: "100ms" };
    const { code, stdout, stderr } = await folder.tqWith({ env }, "migrate", "--sql");
    expect([code, stdout]).toEqual([5, ""]);
    expect(stderr).toContain("Cannot reach ");
  });

  test("the rights that tq migrate --sql prints for a schema that is there suffice a role", async () => {
    await using empty = await makeEmpty();
    await using folder = new Folder();
    await folder.tqWith({ env: { TQ_DATABASE: empty.url } }, "migrate");
    const role = `granted_${process.pid}`;
    await empty.run(`CREATE ROLE ${role} LOGIN`);
    const url = empty.url.replace("://tq@", `://${role}@`);
    const env = { TQ_DATABASE: url, TQ_QUEUE__WORKER: "1" };
    const refused = await folder.tqWith({ env }, "list");
    expect(refused.stderr).toContain("permission denied for schema tq");
    const { code, stdout } = await folder.tqWith({ env }, "migrate", "--sql"); // as the sentence says
    expect(code).toBe(0);
    expect(stdout).toContain("The schema tq is there, and this role may not read its version.");
    const [, rights = ""] = stdout.split("a member of that role:\n--\n");
    const [statements = ""] = rights.split("\n\n");
    await empty.run(statements.replaceAll(/^-- /gm, "").replaceAll("tq_worker", role));
    const store = new PostgresStore({ url, folder: "/" });
    await store.register({ id: "worker-1", pid: 1, threads: 1, queues: [] });
    const id = await pushOne(store);
    const task = await claimFirst(store);
    await store.write((session) =>
      session.settle(task, { kind: "finished", result: null, reason: null }),
    );
    expect((await store.get(id))?.state).toBe("finished");
    await store.unregister("worker-1");
    await store.close();
    expect(await folder.tqWith({ env }, "list")).toMatchObject({ code: 0 });
    const viewed = new Bun.SQL(url, { max: 1 });
    expect(await viewed.unsafe("SELECT state FROM tq_tasks").values()).toEqual([["finished"]]);
    await viewed.close({ timeout: 0 });
    await empty.run(`DROP OWNED BY ${role}; DROP ROLE ${role}`);
  });

  test("a role that may make nothing runs tasks after tq migrate --sql", async () => {
    await using empty = await makeEmpty();
    await using folder = new Folder();
    await empty.run((await folder.tq("migrate", "--sql")).stdout);
    const url = empty.url.replace("://tq@", "://tq_worker@");
    expect(url).toContain("tq_worker");
    const store = new PostgresStore({ url, folder: "/" });
    await store.failures.watch("/tq.toml", [{ key: "command", queues: [], tasks: [] }]);
    const definition = {
      key: "shop 1",
      target: "shop",
      states: ["failed", "finished"] as const,
      queues: [],
      tasks: [],
    };
    await store.webhooks.watch("/tq.toml", [definition]);
    await store.cron.define({
      origin: "/tq.toml",
      definitions: [{ name: "nightly", definition: '{"schedule":"@daily","task":"night.run"}' }],
    });
    await store.register({ id: "worker-1", pid: 1, threads: 1, queues: [] });
    const [first = 0, second = 0] = await store.push([newTask(), newTask()]);
    const failed = await claimFirst(store);
    await store.write((session) => session.settle(failed, { kind: "failed", error: ERROR }));
    for (const task of await claim(store)) {
      await store.write((session) =>
        session.settle(task, { kind: "finished", result: null, reason: null }),
      );
    }
    expect((await store.get(second))?.state).toBe("finished");
    const events = await store.taskEvents.last(Number.MAX_SAFE_INTEGER);
    expect(events).toMatchObject({ pushed: second });
    const followed = await store.webhooks.follow({
      origin: "/tq.toml",
      definitions: [definition],
      definition,
      delivery: () => newTask({ queue: "told" }),
    });
    expect(followed.pushed).toBe(2);
    await store.delete(first);
    await store.unregister("worker-1");
    expect(await store.list({ queue: "told" })).toHaveLength(2);
    await store.close();
  });
});
